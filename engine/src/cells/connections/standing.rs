//! How the data of a side stands in the end, beside what the other side acknowledged.

use std::ops::Range;

use super::{Connections, LARGEST_WINDOW, NONE, way_of};
use crate::cells::Cell;
use crate::cells::chunks::Chunks;
use crate::cells::stream::distance;
use crate::wire::tcp::flags;

/// How far a side came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The cell of its latest segment.
    pub cell: u32,
    /// Sequence numbers that were acknowledged since its first segment here.
    pub acknowledged: u32,
    /// Those behind that were sent, and not acknowledged.
    pub open: u32,
    /// Stretches that were acknowledged, though this capture never showed them, ...
    pub unseen_gaps: u64,
    /// ... and how many bytes they are.
    pub unseen_bytes: u64,
}

impl Connections {
    /// How a side stands, if the other one acknowledges anything of this stream.
    /// `closed`: by side, whether it sent a FIN.
    pub(in crate::cells) fn standing(
        &self,
        side: u32,
        cells: &Chunks<Cell>,
        closed: &[bool],
    ) -> Option<Standing> {
        let sides = &self.all[side >> 1].sides;
        let (own, peer) = (&sides[way_of(side)], &sides[1 - way_of(side)]);
        if own.is_silent() || peer.is_silent() || cells[peer.cell].tcp_control & flags::ACK == 0 {
            return None;
        }
        let (next, acknowledged) = (cells[own.cell].stream().next, cells[peer.cell].stream().acknowledged);
        let (ahead, since) = (distance(acknowledged, next), distance(acknowledged, own.began));
        if ahead.unsigned_abs() > LARGEST_WINDOW || since < 0 {
            return None;
        }
        let (mut unseen_gaps, mut unseen_bytes) =
            self.holes.of(side).map_or((0, 0), |holes| holes.before(acknowledged));
        // One more than was seen may be a FIN, or the byte of a window probe.
        if ahead > 1 {
            unseen_gaps += 1;
            unseen_bytes += u64::from(ahead.unsigned_abs());
        }
        // Who repeats an old segment after the end may repeat an old acknowledgment.
        let is_over = closed[side as usize] && closed[(side ^ 1) as usize];
        let open = if ahead < 0 && !is_over { ahead.unsigned_abs() } else { 0 };
        let acknowledged = since.unsigned_abs();
        Some(Standing { cell: own.cell, acknowledged, open, unseen_gaps, unseen_bytes })
    }

    /// Every side, by number.
    pub(in crate::cells) fn sides(&self) -> Range<u32> {
        // Connections are numbered below NONE / 2.
        0..(self.all.len() as u32).min(NONE >> 1) << 1
    }
}
