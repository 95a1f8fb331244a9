//! Where blocks start in the middle of a pcapng: their length stands at both ends, and one leads to the next.

use super::super::number::u32_at;
use super::HEAD_LEN;
use super::length::{LARGEST_HELD_BLOCK, SHORTEST_BLOCK};

/// So many blocks in a row are taken for blocks.
const CHAIN: usize = 3;
/// Types of the standard are below this; others are skipped whatever they are, and are no evidence.
const STANDARD: u32 = 0x1000;

/// The first place in `bytes`, before `until`, where a chain of blocks seems to start. Blocks stand at multiples of 4 of
/// the capture; `bytes` stand at `offset`.
pub(super) fn first<const BIG: bool>(bytes: &[u8], offset: u64, until: usize) -> Option<usize> {
    let aligned = (offset.next_multiple_of(4) - offset) as usize;
    (aligned..until).step_by(4).find(|at| starts_at::<BIG>(bytes, *at))
}

/// Whether blocks follow each other from `start` on, as far as the bytes go.
#[inline]
fn starts_at<const BIG: bool>(bytes: &[u8], start: usize) -> bool {
    let mut at = start;
    for links in 0..CHAIN {
        let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEAD_LEN>()) else {
            return links > 0;
        };
        let (kind, length) = (u32_at::<BIG, HEAD_LEN>(head, 0), u32_at::<BIG, HEAD_LEN>(head, 4));
        let is_sound = (SHORTEST_BLOCK..=LARGEST_HELD_BLOCK).contains(&length) && length.is_multiple_of(4);
        if kind == 0 || kind >= STANDARD || !is_sound {
            return false;
        }
        at += length as usize;
        let trailer = bytes.get(at - 4..).and_then(|rest| rest.first_chunk::<4>());
        if trailer.is_some_and(|trailer| u32_at::<BIG, 4>(trailer, 0) != length) {
            return false;
        }
    }
    true
}
