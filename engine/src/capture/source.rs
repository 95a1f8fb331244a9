//! Where a capture's bytes come from.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::ahead::Ahead;
use super::compressed::Compressed;
use super::facts::Compression;

/// What a read of a source brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrival {
    /// So many bytes.
    Bytes(usize),
    /// Input was read that no output came of yet.
    Nothing,
    /// The end.
    End,
    /// The end of the input in the middle of compressed data.
    Cut,
    /// Compressed data that cannot be decoded, in the decoder's words.
    Corrupt(String),
    /// A bomb: so many bytes came of so many compressed ones.
    Expanded { bytes: u64, compressed: u64 },
}

/// A compressed byte stands for so many at most, ...
pub(super) const MOST_EXPANSION: u64 = 1000;
/// ... once there are more than these. A large capture of one frame again and again shrinks to a two-hundredth; a file of
/// zeros, which is no traffic, to less than a thousandth.
pub(super) const FREE_EXPANSION: u64 = 1 << 30;

/// What can be read anywhere, and by several at once.
pub trait ReadAt: Send + Sync {
    /// Reads what there is at `offset`, up to the length of `into`; 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }
}

impl ReadAt for Arc<[u8]> {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let held = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = held.len().min(into.len());
        into[..count].copy_from_slice(&held[..count]);
        Ok(count)
    }
}

enum Reader {
    Once(Box<dyn Read + Send>),
    At(Arc<dyn ReadAt>),
}

/// The bytes as they come, counted: also where the next ones are.
pub(super) struct Input {
    reader: Reader,
    bytes: u64,
    ended: bool,
}

impl Input {
    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads once. After the end there is nothing more to read, even from a terminal.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        // A wrong answer of a reader must not become a wrong slice.
        let read = match &mut self.reader {
            Reader::Once(reader) => reader.read(into)?,
            Reader::At(file) => file.read_at(into, self.bytes)?,
        };
        let count = read.min(into.len());
        self.bytes += count as u64;
        self.ended = count == 0;
        Ok(count)
    }
}

/// The bytes of a capture, decompressed where they are found to be compressed.
pub(super) struct Source {
    stage: Stage,
    compression: Option<Compression>,
    /// Bytes that were decompressed.
    expanded: u64,
}

/// What is read.
enum Stage {
    Plain(Input),
    Compressed(Input, Compressed),
    /// Decompressed by a thread.
    Ahead(Ahead),
    /// It is being handed over.
    Nowhere,
}

impl Source {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self::of(Reader::Once(reader))
    }

    pub(super) fn at(file: Arc<dyn ReadAt>) -> Self {
        Self::of(Reader::At(file))
    }

    fn of(reader: Reader) -> Self {
        Self { stage: Stage::Plain(Input { reader, bytes: 0, ended: false }), compression: None, expanded: 0 }
    }

    /// What is read, where that can be read anywhere and is not compressed.
    pub(super) fn shared(&self) -> Option<&Arc<dyn ReadAt>> {
        match &self.stage {
            Stage::Plain(Input { reader: Reader::At(file), .. }) => Some(file),
            _ => None,
        }
    }

    /// Goes on at `offset` of the input, where it can be read anywhere.
    pub(super) fn go_to(&mut self, offset: u64) {
        if let Stage::Plain(input) = &mut self.stage {
            (input.bytes, input.ended) = (offset, false);
        }
    }

    /// Decompresses from here on. `head` is what was read so far.
    pub(super) fn decompress(&mut self, compression: Compression, head: &[u8]) -> io::Result<()> {
        let compressed = Compressed::new(compression, head)?;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Nowhere) {
            Stage::Plain(input) => Stage::Compressed(input, compressed),
            other => other,
        };
        self.compression = Some(compression);
        Ok(())
    }

    /// Has what is compressed decompressed by a thread of its own from here on. Not what comes from a pipe or a file
    /// object: a read of these may take for ever, and the thread with it.
    pub(super) fn decompress_ahead(&mut self, threads: usize) {
        let is_file = |input: &Input| matches!(input.reader, Reader::At(_));
        if !matches!(&self.stage, Stage::Compressed(input, _) if is_file(input)) {
            return;
        }
        self.stage = match std::mem::replace(&mut self.stage, Stage::Nowhere) {
            Stage::Compressed(input, compressed) => match Ahead::start(input, compressed, threads) {
                Ok(ahead) => Stage::Ahead(ahead),
                Err(back) => Stage::Compressed(back.0, back.1),
            },
            other => other,
        };
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Bytes read from the input.
    pub(super) fn bytes(&self) -> u64 {
        match &self.stage {
            Stage::Plain(input) | Stage::Compressed(input, _) => input.bytes,
            Stage::Ahead(ahead) => ahead.bytes(),
            Stage::Nowhere => 0,
        }
    }

    /// Reads into `room`, which is not empty, after at most one read of the input.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<Arrival> {
        let arrival = match &mut self.stage {
            Stage::Plain(input) => {
                return Ok(match input.read(room)? {
                    0 => Arrival::End,
                    count => Arrival::Bytes(count),
                });
            }
            Stage::Compressed(input, compressed) => compressed.read(input, room)?,
            Stage::Ahead(ahead) => ahead.read(room)?,
            Stage::Nowhere => Arrival::End,
        };
        if let Arrival::Bytes(count) = arrival {
            self.expanded += count as u64;
        }
        let (bytes, compressed) = (self.expanded, self.bytes());
        let is_bomb = bytes > FREE_EXPANSION && bytes / MOST_EXPANSION > compressed;
        Ok(if is_bomb { Arrival::Expanded { bytes, compressed } } else { arrival })
    }
}
