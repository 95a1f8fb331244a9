//! Open-addressed index from a key's hash to a cell's number.
//!
//! Eight bytes a slot: the hash's upper half beside the number, so that a probe of a wrong cell almost never touches
//! that cell, and growing touches none. hashbrown has the same shape and no way to fetch a slot ahead of its use,
//! which is what a batch of look-ups in a table larger than the cache lives on.

use foldhash::quality::SeedableRandomState;

use crate::memory::{prefer_huge_pages, prefetch};

/// What hashes for an index. The kind of foldhash that saves the last multiplication multiplies by one number all
/// through a process: addresses in a row then make tags in a row, and in one process of fifty, whose number is a bad
/// one, a table of 32 VTEPs by 21 took a hundred probes a look-up.
pub(crate) type Seed = SeedableRandomState;

/// Slots of an empty index; a power of two, as every size is.
const SMALLEST: usize = 1 << 10;

/// An index of this many slots is large enough for huge pages to pay.
const LARGE: usize = 1 << 19;

/// A slot: the hash's upper half, and the cell's number plus one; 0 is free.
type Slot = u64;

#[derive(Debug)]
pub(super) struct Index {
    slots: Vec<Slot>,
    used: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { slots: vec![0; SMALLEST], used: 0 }
    }
}

#[inline]
fn tag(hash: u64) -> u64 {
    hash >> 32
}

#[inline]
fn number(slot: Slot) -> Option<u32> {
    (slot as u32).checked_sub(1)
}

impl Index {
    #[inline]
    fn home(&self, tag: u64) -> usize {
        tag as usize & (self.slots.len() - 1)
    }

    /// Fetches the first slot of `hash` ahead of its use.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch(&self.slots[self.home(tag(hash))]);
    }

    /// The first cell whose hash has the same upper half: nearly always the right one, when there is one. Touches no
    /// cell.
    #[inline]
    pub(super) fn first_alike(&self, hash: u64) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// The cell with `hash` that `same` says yes to.
    #[inline]
    pub(super) fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = self.home(tag);
        loop {
            let slot = self.slots[at];
            let id = number(slot)?;
            if slot >> 32 == tag && same(id) {
                return Some(id);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Enters cell `id`, which must not be there yet.
    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        if (self.used + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        self.used += 1;
        self.place(tag(hash) << 32 | (u64::from(id) + 1));
    }

    fn place(&mut self, slot: Slot) {
        let mut at = self.home(slot >> 32);
        while self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = slot;
    }

    fn grow(&mut self) {
        let doubled = vec![0; self.slots.len() * 2];
        if doubled.len() >= LARGE {
            prefer_huge_pages(&doubled);
        }
        let slots = std::mem::replace(&mut self.slots, doubled);
        slots.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.place(slot));
    }
}

#[cfg(test)]
impl Index {
    /// How many slots a look-up of cell `id` touches.
    pub(super) fn probes(&self, hash: u64, id: u32) -> usize {
        let mut probes = 1;
        let mut at = self.home(tag(hash));
        while number(self.slots[at]).is_some_and(|found| found != id) {
            at = (at + 1) & (self.slots.len() - 1);
            probes += 1;
        }
        probes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell is found again across several growths, also where all hashes share one tag.
    #[test]
    fn finds_what_was_inserted() {
        for hash in [|id: u32| u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15), |_| 7 << 32] {
            let mut index = Index::default();
            let cells = 3000_u32;
            for id in 0..cells {
                assert_eq!(index.find(hash(id), |found| found == id), None);
                index.insert(hash(id), id);
            }
            for id in 0..cells {
                assert_eq!(index.find(hash(id), |found| found == id), Some(id));
            }
            assert_eq!(index.find(hash(cells), |found| found == cells), None);
        }
    }
}
