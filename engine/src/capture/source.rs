//! Where a capture's bytes come from.

use std::io::{self, Read};

use super::compressed::Compressed;
use super::facts::Compression;

/// What a read of a source brought.
#[derive(Debug, PartialEq, Eq)]
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
}

/// The bytes as they come, counted.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    bytes: u64,
    ended: bool,
}

impl Input {
    /// Reads once. After the end there is nothing more to read, even from a terminal.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        // A wrong answer of a reader must not become a wrong slice.
        let count = self.reader.read(into)?.min(into.len());
        self.bytes += count as u64;
        self.ended = count == 0;
        Ok(count)
    }
}

/// The bytes of a capture, decompressed where they are found to be compressed.
pub(super) struct Source {
    input: Input,
    compressed: Option<(Compression, Compressed)>,
}

impl Source {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { input: Input { reader, bytes: 0, ended: false }, compressed: None }
    }

    /// Decompresses from here on. `head` is what was read so far.
    pub(super) fn decompress(&mut self, compression: Compression, head: &[u8]) -> io::Result<()> {
        self.compressed = Some((compression, Compressed::new(compression, head)?));
        Ok(())
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.compressed.as_ref().map(|(compression, _)| *compression)
    }

    /// Bytes read from the input.
    pub(super) fn bytes(&self) -> u64 {
        self.input.bytes
    }

    /// Reads into `room`, which is not empty, after at most one read of the input.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<Arrival> {
        match &mut self.compressed {
            Some((_, compressed)) => compressed.read(&mut self.input, room),
            None => Ok(match self.input.read(room)? {
                0 => Arrival::End,
                count => Arrival::Bytes(count),
            }),
        }
    }
}
