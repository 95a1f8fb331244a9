//! Where each station (a MAC in a VNI) was last seen, and how often it moved from one VTEP to another.
//!
//! A station behind one VTEP costs its packets nothing: only when a second VTEP sends from its MAC do its cells get
//! marked, and from then on each of their packets is looked at. So moves are counted exactly, in capture order.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::chunks::Chunks;
use super::tunnels::Tunnels;
use super::{Cell, NONE, Rare, mark};

/// Where a station is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// A cell whose sender is the VTEP that the station was last seen behind.
    pub cell: u32,
    /// How often it was seen behind another VTEP than before.
    pub moves: u64,
}

/// The stations, each known by its first cell.
#[derive(Debug, Default)]
pub(super) struct Moves {
    stations: HashTable<u32>,
    contested: HashMap<u32, Place>,
    hasher: RandomState,
}

/// VNI and MAC of the station that sent a cell's packets, where a forwarding table learns it.
fn station(cell: &Cell) -> Option<(u32, u64)> {
    let (source, _) = cell.key.macs()?;
    source.is_learnable().then(|| (cell.key.vni(), source.bits()))
}

/// Whether the packets of two cells were sent by the same VTEP.
fn same_sender(a: &Cell, b: &Cell, tunnels: &Tunnels) -> bool {
    let (a, b) = (a.key.tunnel(), b.key.tunnel());
    a == b || tunnels.get(a).source() == tunnels.get(b).source()
}

impl Moves {
    /// Ties the new cell `id` to its station.
    pub(super) fn settle(
        &mut self,
        id: u32,
        cells: &mut Chunks<Cell>,
        rare: &mut Chunks<Rare>,
        tunnels: &Tunnels,
    ) {
        let Some(key) = station(&cells[id]) else {
            return;
        };
        let hash = self.hasher.hash_one(key);
        let known = self.stations.find(hash, |head| station(&cells[*head]) == Some(key)).copied();
        let Some(head) = known else {
            let rehash = |head: &u32| self.hasher.hash_one(station(&cells[*head]).unwrap_or_default());
            self.stations.insert_unique(hash, id, rehash);
            rare[id].station = id;
            return;
        };
        let next = std::mem::replace(&mut rare[head].next_of_station, id);
        (rare[id].station, rare[id].next_of_station) = (head, next);
        if cells[head].marks & mark::CONTESTED != 0 {
            cells[id].marks |= mark::CONTESTED;
        } else if !same_sender(&cells[head], &cells[id], tunnels) {
            self.contest(head, cells, rare);
        }
    }

    /// Marks all cells of the station: until now all its packets came from the VTEP of its first.
    #[cold]
    fn contest(&mut self, head: u32, cells: &mut Chunks<Cell>, rare: &Chunks<Rare>) {
        self.contested.insert(head, Place { cell: head, moves: 0 });
        let mut id = head;
        while id != NONE {
            cells[id].marks |= mark::CONTESTED;
            id = rare[id].next_of_station;
        }
    }

    /// Counts a packet of cell `id`, whose station is contested.
    #[cold]
    pub(super) fn sent(&mut self, id: u32, cells: &Chunks<Cell>, rare: &Chunks<Rare>, tunnels: &Tunnels) {
        if let Some(place) = self.contested.get_mut(&rare[id].station)
            && !same_sender(&cells[place.cell], &cells[id], tunnels)
        {
            *place = Place { cell: id, moves: place.moves + 1 };
        }
    }

    /// Where the station `head` was last seen.
    pub(super) fn place(&self, head: u32) -> Place {
        self.contested.get(&head).copied().unwrap_or(Place { cell: head, moves: 0 })
    }

    /// Adds what station `head` did later, `theirs` in the numbers of `cells`. `first` is its first cell there, and
    /// `known` whether it was seen before at all.
    pub(super) fn merge(
        &mut self,
        head: u32,
        first: u32,
        theirs: Place,
        known: bool,
        cells: &Chunks<Cell>,
        tunnels: &Tunnels,
    ) {
        if let Some(place) = self.contested.get_mut(&head) {
            let moved = known && !same_sender(&cells[place.cell], &cells[first], tunnels);
            *place = Place { cell: theirs.cell, moves: place.moves + theirs.moves + u64::from(moved) };
        }
    }

    /// The first cells of all stations.
    pub(super) fn heads(&self) -> impl Iterator<Item = u32> {
        self.stations.iter().copied()
    }
}
