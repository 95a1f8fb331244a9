//! Packet -> cell: the one hash table. Every report is a roll-up of the cells.

mod ahead;
mod apart;
mod bindings;
mod bound;
mod bursts;
mod cell;
mod chains;
mod checks;
mod chunks;
mod connections;
mod health;
mod heard;
mod index;
mod leases;
mod levels;
mod moves;
mod policies;
mod quoted;
mod rare;
mod retire;
mod short_set;
mod spill;
mod stream;
mod tcp;
mod tunnels;
mod underlay;

use std::hash::BuildHasher;

use hashbrown::HashMap;

use crate::capture::NO_TIME;
use crate::encapsulation::Around;
use crate::memory::prefetch;
use crate::packet::{FlowKey, Key, Note, Origin, Packet, Tunnel};
use crate::timespan::TimeSpan;
use crate::wire::icmp::Error;

use apart::Apart;
pub use apart::Kept;
pub use bindings::{Claimant, Claimed};
use bound::Bound;
use bursts::Bursts;
pub use bursts::{Burst, SLOT, Sender};
pub use cell::Cell;
use cell::{Link, mark};
pub use chains::{Path, PathId};
use checks::Checked;
pub use checks::Verdicts;
use chunks::Chunks;
use connections::{Books, CONNECTION_SIZE, Connections};
pub use connections::{RoundTrips, Standing};
pub use health::Health;
use heard::Heard;
use index::Index;
pub(crate) use index::Seed;
pub use leases::Lease;
pub use levels::{HeaderBytes, Level};
use moves::Moves;
pub use moves::{MANY_MOVES, Place};
use policies::Policies;
pub use rare::Rare;
use rare::RareRows;
pub use short_set::ShortSet;
use spill::Spill;
use stream::Segment;
pub use tcp::{End, Trace};
pub(crate) use tunnels::Names;
use tunnels::Tunnels;
pub use underlay::{Errors, Treatment};

/// How many packets are looked up together, so that their cache misses overlap.
pub const BATCH: usize = 32;

/// What the fragments of a datagram cost, beside the one that counts as its packet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Charge {
    /// Their wire lengths.
    pub wire: u64,
    /// Their IP headers.
    pub ip_header: u64,
    /// How many they are.
    pub pieces: u64,
}

impl Charge {
    /// Adds another.
    pub fn add(&mut self, more: Charge) {
        self.wire += more.wire;
        self.ip_header += more.ip_header;
        self.pieces += more.pieces;
    }

    /// Without a part of it.
    #[must_use]
    pub fn less(self, part: Charge) -> Self {
        Self {
            wire: self.wire - part.wire,
            ip_header: self.ip_header - part.ip_header,
            pieces: self.pieces - part.pieces,
        }
    }
}

/// Memory that one cell takes, in bytes, beside its place in the index, and the connection that two cells of TCP share
/// where both directions were seen. What few cells have comes on top.
pub const CELL_SIZE: usize = size_of::<Cell>() + size_of::<Link>() + CONNECTION_SIZE;
const _: () = assert!(size_of::<Cell>() == 128 && CELL_SIZE == 256);

/// No cell, and no side of a connection.
const NONE: u32 = u32::MAX;

/// Later than any time, so that the first one is looked at.
const NO_TIME_YET: i64 = i64::MAX;

/// The hash of a key in a tunnel, from that of the key without it. Both are known to different threads.
#[inline]
fn with_tunnel(key: u64, tunnel: u32) -> u64 {
    // 2^64 over the golden ratio: numbers in a row come out far apart in the upper half, which the index goes by.
    key.wrapping_add(u64::from(tunnel).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The cells of a run, in the order of their first packets.
#[derive(Debug, Default)]
pub struct Cells {
    all: Chunks<Cell>,
    links: Chunks<Link>,
    rare: RareRows,
    connections: Connections,
    index: Index,
    seed: Seed,
    tunnels: Tunnels,
    spill: Spill,
    policies: Policies,
    moves: Moves,
    checked: Option<Checked>,
    bound: Option<Bound>,
    heard: Heard,
    apart: Apart,
    bursts: Bursts,
}

impl Cells {
    /// None yet; with the verdicts on their packets' checksums, or without; for so many flows at the `most`.
    #[must_use]
    pub fn new(checksums: bool, most: Option<u64>) -> Self {
        Self { checked: checksums.then(Checked::default), bound: most.map(Bound::new), ..Self::default() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in the order of their first packets.
    pub fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.all.iter()
    }

    /// All of them with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Cell)> {
        (0_u32..).zip(self.iter())
    }

    /// The cell with number `id`.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u32) -> &Cell {
        &self.all[id]
    }

    /// What few packets of cell `id` changed.
    #[must_use]
    pub fn rare(&self, id: u32) -> &Rare {
        self.rare.get(self.links[id].rare)
    }

    /// When the packets of cell `id` were seen.
    #[must_use]
    pub fn seen(&self, id: u32) -> TimeSpan {
        TimeSpan::between(self.links[id].first, self.all[id].last)
    }

    /// How long the handshake of the TCP connection took that cell `id` is part of.
    #[must_use]
    pub fn round_trips(&self, id: u32) -> RoundTrips {
        let side = Some(self.links[id].side).filter(|side| *side != NONE);
        side.map_or_else(RoundTrips::default, |side| self.connections.round_trips(side))
    }

    /// The round trips of all TCP connections, each with the cell of its first segment.
    pub fn connections(&self) -> impl Iterator<Item = (u32, RoundTrips)> {
        self.connections.iter()
    }

    /// Whether checksums are verified.
    #[must_use]
    pub fn has_verdicts(&self) -> bool {
        self.checked.is_some()
    }

    /// What the checksums of cell `id` turned out to be, where they were verified.
    #[must_use]
    pub fn verdicts(&self, id: u32) -> Option<&Verdicts> {
        self.checked.as_ref().and_then(|checked| checked.get(id))
    }

    /// How each direction of a TCP connection stands in the end, beside what the other one acknowledged.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        let sides = self.connections.sides();
        let mut closed = vec![false; sides.end as usize];
        for (id, _) in self.numbered().filter(|(_, cell)| cell.trace().end() == End::Closed) {
            if let Some(closed) = closed.get_mut(self.links[id].side as usize) {
                *closed = true;
            }
        }
        sides.filter_map(move |side| self.connections.standing(side, &self.all, &closed))
    }

    /// The direction of a tunnel that a cell's packets went: the innermost one.
    #[inline]
    #[must_use]
    pub fn tunnel(&self, cell: &Cell) -> &Tunnel {
        self.tunnels.get(cell.key.tunnel())
    }

    /// The flow of a cell's packets, and whether they go from its lower end; `None` where that is not known.
    #[must_use]
    pub fn flow(&self, cell: &Cell) -> Option<(FlowKey, bool)> {
        self.tunnels.flow(cell)
    }

    /// As [`Self::flow`]; the IP packets of a VNI's rest count as one flow.
    #[must_use]
    pub fn flow_or_rest(&self, cell: &Cell) -> Option<(FlowKey, bool)> {
        self.tunnels.flow_or_rest(cell)
    }

    /// The number that stands for what is around a packet's innermost overlay.
    pub fn chain(&mut self, around: Around<'_>) -> u32 {
        self.tunnels.chain_number(around)
    }

    /// How the underlay treats each direction of a tunnel, each once for each UDP port.
    pub fn treatments(&self) -> impl Iterator<Item = (&Tunnel, Treatment)> {
        self.tunnels.treatments()
    }

    /// The ICMP errors about each direction of a tunnel, also of those that have no packets here.
    pub fn errors(&self) -> impl Iterator<Item = (&Tunnel, &Errors)> {
        self.tunnels.errors()
    }

    /// ICMP errors about more directions than are kept.
    #[must_use]
    pub fn unkept_errors(&self) -> u64 {
        self.tunnels.unkept_errors()
    }

    /// Counts an ICMP error about `packet`.
    pub fn add_error(&mut self, packet: &Packet, error: Error) {
        self.tunnels.add_error(&packet.tunnel, error, packet.key.known_vni());
    }

    /// Adds packets in capture order; they go through in batches.
    #[inline]
    pub fn add(&mut self, packets: &mut [Packet]) {
        let mut hashes = [0; BATCH];
        for packets in packets.chunks_mut(BATCH) {
            let tunnels = self.tunnels.fetch(packets);
            for ((packet, tunnel), hash) in packets.iter_mut().zip(&tunnels).zip(&mut hashes) {
                packet.key.set_tunnel(self.tunnels.carry_likely(*tunnel, packet));
                *hash = self.hash(&packet.key);
                self.index.prefetch(*hash);
            }
            self.add_batch(&hashes, packets);
        }
    }

    /// Adds packets in capture order whose keys have been hashed, without their tunnels; in their keys are the numbers that
    /// `names` has for these.
    pub(crate) fn add_hashed(&mut self, packets: &mut [Packet], keys: &[u64], names: &mut Names) {
        let mut hashes = [0; BATCH];
        for (packets, keys) in packets.chunks_mut(BATCH).zip(keys.chunks(BATCH)) {
            for ((packet, key), hash) in packets.iter_mut().zip(keys).zip(&mut hashes) {
                let tunnel = self.tunnels.named(names, packet.key.tunnel(), packet.handling);
                packet.key.set_tunnel(tunnel);
                *hash = with_tunnel(*key, tunnel);
                self.index.prefetch(*hash);
            }
            self.add_batch(&hashes, packets);
        }
    }

    #[inline(always)]
    fn add_batch(&mut self, hashes: &[u64; BATCH], packets: &[Packet]) {
        let mut ids = [NONE; BATCH];
        let mut all_known = true;
        for ((_, hash), id) in packets.iter().zip(hashes).zip(&mut ids) {
            if let Some(first) = self.index.first_alike(*hash) {
                *id = first;
                let cell = &self.all[first];
                prefetch(&cell.key);
                prefetch(&cell.packets);
            } else {
                all_known = false;
            }
        }
        if !all_known {
            self.prepare(hashes, packets, &mut ids);
        }
        for ((packet, hash), likely) in packets.iter().zip(hashes).zip(&ids) {
            let is_it = *likely != NONE && self.all[*likely].key == packet.key;
            let id = if is_it { *likely } else { self.cell_of(*hash, packet) };
            self.count(id, packet);
        }
    }

    /// Adds one packet; which cell it went to.
    pub fn add_alone(&mut self, packet: &Packet) -> u32 {
        let mut packet = *packet;
        packet.key.set_tunnel(self.tunnels.carry(&packet));
        let id = self.cell_of(self.hash(&packet.key), &packet);
        self.count(id, &packet);
        id
    }

    #[inline]
    fn hash(&self, key: &Key) -> u64 {
        with_tunnel(self.seed.hash_one(key), key.tunnel())
    }

    /// What keys are hashed with.
    pub(crate) fn seed(&self) -> Seed {
        self.seed.clone()
    }

    /// Charges other fragments of a datagram to the cell of its packet.
    pub fn charge(&mut self, id: u32, bytes: Charge) {
        self.all[id].wire_bytes += bytes.wire;
        self.rare.of(&mut self.links[id].rare).more_ip_bytes += bytes.ip_header;
        self.tunnels.path(self.all[id].key.tunnel()).add_pieces(bytes.pieces);
    }

    /// Counts a packet in cell `id`.
    #[inline(always)]
    fn count(&mut self, id: u32, packet: &Packet) {
        let cell = &mut self.all[id];
        cell.add(packet);
        if packet.time >= cell.last {
            cell.last = packet.time;
        } else {
            self.links[id].step_back(&mut cell.last, packet.time);
        }
        // One look for all that is seldom there.
        let is_offload = if packet.notes.count_more() {
            if let Some(policy) = packet.group_policy() {
                self.policies.add(id, policy.id);
            }
            packet.notes.has(Note::Offload)
        } else {
            false
        };
        if is_offload {
            self.rare.of(&mut self.links[id].rare).add_offload(packet);
        } else {
            cell.largest_on_cable = cell.largest_on_cable.max(packet.outer_ip_len);
        }
        let options = packet.outer_ip_header_len - packet.tunnel.ip_header_len();
        if options != 0 {
            self.rare.of(&mut self.links[id].rare).more_ip_bytes += u64::from(options);
        }
        if let Some(checked) = &mut self.checked
            && let Some(verdict) = packet.checks.verdict()
        {
            checked.count(id, verdict);
        }
        if cell.origin != packet.origin {
            self.spill.add(id, cell, packet.origin);
        }
        let is_contested = cell.has(mark::CONTESTED);
        if packet.tcp_control != 0 {
            if !cell.take_next(packet) {
                self.follow(id, packet);
            }
        } else if packet.key.is_to_all() {
            self.add_broadcast(packet);
        }
        if is_contested {
            self.moves.sent(id, packet.time, &self.all, &self.links, &self.tunnels);
        }
    }

    /// Takes in a broadcast, wherever it is counted.
    #[cold]
    #[inline(never)]
    fn add_broadcast(&mut self, packet: &Packet) {
        let (Some((mac, _)), tunnel) = (packet.key.macs(), self.tunnels.get(packet.key.tunnel())) else {
            return;
        };
        self.bursts.add((packet.key.vni(), mac, tunnel.source(), tunnel.destination()), packet.time);
    }

    /// Many broadcasts of a station in a row, through one direction of a tunnel.
    pub fn bursts(&self) -> impl Iterator<Item = (&Sender, Burst)> {
        self.bursts.iter()
    }

    /// Takes in a TCP segment of cell `id` that is not plainly the next.
    #[inline(never)]
    fn follow(&mut self, id: u32, packet: &Packet) {
        let cell = &mut self.all[id];
        cell.tcp_control |= packet.tcp_control;
        cell.set_trace(cell.trace().with(packet.tcp_control, packet.payload_len != 0));
        // Where its lengths are wrong there is no telling where it ends.
        if !packet.notes.has(Note::InnerMalformed) {
            let Self { all: cells, links, rare, tunnels, connections, .. } = self;
            connections.take(id, &Segment::of(packet), &mut Books { cells, links, rare, tunnels });
        }
    }

    /// Takes in a new cell, which then is to be settled, or finds that of the rest where there is no room for it; its number.
    #[inline(never)]
    fn enter(&mut self, hash: u64, mut cell: Cell) -> u32 {
        let Self { bound, tunnels, .. } = self;
        let flow = |cell| tunnels.flow(cell).map(|(flow, _)| flow);
        let has_room = |bound: &mut Bound| cell.key.is_rest() || bound.admits(flow(&cell));
        if bound.as_mut().is_none_or(has_room) {
            return self.insert(hash, cell);
        }
        cell.key = cell.key.rest();
        let hash = self.hash(&cell.key);
        let all = &self.all;
        match self.index.find(hash, |id| all[id].key == cell.key) {
            Some(id) => id,
            None => self.insert(hash, cell),
        }
    }

    /// The cell of a packet whose key has this hash.
    #[inline(never)]
    fn cell_of(&mut self, hash: u64, packet: &Packet) -> u32 {
        self.settled(hash, packet.key, packet.origin, || packet.time)
    }

    /// The cell with `key`, whose hash is `hash`; a new one is of a station whose first packet came at `time`, if that is
    /// new too.
    fn settled(&mut self, hash: u64, key: Key, origin: Origin, time: impl FnOnce() -> i64) -> u32 {
        let known = self.len();
        let id = self.find_or_enter(hash, key, origin);
        if self.len() > known {
            self.settle(id, time());
        }
        id
    }

    /// The cell with `key`, whose hash is `hash`; a new one is to be settled.
    fn find_or_enter(&mut self, hash: u64, key: Key, origin: Origin) -> u32 {
        let all = &self.all;
        match self.index.find(hash, |id| all[id].key == key) {
            Some(id) => id,
            None => self.enter(hash, Cell::new(key, origin)),
        }
    }

    /// How many packets had no room for a cell of their own.
    #[must_use]
    pub fn rest(&self) -> u64 {
        if self.bound.is_none() {
            return 0;
        }
        self.iter().filter(|cell| cell.key.is_rest()).map(|cell| cell.packets).sum()
    }

    /// Takes in a new cell, which then is to be settled; the number it gets.
    fn insert(&mut self, hash: u64, cell: Cell) -> u32 {
        let id = self.push(cell);
        self.index.insert(hash, id);
        id
    }

    /// The same without an entry in the index.
    fn push(&mut self, cell: Cell) -> u32 {
        let id = u32::try_from(self.len()).unwrap_or(NONE);
        assert!(id != NONE, "2^32 - 1 cells are more memory than any machine has");
        self.all.push(cell);
        self.links.push(Link::NEW);
        id
    }

    /// Ties a new cell to its station, whose first packet came at `time` if it is new too.
    fn settle(&mut self, id: u32, time: i64) {
        self.moves.settle(id, time, &mut self.all, &mut self.links, &self.tunnels);
    }

    /// First cell of the station that sent a cell's packets; `None` where a forwarding table learns nothing from them.
    #[must_use]
    pub fn station(&self, id: u32) -> Option<u32> {
        Some(self.links[id].station).filter(|station| *station != NONE)
    }

    /// Where a station, known by its first cell, was last seen.
    #[must_use]
    pub fn place(&self, station: u32) -> Place {
        self.moves.place(station)
    }

    /// The shortest time that [`MANY_MOVES`] moves in a row of a station, known by its first cell, took: nanoseconds.
    #[must_use]
    pub fn fastest_moves(&self, station: u32) -> Option<u64> {
        self.moves.fastest(station)
    }

    fn add_seen(&mut self, id: u32, times: TimeSpan) {
        let mut seen = self.seen(id);
        seen.merge(times);
        (self.links[id].first, self.all[id].last) = seen.ends().unwrap_or((NO_TIME, NO_TIME_YET));
    }

    /// Adds the cells of a later part. Their new numbers, in order.
    pub fn merge(&mut self, later: &Cells) -> Vec<u32> {
        self.merge_keeping(later, &HashMap::new())
    }

    /// The same; `kept` are those that stay apart, or are of another key than they had.
    pub fn merge_keeping(&mut self, later: &Cells, kept: &HashMap<u32, Kept>) -> Vec<u32> {
        let known = self.len();
        self.tunnels.merge(&later.tunnels);
        self.bursts.merge(&later.bursts);
        let chains = self.tunnels.chain_numbers(&later.tunnels);
        let numbers: Vec<u32> = (0..later.len() as u32)
            .map(|id| self.counterpart(id, later, &chains, kept.get(&id).copied()))
            .collect();
        self.merge_arrivals(later, &numbers, known);
        for (id, (later_id, cell)) in numbers.iter().zip(later.numbered()) {
            self.take_in(*id, later, later_id, cell);
        }
        let path = |cell: u32| self.tunnels.stack_of(self.all[cell].key.tunnel());
        self.heard.merge(&later.heard, path, &numbers);
        let Self { all: cells, links, rare, tunnels, connections, .. } = self;
        let mut books = Books { cells, links, rare, tunnels };
        for (id, later_id) in numbers.iter().zip(0..) {
            if later.links[later_id].side != NONE {
                connections.side_of(*id, &mut books);
            }
        }
        for later_id in kept.keys() {
            let id = numbers[*later_id as usize];
            if books.cells[id].key.ports().is_some() {
                connections.side_of(id, &mut books);
            }
        }
        connections.merge(&later.connections, &later.all, &numbers, &mut books);
        for (head, first_time) in later.moves.heads() {
            let station = self.links[numbers[head as usize]].station;
            let is_known = (station as usize) < known;
            let theirs = later.moves.later(head, first_time, &numbers);
            self.moves.merge(station, &theirs, is_known, &self.all, &self.tunnels);
        }
        numbers
    }

    /// Adds `cell`, number `later_id` of another table, to cell `id`.
    fn take_in(&mut self, id: u32, later: &Cells, later_id: u32, cell: &Cell) {
        self.all[id].merge(cell);
        self.add_seen(id, later.seen(later_id));
        self.rare.merge(&mut self.links[id].rare, later.rare(later_id));
        if let (Some(checked), Some(verdicts)) = (&mut self.checked, later.verdicts(later_id)) {
            checked.add(id, verdicts);
        }
        self.spill.merge(id, &mut self.all[id], &later.spill, later_id, cell);
        self.policies.merge(id, &later.policies, later_id);
    }

    /// The cell that cell `theirs` of another table is merged into. `chains`: the numbers that the chains of that table have here.
    fn counterpart(&mut self, theirs: u32, table: &Cells, chains: &[u32], kept: Option<Kept>) -> u32 {
        let station = table.links[theirs].station;
        let time = || table.moves.first_time(station);
        let theirs = table.get(theirs);
        let tunnel = table.tunnel(theirs);
        let mut key = theirs.key;
        key.set_tunnel(self.tunnels.number(&tunnel.in_chain(chains[tunnel.chain() as usize])));
        if theirs.packets == 0 {
            return self.spare(key, theirs.origin, time());
        }
        if let Some(told) = kept.and_then(|kept| kept.told) {
            key.tell(told);
        }
        if kept.is_some_and(|kept| kept.apart) {
            return self.place_apart(key, theirs.origin, time());
        }
        self.settled(self.hash(&key), key, theirs.origin, time)
    }
}

#[cfg(test)]
mod tests;
