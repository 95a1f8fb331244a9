//! Cells of one packet each, kept apart from the others of their key for as long as it may turn out that the packet is of
//! another: a later inner fragment, whose ports only the first one tells.
//!
//! They are in no index. The tables see a cell like any other, with the key that its packet came with. Once it is known
//! which key the packet is of, it goes to that one's cell, and the next such packet may have the place.

use hashbrown::{HashMap, HashSet};

use super::{Books, Cell, Cells, NO_TIME, NONE, mark};
use crate::packet::{Key, Origin, Packet, Told};

/// What becomes of a cell of a later part that is apart there.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// What an earlier first fragment tells of its key.
    pub told: Option<Told>,
    /// Whether it stays apart.
    pub apart: bool,
}

/// A place in the order of arrival: how many cells there were, and which this is of those that came between two of them.
fn arrival(cells: u32, between: u32) -> u64 {
    u64::from(cells) << u32::BITS | u64::from(between)
}

/// That of a cell whose number tells it: behind all that came before there was one of that number.
fn usual(id: u32) -> u64 {
    arrival(id, u32::MAX)
}

#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Places that hold no packet, by the key of the packets that were there. Only such another may have one: its station
    /// and its tunnel are the same, so whatever is tied to those holds.
    spare: HashMap<Key, Vec<u32>>,
    /// When the first packet of a cell came, where the cell's number does not tell.
    arrivals: HashMap<u32, u64>,
    /// How many came to a spare place.
    reused: u32,
}

impl Apart {
    fn set_arrival(&mut self, id: u32, arrival: u64) {
        if arrival == usual(id) {
            self.arrivals.remove(&id);
        } else {
            self.arrivals.insert(id, arrival);
        }
    }
}

impl Cells {
    /// When the first packet of cell `id` came: a number to compare with that of another cell.
    #[must_use]
    pub fn arrival(&self, id: u32) -> u64 {
        let told = if self.apart.arrivals.is_empty() { None } else { self.apart.arrivals.get(&id) };
        told.copied().unwrap_or(usual(id))
    }

    /// Adds a later inner fragment of which the first is known: which cell it went to.
    pub fn add_later_fragment(&mut self, packet: &Packet) -> u32 {
        let id = self.add_alone(packet);
        self.join_connection(id);
        self.note_later_fragment(id);
        id
    }

    /// Adds a packet to a cell apart, whose number it is.
    pub fn add_apart(&mut self, packet: &Packet) -> u32 {
        let mut packet = *packet;
        packet.key.set_tunnel(self.tunnels.carry(&packet));
        let id = self.place_apart(packet.key, packet.origin, packet.time);
        self.count(id, &packet);
        self.note_later_fragment(id);
        id
    }

    /// No segments of TCP are counted where there is no header of one.
    fn note_later_fragment(&mut self, id: u32) {
        if self.all[id].key.is_of_tcp() {
            self.rare.of(&mut self.links[id].rare).later_fragments += 1;
        }
    }

    /// A new cell without an entry in the index.
    fn push_settled(&mut self, key: Key, origin: Origin, time: i64) -> u32 {
        let id = self.push(Cell::new(key, origin));
        self.settle(id, time);
        id
    }

    /// An empty cell apart.
    pub(super) fn place_apart(&mut self, key: Key, origin: Origin, time: i64) -> u32 {
        let Some(id) = self.apart.spare.get_mut(&key).and_then(Vec::pop) else {
            return self.push_settled(key, origin, time);
        };
        self.all[id].origin = origin;
        self.apart.reused += 1;
        let came = arrival(self.all.len() as u32, self.apart.reused);
        self.apart.set_arrival(id, came);
        id
    }

    /// A place with `key` that holds no packet, and none now.
    pub(super) fn spare(&mut self, key: Key, origin: Origin, time: i64) -> u32 {
        if let Some(id) = self.apart.spare.get(&key).and_then(|places| places.last()) {
            return *id;
        }
        let id = self.push_settled(key, origin, time);
        self.apart.spare.entry(key).or_default().push(id);
        id
    }

    /// Takes in what is known of the packet in cell `id`, which is apart; or that nothing ever will be. Unless it `stays`
    /// apart, the packet goes to the cell of its key.
    pub fn resolve(&mut self, id: u32, told: Option<Told>, stays: bool) {
        let mut key = self.all[id].key;
        if let Some(told) = told {
            key.tell(told);
        }
        let hash = self.hash(&key);
        let all = &self.all;
        if let Some(to) = self.index.find(hash, |id| all[id].key == key).filter(|_| !stays) {
            self.fold(id, to);
            return;
        }
        self.all[id].key = key;
        self.join_connection(id);
        if !stays {
            self.index.insert(hash, id);
        }
    }

    /// Ties a cell that may have no segment of its own to the TCP connection that it is part of.
    pub(super) fn join_connection(&mut self, id: u32) {
        if self.all[id].key.ports().is_some() {
            let Self { all: cells, links, rare, tunnels, connections, .. } = self;
            connections.side_of(id, &mut Books { cells, links, rare, tunnels });
        }
    }

    /// Moves the packet of cell `id` to cell `to`.
    fn fold(&mut self, id: u32, to: u32) {
        let moved = self.all[id].clone();
        self.all[to].merge(&moved);
        self.add_seen(to, self.seen(id));
        let rare = self.rare.take(self.links[id].rare);
        self.rare.merge(&mut self.links[to].rare, &rare);
        if let Some(checked) = &mut self.checked {
            let verdicts = checked.take(id);
            checked.add(to, &verdicts);
        }
        self.spill.fold(to, &mut self.all[to], id, &moved);
        self.policies.fold(to, id);
        let first = self.arrival(id).min(self.arrival(to));
        self.apart.set_arrival(to, first);
        self.apart.arrivals.remove(&id);
        self.all[id].empty();
        self.links[id].first = NO_TIME;
        self.apart.spare.entry(moved.key).or_default().push(id);
    }

    /// Tells when the packets of a later part's cells came, which are to be merged into those of these `numbers`, if
    /// into any; the ones from `known` on are new.
    pub(super) fn merge_arrivals(&mut self, later: &Cells, numbers: &[u32], known: usize) {
        if self.apart.arrivals.is_empty() && later.apart.arrivals.is_empty() {
            return;
        }
        // How many cells there would have been, had the later part's come here one by one.
        let mut next = known as u32;
        let mut cells = Vec::with_capacity(numbers.len() + 1);
        for number in numbers {
            cells.push(next);
            next += u32::from(*number == next);
        }
        cells.push(next);
        let mut met = HashSet::new();
        for (number, id) in numbers.iter().zip(0..) {
            if *number == NONE || later.all[id].packets == 0 {
                continue;
            }
            let (came, between) = ((later.arrival(id) >> u32::BITS) as u32, later.arrival(id) as u32);
            let between = if between == u32::MAX { between } else { between + self.apart.reused };
            let came = arrival(cells[came as usize], between);
            let is_new = self.all[*number].packets == 0 && met.insert(*number);
            let first = if is_new { came } else { came.min(self.arrival(*number)) };
            self.apart.set_arrival(*number, first);
        }
        self.apart.reused += later.apart.reused;
    }
}

impl Cell {
    /// Leaves nothing of its packets; what it has in common with others of its key stays.
    fn empty(&mut self) {
        let bits = self.bits & !mark::SPILLED;
        *self = Self { bits, ..Self::new(self.key, self.origin) };
    }
}
