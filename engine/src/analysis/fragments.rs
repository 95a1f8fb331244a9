//! Which cell the pieces of a fragmented outer datagram belong to, so that all of its wire bytes are charged there.
//!
//! The first fragment holds the VXLAN header and makes the packet; the others, before it or after it in the capture,
//! follow it through the addresses and the identification that they share. The payload is not kept.

use hashbrown::HashMap;

use crate::cells::{Cells, Charge};
use crate::decode::Datagram;

/// So many datagrams are followed at a time. A capture full of fragments that never complete starts over there, so
/// that memory stays bounded.
const MOST: usize = 1 << 16;

/// What was seen of one datagram.
#[derive(Debug, Default, Clone, Copy)]
struct Trail {
    /// The cell of its latest first fragment.
    cell: Option<u32>,
    /// What pieces cost that came before any first fragment of this part of the run.
    early: Charge,
    /// The cell that this was charged to once a first fragment came. An earlier part of the run may know better.
    early_cell: Option<u32>,
}

/// The datagrams that are followed.
#[derive(Debug, Default)]
pub(super) struct Trails {
    trails: HashMap<Datagram, Trail>,
}

impl Trails {
    /// A piece of `datagram` that does not hold the VXLAN header.
    pub(super) fn piece(&mut self, datagram: Datagram, bytes: Charge, cells: &mut Cells) {
        let trail = self.of(datagram);
        match trail.cell {
            Some(cell) => cells.charge(cell, bytes),
            None => trail.early.add(bytes),
        }
    }

    /// The first fragment of `datagram`, whose packet went to `cell`.
    pub(super) fn first(&mut self, datagram: Datagram, cell: u32, cells: &mut Cells) {
        let trail = self.of(datagram);
        if trail.cell.is_none() {
            cells.charge(cell, trail.early);
            trail.early_cell = Some(cell);
        }
        trail.cell = Some(cell);
    }

    fn of(&mut self, datagram: Datagram) -> &mut Trail {
        if self.trails.len() >= MOST && !self.trails.contains_key(&datagram) {
            self.trails.clear();
        }
        self.trails.entry(datagram).or_default()
    }

    /// Adds what a later part of the run followed. `numbers` are its cells' numbers in `cells`.
    pub(super) fn merge(&mut self, later: &Trails, numbers: &[u32], cells: &mut Cells) {
        for (datagram, theirs) in &later.trails {
            let renumber = |cell: Option<u32>| cell.map(|cell| numbers[cell as usize]);
            let (their_cell, their_early_cell) = (renumber(theirs.cell), renumber(theirs.early_cell));
            let trail = self.of(*datagram);
            match (trail.cell, their_early_cell) {
                // The early pieces over there belong to the datagram that was under way here.
                (Some(cell), early_cell) => {
                    if let Some(early) = early_cell {
                        cells.discharge(early, theirs.early);
                    }
                    cells.charge(cell, theirs.early);
                }
                (None, Some(early_cell)) => {
                    cells.charge(early_cell, trail.early);
                    trail.early.add(theirs.early);
                    trail.early_cell = Some(early_cell);
                }
                (None, None) => trail.early.add(theirs.early),
            }
            trail.cell = their_cell.or(trail.cell);
        }
    }
}
