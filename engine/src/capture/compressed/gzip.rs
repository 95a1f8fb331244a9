//! gzip (RFC 1952): members one after another, zeros after the last.
//!
//! Of the members of BGZF (SAM format specification, section 4.1) each says in an extra field how long it is: "BC", 2, and
//! its length less one.

use flate2::{Decompress, FlushDecompress, Status};

use super::members::{Boundary, Find};
use super::{Decode, Decoded};

const WINDOW_BITS: u8 = 15;
/// Up to the extra fields and their length.
const HEADER_LEN: usize = 12;
/// Magic, the method, and of the flags the extra fields alone.
const BLOCK_START: [u8; 4] = [0x1f, 0x8b, 8, 4];
/// What stands in front of the length of a block.
const BLOCK_FIELD: [u8; 4] = [b'B', b'C', 2, 0];

pub(super) struct Gzip {
    inflate: Decompress,
    /// Whether no member is under way.
    between: bool,
    /// Whether the decoder has to be made ready for another member.
    used: bool,
}

impl Gzip {
    /// `begun`: whether a member came before.
    pub(super) fn new(begun: bool) -> Self {
        Self { inflate: Decompress::new_gzip(WINDOW_BITS), between: true, used: begun }
    }

    fn begin(&mut self) {
        if self.used {
            self.inflate.reset(true);
        }
        self.used = true;
        self.between = false;
    }
}

impl Decode for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        if self.between {
            // Block devices and some writers pad with zeros; gzip itself passes over them.
            let padding = input.iter().take_while(|byte| **byte == 0).count();
            if self.used && padding > 0 || input.is_empty() {
                return Decoded { read: padding, ..Decoded::default() };
            }
            self.begin();
        }
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, output, FlushDecompress::None);
        let fault = match result {
            Ok(status) => {
                self.between = status == Status::StreamEnd;
                None
            }
            Err(error) => Some(error.message().unwrap_or("corrupt deflate data").to_owned()),
        };
        Decoded {
            read: (self.inflate.total_in() - read) as usize,
            written: (self.inflate.total_out() - written) as usize,
            fault,
        }
    }

    fn is_between(&self) -> bool {
        self.between
    }

    fn may_end(&mut self) -> bool {
        self.between
    }
}

/// The blocks of BGZF.
pub(super) struct Blocks;

impl Find for Blocks {
    fn end(&mut self, bytes: &[u8]) -> Boundary {
        let Some(header) = bytes.first_chunk::<HEADER_LEN>() else {
            return Boundary::Further;
        };
        let extra = usize::from(u16::from_le_bytes([header[10], header[11]]));
        if !header.starts_with(&BLOCK_START) {
            return Boundary::Unknown;
        }
        let Some(mut fields) = bytes.get(HEADER_LEN..HEADER_LEN + extra) else {
            return Boundary::Further;
        };
        while let [a, b, low, high, value @ ..] = fields {
            if let ([low, high, ..], true) = (value, [*a, *b, *low, *high] == BLOCK_FIELD) {
                return Boundary::At(usize::from(u16::from_le_bytes([*low, *high])) + 1);
            }
            fields = value.get(usize::from(u16::from_le_bytes([*low, *high]))..).unwrap_or_default();
        }
        Boundary::Unknown
    }
}
