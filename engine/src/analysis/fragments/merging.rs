//! Two parts of a run put together: what one has the beginning and the other the rest of.
//!
//! The pieces of a later part's first datagram of an identification, where it is not whole, are taken in by the earlier
//! part one by one, as if they came where the parts meet. What the later part made of an identification after that stays
//! as it is.

use hashbrown::HashSet;

use super::table::{Closed, State};
use super::{Fragments, GivenUp, Open, Settings, Why};
use crate::cells::Charge;
use crate::decode::Datagram;
use crate::disposition::Ending;

/// Frames of the earlier part that hold pieces of a datagram, which the later part saw the whole of.
#[derive(Debug)]
pub(in crate::analysis) struct Repeats {
    pub(in crate::analysis) frames: u64,
    pub(in crate::analysis) charge: Charge,
    /// What they ended as until now, and do from now on.
    pub(in crate::analysis) counted_as: Ending,
    pub(in crate::analysis) ending: Ending,
    /// The cell that they are charged to.
    pub(in crate::analysis) cell: Option<u32>,
}

impl Fragments {
    /// The datagrams that began before this part, perhaps: in the order they came.
    pub(in crate::analysis) fn heads(&self) -> Vec<&Open> {
        let given_up = self.early.values().map(|given_up| &*given_up.open);
        let under_way = self.table.iter().filter_map(|(_, state)| match state {
            State::Open(open) if !open.follows => Some(&**open),
            _ => None,
        });
        let mut heads: Vec<_> = given_up.chain(under_way).collect();
        heads.sort_by_key(|open| open.serial);
        heads
    }

    /// Whether there is, or was, a datagram with these addresses and identification.
    pub(in crate::analysis) fn knows(&self, datagram: &Datagram) -> bool {
        self.table.get(datagram).is_some()
    }

    /// Counts frames that repeat pieces of the datagram that was last seen: how they end, and the cell that they are
    /// charged to.
    pub(in crate::analysis) fn again(
        &mut self,
        datagram: &Datagram,
        frames: u64,
        charge: Charge,
    ) -> Option<(Ending, Option<u32>)> {
        if let Some(State::Closed(closed)) = self.table.get(datagram) {
            return Some((closed.ending, closed.cell));
        }
        self.table.change(datagram, |open| {
            open.count(frames, charge);
            (open.counted_as, None)
        })
    }

    /// Takes over the rest of what `later` knows, whose cells have these `numbers`; the pieces of its `joined` datagrams
    /// are in already. What repeats turned out to be is handed over.
    pub(in crate::analysis) fn adopt(
        &mut self,
        later: &Fragments,
        joined: &HashSet<Datagram>,
        numbers: &[u32],
        settings: &Settings,
    ) -> Vec<Repeats> {
        self.since = self.since.or(later.since);
        self.lost.merge(&later.lost);
        let mut early: Vec<_> = later.early.values().collect();
        early.sort_by_key(|given_up| given_up.open.serial);
        for GivenUp { open, why } in early {
            if joined.contains(&open.datagram) {
                if let Some(State::Open(open)) = self.table.remove(&open.datagram) {
                    self.give_up(open, *why, settings);
                }
            } else {
                let follows = self.early.contains_key(&open.datagram);
                let open = open.renumbered(self.next_serial(), follows);
                self.give_up(open, *why, settings);
            }
        }
        let mut states: Vec<_> = later.table.iter().collect();
        states.sort_by_key(|(_, state)| state.serial());
        let mut repeats = Vec::new();
        for (datagram, state) in states {
            let is_in = |open: &Open| joined.contains(datagram) && !open.follows;
            match state {
                State::Open(open) if is_in(open) => {}
                State::Open(open) => {
                    let follows = self.supersede(datagram, None, settings).0 || open.follows;
                    let open = open.renumbered(self.next_serial(), follows);
                    self.table.insert(*datagram, State::Open(open));
                }
                State::Closed(closed) => {
                    let cell = closed.cell.map(|cell| numbers[cell as usize]);
                    let closed = Closed { serial: self.next_serial(), cell, ..Closed::clone(closed) };
                    repeats.extend(self.supersede(datagram, Some(&closed), settings).1);
                    self.table.insert(*datagram, State::Closed(Box::new(closed)));
                }
            }
        }
        while let Some(oldest) = self.table.shed() {
            self.give_up(oldest, Why::Memory, settings);
        }
        repeats
    }

    /// Takes out what a later part knows better: whether there was anything, and what it was where it only repeats
    /// pieces of a datagram that is whole there.
    fn supersede(
        &mut self,
        datagram: &Datagram,
        by: Option<&Closed>,
        settings: &Settings,
    ) -> (bool, Option<Repeats>) {
        let before = self.table.remove(datagram);
        let was_there = before.is_some();
        let Some(State::Open(open)) = before else {
            return (was_there, None);
        };
        match by {
            Some(closed) if !open.is_apart(closed.time) && closed.pieces.hold(&open.pieces) => {
                let Open { frames, charge, counted_as, .. } = *open;
                let Closed { ending, cell, .. } = *closed;
                (true, Some(Repeats { frames, charge, counted_as, ending, cell }))
            }
            _ => {
                self.give_up(open, Why::IdentificationReused, settings);
                (true, None)
            }
        }
    }
}
