//! Decompression between the input and the parser.
//!
//! The decoders do no I/O either: each is given what compressed bytes there are. So an interrupted read loses
//! nothing, and data that ends early is told from data that is corrupt, which decoders that pull their own
//! input do not always do.

mod gzip;
mod lz4;
mod xz;
mod zstd;

use std::io;

use super::facts::Compression;
use super::source::{Arrival, Input};

pub(super) use self::lz4::is_skippable;

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

/// A decoder and the compressed bytes that it has not taken.
pub(super) struct Compressed {
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
        let decoder: Box<dyn Decode> = match compression {
            Compression::Gzip => Box::new(gzip::Gzip::new()),
            Compression::Zstd => Box::new(zstd::Zstd::new()?),
            Compression::Lz4 => Box::new(lz4::Lz4::new()),
            Compression::Xz => Box::new(xz::Xz::new()?),
        };
        let mut raw = head.to_vec();
        raw.resize(CHUNK.max(head.len()), 0);
        Ok(Self { decoder, raw, start: 0, end: head.len(), holds_more: false, fault: None, ending: None })
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
        }
    }
}
