//! The lengths of blocks: what they may be, and that both say the same.

use super::super::number::u32_at;
use crate::error::Damage;

/// Type, length, and the length again.
pub(super) const SHORTEST_BLOCK: u32 = 12;
/// Blocks that have to be held whole may be no longer.
pub(super) const LARGEST_HELD_BLOCK: u32 = 16 << 20;

#[inline]
pub(super) fn check_length(length: u32, offset: u64) -> Result<(), Damage> {
    if length >= SHORTEST_BLOCK && length.is_multiple_of(4) {
        Ok(())
    } else {
        Err(impossible_length(length, offset))
    }
}

#[cold]
fn impossible_length(length: u32, offset: u64) -> Damage {
    Damage {
        offset,
        expected: format!("a block length of at least {SHORTEST_BLOCK} that is a multiple of 4"),
        found: format!("block length {length}"),
        fatal: true,
    }
}

#[inline]
pub(super) fn check_held_length(length: u32, offset: u64) -> Result<(), Damage> {
    if length <= LARGEST_HELD_BLOCK { Ok(()) } else { Err(held_length(length, offset)) }
}

#[cold]
fn held_length(length: u32, offset: u64) -> Damage {
    Damage {
        offset,
        expected: format!("a block of this type to be at most {LARGEST_HELD_BLOCK} bytes long"),
        found: format!("block length {length}"),
        fatal: true,
    }
}

/// Drops the trailing length of a whole block once it is seen to agree with the leading one.
#[inline]
pub(super) fn without_trailer<const BIG: bool>(
    whole: &[u8],
    length: u32,
    offset: u64,
) -> Result<&[u8], Damage> {
    match whole.split_last_chunk::<4>() {
        Some((block, trailer)) if u32_at::<BIG, 4>(trailer, 0) == length => Ok(block),
        Some((_, trailer)) => Err(torn(length, u32_at::<BIG, 4>(trailer, 0), offset)),
        None => Err(impossible_length(length, offset)),
    }
}

#[cold]
pub(super) fn torn(length: u32, trailing: u32, offset: u64) -> Damage {
    Damage {
        offset,
        expected: format!("block length {length} again at the block's end"),
        found: format!("block length {trailing}"),
        fatal: true,
    }
}
