//! Zstandard (RFC 8878): frames and skippable frames one after another.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::members::{Boundary, Find};
use super::{Decode, Decoded, LARGEST_WINDOW_LOG, lz4};

/// RFC 8878 section 3.1.1.2.
const BLOCK_HEADER_LEN: usize = 3;
/// RFC 8878 section 3.1.1.
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

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

    fn is_between(&self) -> bool {
        self.between
    }

    fn may_end(&mut self) -> bool {
        self.between
    }
}

/// Frames, followed block by block.
#[derive(Default)]
pub(super) struct Frames {
    /// Where the next block of the frame is, once its header is known, and whether a checksum ends it.
    block: Option<(usize, bool)>,
}

impl Find for Frames {
    fn end(&mut self, bytes: &[u8]) -> Boundary {
        let found = match self.block {
            Some((at, checked)) => self.follow(bytes, at, checked),
            None => self.begin(bytes),
        };
        if !matches!(found, Boundary::Further) {
            self.block = None;
        }
        found
    }
}

impl Frames {
    fn begin(&mut self, bytes: &[u8]) -> Boundary {
        let Some(&[a, b, c, d, descriptor, ..]) = bytes.first_chunk::<8>() else {
            return Boundary::Further;
        };
        match [a, b, c, d] {
            MAGIC => self.follow(bytes, header_len(descriptor), descriptor & 0x04 != 0),
            _ => lz4::skippable_end(bytes),
        }
    }

    fn follow(&mut self, bytes: &[u8], mut at: usize, checked: bool) -> Boundary {
        while let Some(&[low, middle, high, ..]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<3>) {
            let header = u32::from_le_bytes([low, middle, high, 0]);
            let size = (header >> 3) as usize;
            at += BLOCK_HEADER_LEN
                + match header >> 1 & 3 {
                    // One byte, so many times.
                    1 => 1,
                    3 => return Boundary::Unknown,
                    _ => size,
                };
            if header & 1 == 1 {
                return Boundary::At(at + if checked { 4 } else { 0 });
            }
        }
        self.block = Some((at, checked));
        Boundary::Further
    }
}

/// The length of a frame header with this descriptor, magic included (RFC 8878, section 3.1.1.1).
fn header_len(descriptor: u8) -> usize {
    let is_single = descriptor & 0x20 != 0;
    let window = usize::from(!is_single);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
    MAGIC.len() + 1 + window + dictionary + content
}
