//! Zstandard (RFC 8878): frames and skippable frames one after another.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::{Decode, Decoded, LARGEST_WINDOW_LOG};

/// RFC 8878 section 3.1.1.2.
const BLOCK_HEADER_LEN: usize = 3;

pub(super) struct Zstd {
    decoder: Decoder<'static>,
    /// The most that the decoder is given next: one block, and the header after it apart. On corrupt data
    /// it forgets what the same call wrote before, so that sound blocks must not share a call with others.
    portion: usize,
    between: bool,
}

impl Zstd {
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(LARGEST_WINDOW_LOG))?;
        Ok(Self { decoder, portion: 1, between: true })
    }

    fn run(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<Decoded> {
        if self.between {
            if input.is_empty() {
                return Ok(Decoded::default());
            }
            self.decoder.reinit()?;
        }
        let portion = input.get(..self.portion).unwrap_or(input);
        let status = self.decoder.run_on_buffers(portion, output)?;
        self.between = status.remaining == 0;
        // What it says to remain includes the next block's header when it is in front of a block.
        self.portion = match status.remaining {
            0 => 1,
            short @ 1..=BLOCK_HEADER_LEN => short,
            block => block - BLOCK_HEADER_LEN,
        };
        Ok(Decoded { read: status.bytes_read, written: status.bytes_written, fault: None })
    }
}

impl Decode for Zstd {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        self.run(input, output).unwrap_or_else(|error| Decoded::fault(error.to_string()))
    }

    fn may_end(&mut self) -> bool {
        self.between
    }
}
