//! Decompression between the input and the parser.
//!
//! The decoders do no I/O either: each is given what compressed bytes there are. So an interrupted read loses
//! nothing, and data that ends early is told from data that is corrupt, which decoders that pull their own
//! input do not always do.

mod gzip;
mod lz4;
mod members;
mod parallel;
mod xz;
mod zstd;

use std::io;

use super::facts::Compression;
use super::source::{Arrival, Input};

pub(super) use self::lz4::is_skippable;
pub(super) use self::parallel::decode_members;

/// Compressed bytes read at a time.
const CHUNK: usize = 128 * 1024;
/// The longest window, as a power of two, that a decoder may be asked to hold: 128 MiB.
const LARGEST_WINDOW_LOG: u32 = 27;
/// What a decoder may allocate in all.
const MEMORY_LIMIT: u64 = 256 << 20;

/// A decoder of one compression, concatenated members included.
trait Decode: Send {
    /// Decodes some of `input` into some of `output`. With empty `input`, gives what output is still held.
    /// As long as neither is empty, something is read or written, or a fault is told.
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded;

    /// Whether a member has ended and no other was begun, as far as that can be told.
    fn is_between(&self) -> bool;

    /// Whether the data may end after what was decoded. Asked once; nothing is decoded after it.
    fn may_end(&mut self) -> bool;
}

/// What one call of `decode` did. A fault is about what comes after the bytes written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decoded {
    read: usize,
    written: usize,
    fault: Option<String>,
}

impl Decoded {
    fn fault(words: String) -> Self {
        Self { fault: Some(words), ..Self::default() }
    }
}

/// The decoder of a compression. `begun`: whether a member came before what it is given first.
fn decoder(compression: Compression, begun: bool) -> io::Result<Box<dyn Decode>> {
    Ok(match compression {
        Compression::Gzip => Box::new(gzip::Gzip::new(begun)),
        Compression::Zstd => Box::new(zstd::Zstd::new()?),
        Compression::Lz4 => Box::new(lz4::Lz4::new()),
        Compression::Xz => Box::new(xz::Xz::new()?),
    })
}

/// A decoder and the compressed bytes that it has not taken.
pub(super) struct Compressed {
    compression: Compression,
    decoder: Box<dyn Decode>,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the decoder filled all of the last output, and so may hold more.
    holds_more: bool,
    fault: Option<String>,
    /// How the data ended.
    ending: Option<Ending>,
}

/// Whether the data ended where it may.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Whole,
    Cut,
}

impl Compressed {
    /// `head` is what was read of the compressed data already.
    pub(super) fn new(compression: Compression, head: &[u8]) -> io::Result<Self> {
        Self::going_on(compression, head, false)
    }

    /// As [`Self::new`], from the start of a member on; `begun`: whether others came before.
    pub(super) fn going_on(compression: Compression, head: &[u8], begun: bool) -> io::Result<Self> {
        let decoder = decoder(compression, begun)?;
        let mut raw = head.to_vec();
        raw.resize(CHUNK.max(head.len()), 0);
        let (holds_more, fault, ending) = (false, None, None);
        Ok(Self { compression, decoder, raw, start: 0, end: head.len(), holds_more, fault, ending })
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// What was read and not decoded, where a member begins with it.
    pub(super) fn rest(&self) -> Option<&[u8]> {
        let is_whole = self.decoder.is_between() && !self.holds_more && self.fault.is_none();
        self.raw.get(self.start..self.end).filter(|_| is_whole && self.ending.is_none())
    }

    /// Decodes into `output`, which is not empty, after at most one read of the input.
    pub(super) fn read(&mut self, input: &mut Input, output: &mut [u8]) -> io::Result<Arrival> {
        if self.start == self.end && !self.holds_more && self.fault.is_none() {
            self.start = 0;
            self.end = 0;
            self.end = input.read(&mut self.raw)?;
            if self.end == 0 {
                return Ok(self.end());
            }
        }
        Ok(self.decode(output))
    }

    fn end(&mut self) -> Arrival {
        let ending = match self.ending {
            Some(ending) => ending,
            None if self.decoder.may_end() => Ending::Whole,
            None => Ending::Cut,
        };
        self.ending = Some(ending);
        match ending {
            Ending::Whole => Arrival::End,
            Ending::Cut => Arrival::Cut,
        }
    }

    fn decode(&mut self, output: &mut [u8]) -> Arrival {
        loop {
            if let Some(words) = self.fault.take() {
                return Arrival::Corrupt(words);
            }
            let input = self.raw.get(self.start..self.end).unwrap_or_default();
            if input.is_empty() && !self.holds_more {
                return Arrival::Nothing;
            }
            let decoded = self.decoder.decode(input, output);
            self.start += decoded.read.min(input.len());
            self.holds_more = decoded.written == output.len();
            self.fault = decoded.fault;
            if decoded.written > 0 {
                return Arrival::Bytes(decoded.written);
            }
            if decoded.read == 0 && self.fault.is_none() && self.start < self.end {
                self.fault = Some("the decoder is stuck".to_owned());
            }
            if self.rest().is_some() {
                return Arrival::Nothing;
            }
        }
    }
}
