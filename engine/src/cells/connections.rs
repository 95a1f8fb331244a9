//! TCP connections: the inner 5-tuples of TCP in each VNI, both directions together.
//!
//! A connection may go over several cells: other MACs, another tunnel after a virtual machine moved. Where a direction
//! stands is kept in the cell of its latest segment, so that the next one touches nothing else; what went wrong is counted
//! in the cell of each segment. Here is what only few segments need: how the connection began, and which cells it goes over.

mod follow;
mod handshake;
mod head;
mod holes;
mod merging;
mod standing;

use std::hash::BuildHasher;

use super::chunks::Chunks;
use super::index::{Index, Seed};
use super::rare::RareRows;
use super::stream::{LARGEST_WINDOW, Past, Segment, Stream};
use super::tunnels::Tunnels;
use super::{Cell, Health, Link, NONE};
use crate::memory::prefetch;
use crate::packet::FlowKey;
use crate::wire::ip::protocol;

use follow::Follower;
use handshake::Handshake;
pub use handshake::RoundTrips;
use head::Head;
use holes::AllHoles;
pub use standing::Standing;

mod bit {
    /// The stream began with a SYN.
    pub(super) const OPENED: u8 = 1;
    /// The latest segment asked whether the peer is there, or has room.
    pub(super) const PROBED: u8 = 2;
    /// It was a window probe, whose byte the peer may have taken.
    pub(super) const OFFERED: u8 = 16;
    /// The first segment, or what only repeats it, is all there is, and may have been such a probe.
    pub(super) const LONE: u8 = 4;
    /// What lies before the first segment is among the holes, or was forgotten.
    pub(super) const LOOKED_BACK: u8 = 8;
}

/// One direction of a connection.
#[derive(Debug, Clone, Copy)]
struct Side {
    /// When the first segment came.
    time: i64,
    head: Head,
    /// The cell of the latest segment, in which the [`super::stream::Stream`] is; [`NONE`] before the first.
    cell: u32,
    /// The sequence number that the stream began with.
    began: u32,
    bits: u8,
}

impl Side {
    fn unseen(cell: u32) -> Self {
        Self { time: 0, head: Head::unseen(cell), cell: NONE, began: 0, bits: 0 }
    }

    fn has(&self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    fn set(&mut self, bit: u8, holds: bool) {
        self.bits = self.bits & !bit | if holds { bit } else { 0 };
    }

    fn is_silent(&self) -> bool {
        self.cell == NONE
    }

    /// What this direction did before its next segment.
    fn past(&self) -> Past {
        let is_small = self.has(bit::LONE) && self.first().len == 1;
        Past {
            syn: self.has(bit::OPENED).then_some(self.began),
            probed: self.has(bit::PROBED) || is_small,
            offered: self.has(bit::OFFERED),
        }
    }

    /// The first segment.
    fn first(&self) -> Segment {
        self.head.segment(self.time)
    }
}

/// A connection: the ways from the lower end ([`FlowKey`]) and to it.
#[derive(Debug, Clone, Copy)]
struct Connection {
    handshake: Handshake,
    sides: [Side; 2],
}

/// Memory that a connection takes, in bytes, beside its place in the index.
pub(super) const CONNECTION_SIZE: usize = size_of::<Connection>();
const _: () = assert!(CONNECTION_SIZE == 104);

/// The connections of a run. Sides are numbered: twice the connection's number, plus one for the way to the lower end.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Chunks<Connection>,
    holes: AllHoles,
    index: Index,
    seed: Seed,
}

/// What the following of connections reads and changes in cells.
pub(super) struct Books<'a> {
    pub(super) cells: &'a mut Chunks<Cell>,
    pub(super) links: &'a mut Chunks<Link>,
    pub(super) rare: &'a mut RareRows,
    pub(super) tunnels: &'a Tunnels,
}

impl Books<'_> {
    /// The health of cell `id`, to change it.
    fn health(&mut self, id: u32) -> &mut Health {
        &mut self.rare.of(&mut self.links[id].rare).health
    }

    /// Where the side stands whose latest segment is of cell `id`.
    fn stream(&self, id: u32) -> Stream {
        self.cells[id].stream()
    }
}

/// The flow of a cell of TCP, and whether its packets go from its lower end.
fn flow_of_tcp(cell: &Cell, tunnels: &Tunnels) -> Option<(FlowKey, bool)> {
    let is_tcp = cell.key.protocol() == Some(protocol::TCP);
    tunnels.flow(cell).filter(|_| is_tcp)
}

fn way_of(side: u32) -> usize {
    (side & 1) as usize
}

impl Connections {
    /// Fetches where the connection of a cell is looked up that is in none yet; the hash it is looked up by.
    pub(super) fn fetch_slot(&self, cell: &Cell, tunnels: &Tunnels) -> Option<u64> {
        let (flow, _) = flow_of_tcp(cell, tunnels)?;
        let hash = self.seed.hash_one(flow);
        self.index.prefetch(hash);
        Some(hash)
    }

    /// What is likely the connection that has this hash.
    pub(super) fn likely(&self, hash: u64) -> Option<u32> {
        self.index.first_alike(hash)
    }

    /// Fetches connection `number`.
    pub(super) fn fetch(&self, number: u32) {
        // It may reach over three cache lines.
        let Connection { handshake, sides } = &self.all[number];
        prefetch(handshake);
        sides.iter().for_each(prefetch);
        prefetch(&sides[1].bits);
    }

    /// Fetches the cells that tell where connection `number` stands.
    pub(super) fn fetch_cells(&self, number: u32, cells: &Chunks<Cell>) {
        let [lower, higher] = &self.all[number].sides;
        prefetch(&cells[lower.head.cell].key);
        for side in [lower, higher] {
            if !side.is_silent() {
                prefetch(&cells[side.cell].packets);
            }
        }
    }

    /// The side that cell `id` is part of; `None` where it is of no TCP connection.
    pub(super) fn side_of(&mut self, id: u32, books: &mut Books<'_>) -> Option<u32> {
        if books.links[id].side == NONE {
            books.links[id].side = self.join(id, books)?;
        }
        Some(books.links[id].side)
    }

    fn join(&mut self, id: u32, books: &Books<'_>) -> Option<u32> {
        let (flow, from_lower) = flow_of_tcp(&books.cells[id], books.tunnels)?;
        let hash = self.seed.hash_one(flow);
        let same = |number| self.key(number, books) == Some(flow);
        let number = match self.index.find(hash, same) {
            Some(number) => number,
            None => self.begin(hash, id)?,
        };
        Some(number << 1 | u32::from(!from_lower))
    }

    fn key(&self, number: u32, books: &Books<'_>) -> Option<FlowKey> {
        let cell = self.all[number].sides[0].head.cell;
        books.tunnels.flow(&books.cells[cell]).map(|(flow, _)| flow)
    }

    /// Takes in a connection; `None` where sides can have no more numbers.
    fn begin(&mut self, hash: u64, cell: u32) -> Option<u32> {
        let number = u32::try_from(self.all.len()).ok().filter(|number| *number < NONE >> 1)?;
        self.index.insert(hash, number);
        self.all.push(Connection { handshake: Handshake::default(), sides: [Side::unseen(cell); 2] });
        Some(number)
    }

    fn follower<'a, 'b>(&'a mut self, number: u32, books: &'a mut Books<'b>) -> Follower<'a, 'b> {
        Follower { connection: &mut self.all[number], number, holes: &mut self.holes, books }
    }

    /// Takes in a segment of cell `cell`, whatever it is.
    pub(super) fn take(&mut self, cell: u32, segment: &Segment, books: &mut Books<'_>) {
        if let Some(side) = self.side_of(cell, books) {
            self.follower(side >> 1, books).take(way_of(side), cell, segment);
        }
    }

    /// How long the handshake of a side's connection took.
    pub(super) fn round_trips(&self, side: u32) -> RoundTrips {
        self.all[side >> 1].handshake.round_trips()
    }

    /// The round trips of each connection, with the cell of its first segment.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, RoundTrips)> {
        self.all.iter().map(|connection| {
            let [lower, higher] = &connection.sides;
            let first = if higher.head.came_first() { higher } else { lower };
            (first.head.cell, connection.handshake.round_trips())
        })
    }
}
