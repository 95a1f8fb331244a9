//! Where each station (a MAC in a VNI of some encapsulation) was last seen, and how often it moved from one VTEP to another.
//!
//! A station behind one VTEP costs its packets nothing: only when a second VTEP sends from its MAC do its cells get
//! marked, and from then on each of their packets is looked at. So moves are counted exactly, in capture order.

use std::hash::BuildHasher;

use hashbrown::HashMap;

use super::chunks::Chunks;
use super::index::{Index, Seed};
use super::tunnels::Tunnels;
use super::{Cell, Link, NONE, mark};
use crate::capture::NO_TIME;
use crate::memory::prefetch;

/// Where a station is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// A cell whose sender is the VTEP that the station was last seen behind.
    pub cell: u32,
    /// How often it was seen behind another VTEP than before.
    pub moves: u64,
}

/// So many moves in a row are a duplicate MAC, if they come fast enough (RFC 7432 section 15.1).
pub const MANY_MOVES: usize = 5;

/// When a station moved: the times of its first moves, so many that memory has a bound.
#[derive(Debug, Clone, Default)]
struct Moved {
    times: Vec<i64>,
}

const KEPT_TIMES: usize = 256;

impl Moved {
    fn add(&mut self, time: i64) {
        if self.times.len() < KEPT_TIMES {
            self.times.push(time);
        }
    }

    /// The shortest time that [`MANY_MOVES`] moves in a row took, in nanoseconds.
    fn fastest(&self) -> Option<u64> {
        let spans = self.times.windows(MANY_MOVES).filter_map(|moves| match moves {
            [first, .., last] if *first != NO_TIME && *last != NO_TIME => Some(last.abs_diff(*first)),
            _ => None,
        });
        spans.min()
    }
}

/// What a station did in a later part, in the numbers of the cells that it is merged into.
pub(super) struct Later<'a> {
    /// Its first cell.
    first: u32,
    /// When its first packet came.
    first_time: i64,
    /// Where it was last seen.
    place: Place,
    /// When it moved.
    times: &'a [i64],
}

/// The stations, each known by its first cell.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// First cell, and time of the first packet; in the order of the cells.
    stations: Vec<(u32, i64)>,
    contested: HashMap<u32, (Place, Moved)>,
    /// From station to first cell.
    index: Index,
    seed: Seed,
}

/// Path, VNI and MAC of the station that sent a cell's packets, where a forwarding table learns it.
fn station(cell: &Cell, tunnels: &Tunnels) -> Option<(u32, u32, u64)> {
    let (source, _) = cell.key.macs()?;
    let path = tunnels.stack_of(cell.key.tunnel());
    let is_learned = source.is_learnable() && !cell.key.is_not_to_be_learned();
    is_learned.then(|| (path.0, cell.key.vni(), source.bits()))
}

/// Whether the packets of two cells were sent by the same VTEP.
fn same_sender(a: &Cell, b: &Cell, tunnels: &Tunnels) -> bool {
    let (a, b) = (a.key.tunnel(), b.key.tunnel());
    a == b || tunnels.get(a).source() == tunnels.get(b).source()
}

impl Moves {
    /// Fetches where the station of a cell is looked up ahead of [`Self::settle`]; the hash it is looked up by.
    pub(super) fn fetch_slot(&self, cell: &Cell, tunnels: &Tunnels) -> Option<u64> {
        let hash = self.seed.hash_one(station(cell, tunnels)?);
        self.index.prefetch(hash);
        Some(hash)
    }

    /// Fetches what is likely the first cell of the station that has this hash.
    pub(super) fn fetch_head(&self, hash: u64, cells: &Chunks<Cell>, links: &Chunks<Link>) {
        if let Some(head) = self.index.first_alike(hash) {
            prefetch(&cells[head].key);
            prefetch(&cells[head].packets);
            prefetch(&links[head]);
        }
    }

    /// Ties the new cell `id`, whose station's first packet came at `time` if it has none yet, to its station.
    pub(super) fn settle(
        &mut self,
        id: u32,
        time: i64,
        cells: &mut Chunks<Cell>,
        links: &mut Chunks<Link>,
        tunnels: &Tunnels,
    ) {
        let Some(key) = station(&cells[id], tunnels) else {
            return;
        };
        let hash = self.seed.hash_one(key);
        let known = self.index.find(hash, |head| station(&cells[head], tunnels) == Some(key));
        let Some(head) = known else {
            self.index.insert(hash, id);
            self.stations.push((id, time));
            links[id].station = id;
            return;
        };
        let next = std::mem::replace(&mut links[head].next_of_station, id);
        (links[id].station, links[id].next_of_station) = (head, next);
        if cells[head].has(mark::CONTESTED) {
            cells[id].mark(mark::CONTESTED);
        } else if !same_sender(&cells[head], &cells[id], tunnels) {
            self.contest(head, cells, links);
        }
    }

    /// Marks all cells of the station: until now all its packets came from the VTEP of its first.
    #[cold]
    fn contest(&mut self, head: u32, cells: &mut Chunks<Cell>, links: &Chunks<Link>) {
        self.contested.insert(head, (Place { cell: head, moves: 0 }, Moved::default()));
        let mut id = head;
        while id != NONE {
            cells[id].mark(mark::CONTESTED);
            id = links[id].next_of_station;
        }
    }

    /// Counts a packet of cell `id` at `time`, whose station is contested.
    #[cold]
    pub(super) fn sent(
        &mut self,
        id: u32,
        time: i64,
        cells: &Chunks<Cell>,
        links: &Chunks<Link>,
        tunnels: &Tunnels,
    ) {
        if let Some((place, moved)) = self.contested.get_mut(&links[id].station)
            && !same_sender(&cells[place.cell], &cells[id], tunnels)
        {
            *place = Place { cell: id, moves: place.moves + 1 };
            moved.add(time);
        }
    }

    /// Where the station `head` was last seen.
    pub(super) fn place(&self, head: u32) -> Place {
        self.contested.get(&head).map_or(Place { cell: head, moves: 0 }, |(place, _)| *place)
    }

    /// The shortest time that [`MANY_MOVES`] moves of the station `head` in a row took, in nanoseconds; of a station
    /// with very many, among the first.
    pub(super) fn fastest(&self, head: u32) -> Option<u64> {
        self.contested.get(&head).and_then(|(_, moved)| moved.fastest())
    }

    /// Adds what station `head` did later. `known`: whether it was seen before at all.
    pub(super) fn merge(
        &mut self,
        head: u32,
        later: &Later,
        known: bool,
        cells: &Chunks<Cell>,
        tunnels: &Tunnels,
    ) {
        let Some((place, moved)) = self.contested.get_mut(&head) else {
            return;
        };
        let moves = known && !same_sender(&cells[place.cell], &cells[later.first], tunnels);
        *place = Place { cell: later.place.cell, moves: place.moves + later.place.moves + u64::from(moves) };
        if moves {
            moved.add(later.first_time);
        }
        later.times.iter().for_each(|time| moved.add(*time));
    }

    /// What the station `head` did, for a merge: `numbers` are the new ones of the cells.
    pub(super) fn later(&self, head: u32, first_time: i64, numbers: &[u32]) -> Later<'_> {
        let place = self.place(head);
        let place = Place { cell: numbers[place.cell as usize], moves: place.moves };
        let times = self.contested.get(&head).map_or(&[][..], |(_, moved)| &moved.times);
        Later { first: numbers[head as usize], first_time, place, times }
    }

    /// The first cells of all stations, and the times of their first packets.
    pub(super) fn heads(&self) -> impl Iterator<Item = (u32, i64)> {
        self.stations.iter().copied()
    }

    /// When the first packet of the station `head` came.
    pub(super) fn first_time(&self, head: u32) -> i64 {
        let place = self.stations.binary_search_by_key(&head, |(head, _)| *head);
        place.map_or(NO_TIME, |place| self.stations[place].1)
    }
}
