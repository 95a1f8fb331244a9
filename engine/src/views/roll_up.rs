//! Cells -> rows: what all tables have in common.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Groups by a key that each row can tell of itself; a row for each.
pub(super) struct RollUp<R> {
    rows: Vec<R>,
    /// Hash and number of each row: with the hash at hand, growing touches no row.
    index: HashTable<(u64, u32)>,
    hasher: RandomState,
}

impl<R> RollUp<R> {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), index: HashTable::new(), hasher: RandomState::default() }
    }

    /// The row of `key`, made by `new` where there is none yet.
    pub(super) fn row<K: Hash + Eq>(
        &mut self,
        key: &K,
        key_of: impl Fn(&R) -> K,
        new: impl FnOnce() -> R,
    ) -> &mut R {
        let Self { rows, index, hasher } = self;
        let hash = hasher.hash_one(key);
        let same = |(other, id): &(u64, u32)| *other == hash && key_of(&rows[*id as usize]) == *key;
        let id = match index.entry(hash, same, |(hash, _)| *hash) {
            Entry::Occupied(found) => found.get().1,
            Entry::Vacant(free) => {
                let id = rows.len() as u32;
                free.insert((hash, id));
                rows.push(new());
                id
            }
        };
        &mut rows[id as usize]
    }

    /// The rows, in the order in which they were made.
    pub(super) fn into_rows(self) -> Vec<R> {
        self.rows
    }
}

/// Distinct things. They are put in order and rid of repetitions whenever they have doubled, so adding is cheap and
/// memory stays within twice what is kept.
#[derive(Debug, Clone)]
pub(super) struct Members<M> {
    members: Vec<M>,
    tidy_at: usize,
}

const FIRST_TIDY: usize = 16;

impl<M> Default for Members<M> {
    fn default() -> Self {
        Self { members: Vec::new(), tidy_at: FIRST_TIDY }
    }
}

impl<M: Ord> Members<M> {
    pub(super) fn add(&mut self, member: M) {
        if self.members.last() == Some(&member) {
            return;
        }
        // Most lists have one member, and there may be a million lists.
        if self.members.is_empty() {
            self.members.reserve_exact(1);
        }
        self.members.push(member);
        if self.members.len() >= self.tidy_at {
            self.tidy();
            self.tidy_at = FIRST_TIDY.max(2 * self.members.len());
        }
    }

    fn tidy(&mut self) {
        self.members.sort_unstable();
        self.members.dedup();
    }

    /// In order, each once.
    pub(super) fn sorted(&self) -> Vec<M>
    where
        M: Clone,
    {
        self.clone().into_sorted()
    }

    /// The same, of what is needed no more.
    pub(super) fn into_sorted(mut self) -> Vec<M> {
        self.tidy();
        self.members
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64
    where
        M: Clone,
    {
        self.sorted().len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However often and in whatever order they come, members are kept once, in order.
    #[test]
    fn members_are_distinct() {
        let mut members = Members::default();
        for round in 0..3 {
            (0..100_u32).rev().for_each(|member| members.add((member + round) % 100));
        }
        assert!(members.members.len() <= 200);
        assert_eq!(members.count(), 100);
        assert_eq!(members.sorted(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_found_again() {
        let mut rows: RollUp<(u32, u32)> = RollUp::new();
        for key in (0..1000).chain(0..1000) {
            rows.row(&key, |row| row.0, || (key, 0)).1 += 1;
        }
        assert_eq!(rows.into_rows(), (0..1000).map(|key| (key, 2)).collect::<Vec<_>>());
    }
}
