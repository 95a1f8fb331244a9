//! Section Header Blocks (draft-ietf-opsawg-pcapng section 4.1).
//!
//! ```text
//! type 0x0a0d0d0a, length u32, byte-order magic u32, major u16, minor u16, section length u64, options
//! ```
//! The type reads the same in both byte orders; the byte-order magic tells which one holds for the rest.

use super::super::number::{u16_at, u32_at};
use super::length::{check_held_length, check_length, without_trailer};
use crate::error::Damage;

/// The first bytes of a pcapng capture: the type of the block that every section starts with.
pub(in crate::capture) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Where the version stands in the block.
pub(in crate::capture) const VERSION_OFFSET: u64 = 12;
const BYTE_ORDER_OFFSET: u64 = 8;
const BYTE_ORDER_MAGIC: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
const VERSION_MAJOR: u16 = 1;
/// Type, length, byte-order magic, version.
const HEAD_LEN: usize = 16;
/// The fixed fields and the trailing length.
const SHORTEST: u32 = 28;

/// What holds for the blocks up to the next section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) big_endian: bool,
}

/// The version in the first bytes of a capture, as words, when no reader of this format could know it.
pub(in crate::capture) fn unknown_version(head: &[u8]) -> Option<String> {
    let head = head.first_chunk::<HEAD_LEN>()?;
    match big_endian(head) {
        Some(true) => other_version::<true>(head),
        Some(false) => other_version::<false>(head),
        None => None,
    }
}

impl Section {
    /// Reads the block that `bytes` start with, at `offset` of the capture, and says how long it is; `None`
    /// while it is not whole.
    pub(super) fn read(bytes: &[u8], offset: u64) -> Result<Option<(Self, usize)>, Damage> {
        let Some(head) = bytes.first_chunk::<HEAD_LEN>() else {
            return Ok(None);
        };
        match big_endian(head) {
            Some(true) => read_rest::<true>(head, bytes, offset),
            Some(false) => read_rest::<false>(head, bytes, offset),
            None => Err(no_byte_order(head, offset)),
        }
    }
}

fn read_rest<const BIG: bool>(
    head: &[u8; HEAD_LEN],
    bytes: &[u8],
    offset: u64,
) -> Result<Option<(Section, usize)>, Damage> {
    let length = u32_at::<BIG, HEAD_LEN>(head, 4);
    check_length(length, offset)?;
    check_held_length(length, offset)?;
    if length < SHORTEST {
        return Err(Damage {
            offset,
            expected: format!("a section header of at least {SHORTEST} bytes"),
            found: format!("block length {length}"),
            fatal: true,
        });
    }
    if let Some(version) = other_version::<BIG>(head) {
        return Err(Damage {
            offset: offset + VERSION_OFFSET,
            expected: format!("pcapng version {VERSION_MAJOR}"),
            found: version,
            fatal: false,
        });
    }
    let Some(whole) = bytes.get(..length as usize) else {
        return Ok(None);
    };
    without_trailer::<BIG>(whole, length, offset)?;
    let section = Section { big_endian: BIG };
    Ok(Some((section, whole.len())))
}

fn big_endian(head: &[u8; HEAD_LEN]) -> Option<bool> {
    let expected = u32::from_be_bytes(BYTE_ORDER_MAGIC);
    if u32_at::<true, HEAD_LEN>(head, 8) == expected {
        Some(true)
    } else if u32_at::<false, HEAD_LEN>(head, 8) == expected {
        Some(false)
    } else {
        None
    }
}

fn other_version<const BIG: bool>(head: &[u8; HEAD_LEN]) -> Option<String> {
    let major = u16_at::<BIG, HEAD_LEN>(head, 12);
    let minor = u16_at::<BIG, HEAD_LEN>(head, 14);
    (major != VERSION_MAJOR).then(|| format!("version {major}.{minor}"))
}

#[cold]
fn no_byte_order(head: &[u8; HEAD_LEN], offset: u64) -> Damage {
    Damage {
        offset: offset + BYTE_ORDER_OFFSET,
        expected: "the byte-order magic 1a2b3c4d in either order".to_owned(),
        found: format!("{:08x}", u32_at::<true, HEAD_LEN>(head, 8)),
        fatal: true,
    }
}
