//! Packet -> cell: the one hash table. Every report is a roll-up of the cells.

mod chunks;
mod index;
mod moves;
mod spill;
mod tcp;
mod tunnels;
mod underlay;

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::memory::prefetch;
use crate::packet::{Key, Note, Origin, Packet, Tunnel};
use crate::timespan::TimeSpan;
use crate::wire::icmp::Error;
use crate::wire::mac::Mac;

use chunks::Chunks;
use index::Index;
use moves::Moves;
pub use moves::{MANY_MOVES, Place};
pub use spill::PortSet;
use spill::Spill;
pub use tcp::{End, Trace};
use tunnels::Tunnels;
pub use underlay::{Errors, Treatment};

/// How many packets are looked up together, so that their cache misses overlap.
pub const BATCH: usize = 32;

/// What all packets with one key add up to. Two cache lines: the key, and what each packet changes.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Cell {
    /// What the packets have in common.
    pub key: Key,
    /// Packets.
    pub packets: u64,
    /// Wire lengths, those of all fragments of their datagrams included.
    pub wire_bytes: u64,
    /// Inner Ethernet frames.
    pub inner_bytes: u64,
    /// What the inner transport protocol carried.
    pub payload_bytes: u64,
    /// When they were seen.
    pub seen: TimeSpan,
    /// Where the first packet came from.
    origin: Origin,
    /// Largest outer IP packet that segmentation offload did not make; 0 if there is none.
    pub largest_on_cable: u32,
    /// TCP control bits of all packets together.
    pub tcp_control: u8,
    /// How this direction of a TCP connection went.
    pub trace: Trace,
    marks: u8,
}

/// What few packets change, kept apart from the [`Cell`] that most do.
#[derive(Debug, Clone)]
pub struct Rare {
    /// First cell of the station (VNI, inner source MAC) that sent the packets, and the next cell of the same one.
    station: u32,
    next_of_station: u32,
    /// Outer IP options and extension headers, and the IP headers of other fragments.
    pub more_ip_bytes: u64,
    /// Packets that segmentation offload made.
    pub offload_frames: u64,
    /// The largest outer IP packet among those.
    pub largest_offload: u32,
}

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

/// Memory that one cell takes, in bytes, beside its place in the index.
pub const CELL_SIZE: usize = size_of::<Cell>() + size_of::<Rare>();
const _: () = assert!(size_of::<Cell>() == 128 && CELL_SIZE == 160);

/// No cell.
const NONE: u32 = u32::MAX;

mod mark {
    /// More than one outer source port or MAC: they are in the spill.
    pub(super) const SPILLED: u8 = 1;
    /// The station has been seen behind several VTEPs: each packet may be a move.
    pub(super) const CONTESTED: u8 = 2;
}

impl Cell {
    fn new(key: Key, origin: Origin) -> Self {
        Self {
            key,
            packets: 0,
            wire_bytes: 0,
            inner_bytes: 0,
            payload_bytes: 0,
            seen: TimeSpan::default(),
            origin,
            largest_on_cable: 0,
            tcp_control: 0,
            trace: Trace::default(),
            marks: 0,
        }
    }

    #[inline]
    fn add(&mut self, packet: &Packet) {
        self.packets += 1;
        self.wire_bytes += u64::from(packet.wire_len);
        self.inner_bytes += u64::from(packet.inner_len);
        self.payload_bytes += u64::from(packet.payload_len);
        self.seen.add(packet.time);
        if packet.tcp_control != 0 {
            self.tcp_control |= packet.tcp_control;
            self.trace = self.trace.with(packet.tcp_control, packet.payload_len != 0);
        }
    }

    fn merge(&mut self, later: &Cell) {
        self.packets += later.packets;
        self.wire_bytes += later.wire_bytes;
        self.inner_bytes += later.inner_bytes;
        self.payload_bytes += later.payload_bytes;
        self.seen.merge(later.seen);
        self.largest_on_cable = self.largest_on_cable.max(later.largest_on_cable);
        self.tcp_control |= later.tcp_control;
        self.trace.merge(later.trace);
    }
}

impl Rare {
    fn new() -> Self {
        let (station, next_of_station) = (NONE, NONE);
        Self { station, next_of_station, more_ip_bytes: 0, offload_frames: 0, largest_offload: 0 }
    }

    #[cold]
    fn add_offload(&mut self, packet: &Packet) {
        self.offload_frames += 1;
        self.largest_offload = self.largest_offload.max(packet.outer_ip_len);
    }

    fn merge(&mut self, later: &Rare) {
        self.more_ip_bytes += later.more_ip_bytes;
        self.offload_frames += later.offload_frames;
        self.largest_offload = self.largest_offload.max(later.largest_offload);
    }
}

/// The cells of a run, in the order of their first packets.
#[derive(Debug, Default)]
pub struct Cells {
    all: Chunks<Cell>,
    rare: Chunks<Rare>,
    index: Index,
    hasher: RandomState,
    tunnels: Tunnels,
    spill: Spill,
    moves: Moves,
}

impl Cells {
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
        &self.rare[id]
    }

    /// The direction of a tunnel that a cell's packets went.
    #[inline]
    #[must_use]
    pub fn tunnel(&self, cell: &Cell) -> &Tunnel {
        self.tunnels.get(cell.key.tunnel())
    }

    /// All directions of tunnels, each once for each UDP port.
    pub fn tunnels(&self) -> impl Iterator<Item = &Tunnel> {
        self.tunnels.iter()
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
        let mut guesses = [None; BATCH];
        for packets in packets.chunks_mut(BATCH) {
            // Short loops: the shorter, the more of their cache misses the processor has in flight.
            for packet in &mut *packets {
                packet.key.set_tunnel(self.tunnels.carry(packet));
            }
            for (hash, packet) in hashes.iter_mut().zip(&*packets) {
                *hash = self.hasher.hash_one(packet.key);
                self.index.prefetch(*hash);
            }
            for (hash, guess) in hashes.iter().zip(&mut guesses).take(packets.len()) {
                *guess = self.index.first_alike(*hash);
                if let Some(id) = *guess {
                    let cell = &self.all[id];
                    prefetch(&cell.key);
                    prefetch(&cell.packets);
                }
            }
            for ((hash, guess), packet) in hashes.iter().zip(&guesses).zip(&*packets) {
                self.add_one(*hash, *guess, packet);
            }
        }
    }

    /// Adds one packet; which cell it went to.
    pub fn add_alone(&mut self, packet: &Packet) -> u32 {
        let mut packet = *packet;
        packet.key.set_tunnel(self.tunnels.carry(&packet));
        self.add_one(self.hasher.hash_one(packet.key), None, &packet)
    }

    /// Charges other fragments of a datagram to the cell of its packet.
    pub fn charge(&mut self, id: u32, bytes: Charge) {
        self.all[id].wire_bytes += bytes.wire;
        self.rare[id].more_ip_bytes += bytes.ip_header;
        self.tunnels.path(self.all[id].key.tunnel()).add_pieces(bytes.pieces);
    }

    #[inline]
    fn add_one(&mut self, hash: u64, guess: Option<u32>, packet: &Packet) -> u32 {
        let all = &self.all;
        let same = |id: &u32| all[*id].key == packet.key;
        let id = match guess.filter(same).or_else(|| self.index.find(hash, |id| same(&id))) {
            Some(id) => id,
            None => self.insert(hash, Cell::new(packet.key, packet.origin), packet.time),
        };
        let cell = &mut self.all[id];
        cell.add(packet);
        if packet.notes.has(Note::Offload) {
            self.rare[id].add_offload(packet);
        } else {
            cell.largest_on_cable = cell.largest_on_cable.max(packet.outer_ip_len);
        }
        let options = packet.outer_ip_header_len - packet.tunnel.ip_header_len();
        if options != 0 {
            self.rare[id].more_ip_bytes += u64::from(options);
        }
        if cell.origin != packet.origin {
            self.spill.add(id, cell, packet.origin);
        }
        if cell.marks & mark::CONTESTED != 0 {
            self.moves.sent(id, packet.time, &self.all, &self.rare, &self.tunnels);
        }
        id
    }

    /// Takes in a new cell; the number it gets. `time`: when the first packet of its station came, if it is new too.
    fn insert(&mut self, hash: u64, cell: Cell, time: i64) -> u32 {
        let id = u32::try_from(self.len()).unwrap_or(NONE);
        assert!(id != NONE, "2^32 - 1 cells are more memory than any machine has");
        self.index.insert(hash, id);
        self.all.push(cell);
        self.rare.push(Rare::new());
        self.moves.settle(id, time, &mut self.all, &mut self.rare, &self.tunnels);
        id
    }

    /// First cell of the station that sent a cell's packets; `None` where a forwarding table learns nothing from them.
    #[must_use]
    pub fn station(&self, id: u32) -> Option<u32> {
        Some(self.rare[id].station).filter(|station| *station != NONE)
    }

    /// Where a station, known by its first cell, was last seen.
    #[must_use]
    pub fn place(&self, station: u32) -> Place {
        self.moves.place(station)
    }

    /// Hands over the outer source ports of a cell, with how many packets each has.
    pub fn port_loads(&self, id: u32, each: impl FnMut(u16, u64)) {
        self.spill.each_port(id, self.get(id), each);
    }

    /// The shortest time that [`MANY_MOVES`] moves in a row of a station, known by its first cell, took: nanoseconds.
    #[must_use]
    pub fn fastest_moves(&self, station: u32) -> Option<u64> {
        self.moves.fastest(station)
    }

    /// Adds the outer source ports of a cell to `ports`.
    pub fn source_ports(&self, id: u32, ports: &mut PortSet) {
        self.spill.add_ports_to(ports, id, self.get(id));
    }

    /// Hands over the outer source MACs of a cell.
    pub fn outer_macs(&self, id: u32, each: impl FnMut(Mac)) {
        self.spill.each_mac(id, self.get(id), each);
    }

    /// Adds the cells of a later part. Their new numbers, in order.
    pub fn merge(&mut self, later: &Cells) -> Vec<u32> {
        let known = self.len();
        self.tunnels.merge(&later.tunnels);
        let numbers: Vec<u32> = later.numbered().map(|(id, cell)| self.merge_one(id, cell, later)).collect();
        for (head, first_time) in later.moves.heads() {
            let station = self.rare[numbers[head as usize]].station;
            let is_known = (station as usize) < known;
            let theirs = later.moves.later(head, first_time, &numbers);
            self.moves.merge(station, &theirs, is_known, &self.all, &self.tunnels);
        }
        numbers
    }

    fn merge_one(&mut self, later_id: u32, later: &Cell, table: &Cells) -> u32 {
        let mut key = later.key;
        key.set_tunnel(self.tunnels.number(table.tunnel(later)));
        let hash = self.hasher.hash_one(key);
        let all = &self.all;
        let id = self.index.find(hash, |id| all[id].key == key).unwrap_or_else(|| {
            let time = table.moves.first_time(later, &table.all);
            self.insert(hash, Cell::new(key, later.origin), time)
        });
        let cell = &mut self.all[id];
        cell.merge(later);
        self.rare[id].merge(table.rare(later_id));
        self.spill.merge(id, cell, &table.spill, later_id, later);
        id
    }
}

#[cfg(test)]
mod tests;
