//! What the checksums of a cell's packets turned out to be: kept beside the cells, and only where they are verified.

use super::chunks::Chunks;
use crate::packet::{Inside, Outside};

/// How many packets have which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdicts {
    outside: [u64; 5],
    inside: [u64; 5],
}

impl Verdicts {
    fn count(&mut self, (outside, inside): (Outside, Inside)) {
        self.outside[outside as usize] += 1;
        self.inside[inside as usize] += 1;
    }

    /// Adds others.
    pub fn add(&mut self, other: &Verdicts) {
        let sums = self.outside.iter_mut().chain(&mut self.inside);
        sums.zip(other.outside.iter().chain(&other.inside)).for_each(|(sum, more)| *sum += more);
    }

    /// Packets whose outer UDP checksum is so.
    #[must_use]
    pub fn outside(&self, verdict: Outside) -> u64 {
        self.outside[verdict as usize]
    }

    /// Packets whose inner checksums are so.
    #[must_use]
    pub fn inside(&self, verdict: Inside) -> u64 {
        self.inside[verdict as usize]
    }
}

/// The verdicts of each cell, by its number.
#[derive(Debug, Default)]
pub(super) struct Checked {
    all: Chunks<Verdicts>,
}

impl Checked {
    /// Counts a packet of cell `id`.
    #[cold]
    pub(super) fn count(&mut self, id: u32, verdict: (Outside, Inside)) {
        self.of(id).count(verdict);
    }

    /// Adds the verdicts of a cell of another table to cell `id`.
    pub(super) fn add(&mut self, id: u32, later: &Verdicts) {
        self.of(id).add(later);
    }

    /// The verdicts of cell `id`, which then has none.
    pub(super) fn take(&mut self, id: u32) -> Verdicts {
        std::mem::take(self.of(id))
    }

    fn of(&mut self, id: u32) -> &mut Verdicts {
        while self.all.len() <= id as usize {
            self.all.push(Verdicts::default());
        }
        &mut self.all[id]
    }

    /// Those of cell `id`, where it has any.
    pub(super) fn get(&self, id: u32) -> Option<&Verdicts> {
        ((id as usize) < self.all.len()).then(|| &self.all[id])
    }
}
