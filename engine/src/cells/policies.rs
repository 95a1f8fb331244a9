//! The group policies of cells, beside them, for few setups have any.

use hashbrown::HashMap;

use super::ShortSet;

/// The groups whose packets each cell has.
#[derive(Debug, Default)]
pub(super) struct Policies {
    by_cell: HashMap<u32, ShortSet>,
}

impl Policies {
    /// A packet of cell `id` is of a group.
    #[cold]
    #[inline(never)]
    pub(super) fn add(&mut self, id: u32, group: u16) {
        self.by_cell.entry(id).or_default().insert(group);
    }

    /// The groups of cell `id`, in any order.
    pub(super) fn of(&self, id: u32) -> impl Iterator<Item = u16> + '_ {
        self.by_cell.get(&id).into_iter().flat_map(ShortSet::iter)
    }

    /// Adds those of cell `later_id` of a later part to cell `id`.
    pub(super) fn merge(&mut self, id: u32, later: &Policies, later_id: u32) {
        later.of(later_id).for_each(|group| self.add(id, group));
    }

    /// Moves those of cell `from` to cell `to`.
    pub(super) fn fold(&mut self, to: u32, from: u32) {
        let moved = self.by_cell.remove(&from);
        moved.iter().flat_map(ShortSet::iter).for_each(|group| self.add(to, group));
    }
}
