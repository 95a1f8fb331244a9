//! Which cell the pieces of a fragmented outer datagram belong to, so that all of its wire bytes are charged there.
//!
//! The first fragment holds the VXLAN header and makes the packet; the others, before it or after it in the capture,
//! follow it through the addresses and the identification that they share. The payload is not kept.

use hashbrown::HashMap;

use crate::cells::{Cells, Charge};
use crate::decode::Datagram;

/// So many datagrams are followed at a time, which takes some 40 MB. A capture with more of them starts over there, so
/// that memory stays bounded.
const MOST: usize = 1 << 18;

/// Where the pieces of a datagram go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Its first fragment was not seen yet.
    #[default]
    Unknown,
    /// Its first fragment is no packet of this report: another port, not selected, invalid.
    Nowhere,
    /// The cell of its first fragment.
    Cell(u32),
}

impl Target {
    fn charge(self, bytes: Charge, cells: &mut Cells) {
        if let Target::Cell(cell) = self {
            cells.charge(cell, bytes);
        }
    }

    fn discharge(self, bytes: Charge, cells: &mut Cells) {
        if let Target::Cell(cell) = self {
            cells.discharge(cell, bytes);
        }
    }

    fn renumbered(self, numbers: &[u32]) -> Self {
        match self {
            Target::Cell(cell) => Target::Cell(numbers[cell as usize]),
            other => other,
        }
    }
}

/// What was seen of one datagram, or of several with the same identification one after the other.
#[derive(Debug, Default, Clone, Copy)]
struct Trail {
    /// Where pieces go now: where the latest first fragment went.
    target: Target,
    /// What pieces cost that came before any first fragment of this part of the run.
    early: Charge,
    /// Where this was charged to once a first fragment came. An earlier part of the run may know better.
    early_target: Target,
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
        match trail.target {
            Target::Unknown => trail.early.add(bytes),
            known => known.charge(bytes, cells),
        }
    }

    /// The first fragment of `datagram`, whose packet went to `cell`, or is none of this report.
    pub(super) fn first(&mut self, datagram: Datagram, cell: Option<u32>, cells: &mut Cells) {
        let target = cell.map_or(Target::Nowhere, Target::Cell);
        let trail = self.of(datagram);
        if trail.target == Target::Unknown {
            target.charge(trail.early, cells);
            trail.early_target = target;
        }
        trail.target = target;
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
            let (target, early_target) =
                (theirs.target.renumbered(numbers), theirs.early_target.renumbered(numbers));
            let trail = self.of(*datagram);
            if trail.target == Target::Unknown {
                early_target.charge(trail.early, cells);
                trail.early.add(theirs.early);
                trail.early_target = early_target;
            } else {
                // The early pieces over there belong to the datagram that was under way here.
                early_target.discharge(theirs.early, cells);
                trail.target.charge(theirs.early, cells);
            }
            if target != Target::Unknown {
                trail.target = target;
            }
        }
    }
}
