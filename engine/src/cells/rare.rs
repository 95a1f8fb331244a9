//! What few packets change, kept apart from the cells that most do, in rows that only few cells have.

use super::chunks::Chunks;
use super::{Health, NONE};
use crate::packet::Packet;

/// What few packets of a cell change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rare {
    /// Outer IP options and extension headers, and the IP headers of other fragments.
    pub more_ip_bytes: u64,
    /// Packets that segmentation offload made.
    pub offload_frames: u64,
    /// The largest outer IP packet among those.
    pub largest_offload: u32,
    /// Packets that are ICMP errors.
    pub icmp_errors: u64,
    /// Later inner fragments of TCP segments, which have no header of their own.
    pub later_fragments: u64,
    /// What went wrong in TCP.
    pub health: Health,
}

impl Rare {
    const NOTHING: Self = Self {
        more_ip_bytes: 0,
        offload_frames: 0,
        largest_offload: 0,
        icmp_errors: 0,
        later_fragments: 0,
        health: Health::GOOD,
    };

    #[cold]
    pub(super) fn add_offload(&mut self, packet: &Packet) {
        self.offload_frames += 1;
        self.largest_offload = self.largest_offload.max(packet.outer_ip_len);
    }

    fn merge(&mut self, later: &Rare) {
        self.more_ip_bytes += later.more_ip_bytes;
        self.offload_frames += later.offload_frames;
        self.largest_offload = self.largest_offload.max(later.largest_offload);
        self.icmp_errors += later.icmp_errors;
        self.later_fragments += later.later_fragments;
        self.health.add(&later.health);
    }
}

/// The rows. A cell that has none has the number [`NONE`].
#[derive(Debug, Default)]
pub(super) struct RareRows {
    rows: Chunks<Rare>,
}

impl RareRows {
    /// Row `number`, or nothing.
    pub(super) fn get(&self, number: u32) -> &Rare {
        if number == NONE { &Rare::NOTHING } else { &self.rows[number] }
    }

    /// Row `number`, to change it; where there is none there is now.
    pub(super) fn of(&mut self, number: &mut u32) -> &mut Rare {
        if *number == NONE {
            // There are no more rows than cells, which are numbered in 32 bits.
            *number = self.rows.len() as u32;
            self.rows.push(Rare::NOTHING);
        }
        &mut self.rows[*number]
    }

    /// What is in row `number`, which then has nothing.
    pub(super) fn take(&mut self, number: u32) -> Rare {
        if number == NONE { Rare::NOTHING } else { std::mem::replace(&mut self.rows[number], Rare::NOTHING) }
    }

    /// Adds a row of another table to row `number`.
    pub(super) fn merge(&mut self, number: &mut u32, later: &Rare) {
        if *later != Rare::NOTHING {
            self.of(number).merge(later);
        }
    }
}
