//! The LZ4 frame format: frames and skippable frames one after another.
//!
//! ```text
//! frame   magic u32, flags, block size, [content size u64], [dictionary u32], header checksum u8,
//!         blocks, end mark u32 = 0, [content checksum u32]
//! block   size u32 (high bit: stored as it is), data, [block checksum u32]
//! ```
//! The decoder of `lz4_flex` pulls its input, takes missing input for the end of a frame, and forgets
//! half-read headers on an error. So it is fed one whole header or block at a time, and how far a frame has
//! come is known here.

use std::io::{Cursor, Read};

use lz4_flex::frame::FrameDecoder;

use super::members::{Boundary, Find};
use super::{Decode, Decoded};

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const BLOCK_CHECKSUMS: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;
const DICTIONARY: u8 = 0x01;
/// Set in the size of a block that is stored as it is.
const STORED: u32 = 0x8000_0000;
/// A frame header without its optional fields.
const SHORTEST_HEADER: usize = 7;

pub(super) struct Lz4 {
    decoder: FrameDecoder<Cursor<Vec<u8>>>,
    /// The header or block being gathered.
    unit: Vec<u8>,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Between,
    Within(Frame),
    Skipping(usize),
}

/// What of a frame's header bears on the length of what follows.
#[derive(Debug, Clone, Copy)]
struct Frame {
    flags: u8,
    largest_block: usize,
}

/// Whether `magic` starts a frame that decoders pass over; shared with Zstandard.
pub(in crate::capture) fn is_skippable(magic: [u8; 4]) -> bool {
    let [low, rest @ ..] = magic;
    low & 0xf0 == 0x50 && rest == [0x2a, 0x4d, 0x18]
}

impl Lz4 {
    pub(super) fn new() -> Self {
        Self { decoder: FrameDecoder::new(Cursor::new(Vec::new())), unit: Vec::new(), place: Place::Between }
    }

    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, String> {
        let written = self.pull(output)?;
        if written > 0 {
            return Ok(Decoded { written, ..Decoded::default() });
        }
        if let Place::Skipping(left) = self.place {
            let read = left.min(input.len());
            self.place = skipping(left - read);
            return Ok(Decoded { read, ..Decoded::default() });
        }
        let read = self.gather(input)?;
        let written = if self.unit.len() == self.wanted()? { self.feed(output)? } else { 0 };
        Ok(Decoded { read, written, fault: None })
    }

    /// Takes bytes until the unit is whole, or there are no more. Answers how many.
    fn gather(&mut self, input: &[u8]) -> Result<usize, String> {
        let mut read = 0;
        loop {
            let missing = self.wanted()? - self.unit.len();
            let piece = input.get(read..).unwrap_or_default();
            let piece = piece.get(..missing).unwrap_or(piece);
            if piece.is_empty() {
                return Ok(read);
            }
            self.unit.extend_from_slice(piece);
            read += piece.len();
        }
    }

    /// The length of the unit being gathered, as far as it is known: never less than what is there.
    fn wanted(&self) -> Result<usize, String> {
        self.place.unit_len(&self.unit)
    }

    /// Gives the whole unit to the decoder, unless it is the header of a skippable frame.
    fn feed(&mut self, output: &mut [u8]) -> Result<usize, String> {
        if let (Place::Between, Some(length)) = (self.place, skippable_len(&self.unit)) {
            self.unit.clear();
            self.place = skipping(length);
            return Ok(0);
        }
        self.place = self.place.after(&self.unit);
        let cursor = self.decoder.get_mut();
        std::mem::swap(cursor.get_mut(), &mut self.unit);
        cursor.set_position(0);
        self.unit.clear();
        self.pull(output)
    }

    fn pull(&mut self, output: &mut [u8]) -> Result<usize, String> {
        self.decoder.read(output).map_err(|error| error.to_string())
    }
}

impl Place {
    /// The length of the header or block that begins with `unit`, as far as that tells it.
    fn unit_len(self, unit: &[u8]) -> Result<usize, String> {
        let Some(first) = unit.first_chunk::<4>() else {
            return Ok(4);
        };
        match self {
            Self::Within(frame) => frame.block_len(*first),
            _ if is_skippable(*first) => Ok(8),
            _ if *first == MAGIC => Ok(unit.get(4).map_or(5, |flags| header_len(*flags))),
            _ => Err(format!("no LZ4 frame starts with {first:02x?}")),
        }
    }

    /// Where one is behind a whole unit, which is not of a skippable frame.
    fn after(self, unit: &[u8]) -> Self {
        match (self, unit) {
            (Self::Between, &[_, _, _, _, flags, sizes, ..]) => {
                Self::Within(Frame { flags, largest_block: 1 << (8 + 2 * u32::from(sizes >> 4 & 7)) })
            }
            (Self::Within(_), [0, 0, 0, 0, ..]) => Self::Between,
            (place, _) => place,
        }
    }
}

impl Frame {
    /// The length of a block, checksum included, from its size field; of the end mark likewise.
    fn block_len(self, size: [u8; 4]) -> Result<usize, String> {
        let size = u32::from_le_bytes(size);
        if size == 0 {
            return Ok(4 + checksum_len(self.flags, CONTENT_CHECKSUM));
        }
        let length = (size & !STORED) as usize;
        if length > self.largest_block {
            return Err(format!("a block of {length} bytes where the frame allows {}", self.largest_block));
        }
        Ok(4 + length + checksum_len(self.flags, BLOCK_CHECKSUMS))
    }
}

fn skippable_len(unit: &[u8]) -> Option<usize> {
    let (magic, length) = unit.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length.first_chunk::<4>()?);
    is_skippable(*magic).then_some(length as usize)
}

fn skipping(left: usize) -> Place {
    match left {
        0 => Place::Between,
        left => Place::Skipping(left),
    }
}

fn checksum_len(flags: u8, flag: u8) -> usize {
    if flags & flag == 0 { 0 } else { 4 }
}

fn header_len(flags: u8) -> usize {
    let content_size = if flags & CONTENT_SIZE == 0 { 0 } else { 8 };
    SHORTEST_HEADER + content_size + checksum_len(flags, DICTIONARY)
}

impl Decode for Lz4 {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        self.run(input, output).unwrap_or_else(Decoded::fault)
    }

    fn is_between(&self) -> bool {
        matches!(self.place, Place::Between) && self.unit.is_empty()
    }

    fn may_end(&mut self) -> bool {
        self.is_between()
    }
}

/// Frames, followed block by block.
pub(super) struct Frames {
    place: Place,
    /// Where the next header or block is.
    at: usize,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { place: Place::Between, at: 0 }
    }

    fn follow(&mut self, bytes: &[u8]) -> Result<Boundary, String> {
        if let Some(first) = bytes.first_chunk::<4>()
            && is_skippable(*first)
        {
            return Ok(skippable_end(bytes));
        }
        while let Some(rest) = bytes.get(self.at..) {
            let Some(unit) = rest.get(..self.place.unit_len(rest)?) else { break };
            self.place = self.place.after(unit);
            self.at += unit.len();
            if matches!(self.place, Place::Between) {
                return Ok(Boundary::At(self.at));
            }
        }
        Ok(Boundary::Further)
    }
}

impl Find for Frames {
    fn end(&mut self, bytes: &[u8]) -> Boundary {
        let found = self.follow(bytes).unwrap_or(Boundary::Unknown);
        if !matches!(found, Boundary::Further) {
            *self = Self::new();
        }
        found
    }
}

/// Where a skippable frame ends; shared with Zstandard.
pub(super) fn skippable_end(bytes: &[u8]) -> Boundary {
    let Some(header) = bytes.first_chunk::<8>() else {
        return Boundary::Further;
    };
    skippable_len(header).map_or(Boundary::Unknown, |len| Boundary::At(header.len() + len))
}
