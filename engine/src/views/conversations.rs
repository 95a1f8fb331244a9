//! `conversations`: both directions between two inner MACs, or two inner IP addresses, in one VNI.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::pairs::{self, BothWays};
use super::roll_up::{Members, RollUp};
use super::{Column, Row, Sums, encapsulation, first, last, path_order};
use crate::cells::{Cell, Cells, PathId};
use crate::value::Value;
use crate::wire::mac::Mac;
use crate::wire::{ethernet, ip};

/// What a conversation is between.
pub trait End: Ord + Send + Sync + Copy + std::hash::Hash + 'static {
    /// The columns.
    const COLUMNS: &'static [Column<ConversationRow<Self>>];
    /// The ends of a cell's packets, source first; `None` where the cell is no part of this table.
    fn of(cell: &Cell) -> Option<(Self, Self)>;
    /// What is listed of a cell: its EtherType or its protocol.
    fn kind(cell: &Cell) -> Option<u16>;
    /// Whether it is somebody's address.
    fn is_known(self) -> bool;
}

/// One direction of a conversation.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    packets: u64,
    inner_bytes: u64,
    /// Number of its first cell, if it has packets.
    first_cell: u32,
}

impl Way {
    fn add(&mut self, id: u32, cells: &Cells) {
        let cell = cells.get(id);
        self.join(Self { packets: cell.packets, inner_bytes: cell.inner_bytes, first_cell: id }, cells);
    }

    /// Adds the same way of a conversation in another VNI.
    fn join(&mut self, other: Self, cells: &Cells) {
        let came = |way: &Self| cells.arrival(way.first_cell);
        if self.packets == 0 || other.packets > 0 && came(&other) < came(self) {
            self.first_cell = other.first_cell;
        }
        self.packets += other.packets;
        self.inner_bytes += other.inner_bytes;
    }

    /// The VNI of its first packet, if it has any.
    fn vni(&self, cells: &Cells) -> Option<u32> {
        (self.packets > 0).then(|| cells.get(self.first_cell).key.vni())
    }
}

/// One conversation.
pub struct ConversationRow<E> {
    vni: u32,
    path: PathId,
    a: E,
    b: E,
    sums: Sums,
    ab: Way,
    ba: Way,
    kinds: Members<u16>,
}

impl<E: End> Row for ConversationRow<E> {
    const COLUMNS: &'static [Column<Self>] = E::COLUMNS;

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        let order = (self.vni, self.a, self.b).cmp(&(other.vni, other.a, other.b));
        order.then_with(|| path_order(cells, self.path, other.path))
    }
}

impl<E> ConversationRow<E> {
    fn new((vni, path, a, b): (u32, PathId, E, E)) -> Self {
        let (ab, ba) = (Way::default(), Way::default());
        Self { vni, path, a, b, sums: Sums::default(), ab, ba, kinds: Members::default() }
    }

    fn names(&self, name: impl Fn(u16) -> Cow<'static, str>) -> Value {
        let mut names: Vec<_> = self.kinds.sorted().into_iter().map(name).collect();
        names.sort_unstable();
        names.dedup();
        Value::Texts(names)
    }

    /// The VNI of the way from `b` to `a`, where that is another.
    fn reverse_vni(&self, cells: &Cells) -> Option<u32> {
        let (ahead, back) = (self.ab.vni(cells)?, self.ba.vni(cells)?);
        (ahead != back).then_some(back)
    }
}

impl<E: End> BothWays for ConversationRow<E> {
    type Ends = (PathId, E, E);
    type Sender = E;

    fn is_one_way(&self) -> bool {
        self.ab.packets == 0 || self.ba.packets == 0
    }

    fn first_cell(&self) -> u32 {
        if self.ab.packets > 0 { self.ab.first_cell } else { self.ba.first_cell }
    }

    fn ends(cell: &Cell, cells: &Cells) -> Option<(Self::Ends, bool)> {
        let (source, destination) = E::of(cell).filter(|(source, _)| source.is_known())?;
        let ends = (cells.path_of(cell), source.min(destination), source.max(destination));
        Some((ends, source <= destination))
    }

    fn sender(cell: &Cell) -> Option<E> {
        E::of(cell).map(|(source, _)| source)
    }

    fn join(&mut self, other: Self, cells: &Cells) {
        self.sums.join(&other.sums);
        self.ab.join(other.ab, cells);
        self.ba.join(other.ba, cells);
        for kind in other.kinds.sorted() {
            self.kinds.add(kind);
        }
        self.vni = self.ab.vni(cells).or(self.ba.vni(cells)).unwrap_or(self.vni);
    }
}

macro_rules! columns {
    ($a:literal, $b:literal, $end:expr, $kinds:expr) => {
        &[
            Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
            Column { name: $a, value: |r, _| $end(r.a) },
            Column { name: $b, value: |r, _| $end(r.b) },
            Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
            Column { name: "packets_ab", value: |r, _| Value::Count(r.ab.packets) },
            Column { name: "packets_ba", value: |r, _| Value::Count(r.ba.packets) },
            Column { name: "inner_bytes", value: |r, _| Value::Count(r.sums.inner_bytes) },
            Column { name: "inner_bytes_ab", value: |r, _| Value::Count(r.ab.inner_bytes) },
            Column { name: "inner_bytes_ba", value: |r, _| Value::Count(r.ba.inner_bytes) },
            Column { name: "wire_bytes", value: |r, _| Value::Count(r.sums.wire_bytes) },
            $kinds,
            Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
            Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
            Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.path) },
            Column {
                name: "vni_rev",
                value: |r, cells| Value::maybe(r.reverse_vni(cells), |vni| Value::Count(vni.into())),
            },
        ]
    };
}

/// An inner MAC address; `None` where the snap length cut it off.
pub type MacEnd = Option<Mac>;

impl End for MacEnd {
    const COLUMNS: &'static [Column<ConversationRow<Self>>] = columns!(
        "mac_a",
        "mac_b",
        |mac| Value::maybe(mac, Value::Mac),
        Column { name: "ethertypes", value: |r, _| r.names(ethernet::name) }
    );

    fn of(cell: &Cell) -> Option<(Self, Self)> {
        Some(cell.key.macs().map_or((None, None), |(source, destination)| (Some(source), Some(destination))))
    }

    fn kind(cell: &Cell) -> Option<u16> {
        cell.key.ethertype()
    }

    fn is_known(self) -> bool {
        self.is_some()
    }
}

/// An inner IP address; `None` where there was no room for the flow.
pub type IpEnd = Option<IpAddr>;

impl End for IpEnd {
    const COLUMNS: &'static [Column<ConversationRow<Self>>] = columns!(
        "ip_a",
        "ip_b",
        |ip| Value::maybe(ip, Value::Ip),
        Column { name: "protocols", value: |r, _| r.names(|number| ip::protocol_name(number as u8)) }
    );

    fn of(cell: &Cell) -> Option<(Self, Self)> {
        let known = cell.key.addresses().filter(|_| cell.key.protocol().is_some());
        let ends = known.map(|(source, destination)| (Some(source), Some(destination)));
        ends.or_else(|| cell.key.is_rest_of_ip().then_some((None, None)))
    }

    fn kind(cell: &Cell) -> Option<u16> {
        cell.key.protocol().map(u16::from)
    }

    fn is_known(self) -> bool {
        self.is_some()
    }
}

/// Between inner MAC addresses.
pub type ByMac = ConversationRow<MacEnd>;
/// Between inner IP addresses.
pub type ByIp = ConversationRow<IpEnd>;

/// The conversations.
#[must_use]
pub fn rows<E: End>(cells: &Cells) -> Vec<ConversationRow<E>> {
    let mut by_pair: RollUp<ConversationRow<E>> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let Some((source, destination)) = E::of(cell) else {
            continue;
        };
        let (vni, path) = (cell.key.vni(), cells.path_of(cell));
        let key = (vni, path, source.min(destination), source.max(destination));
        let row = by_pair.row(&key, |row| (row.vni, row.path, row.a, row.b), || ConversationRow::new(key));
        row.sums.add(id, cells);
        let way = if source == row.a { &mut row.ab } else { &mut row.ba };
        way.add(id, cells);
        if let Some(kind) = E::kind(cell) {
            row.kinds.add(kind);
        }
    }
    by_pair.into_rows()
}

/// The same, but that two which are each other's way back in another VNI, and nobody else's, are one.
#[must_use]
pub fn paired<E: End>(cells: &Cells) -> Vec<ConversationRow<E>> {
    pairs::joined(rows(cells), cells)
}

/// The conversations, whatever their VNI: one for each pair of ends, and what has none of each VNI.
#[must_use]
pub fn across_vnis<E: End>(cells: &Cells) -> Vec<ConversationRow<E>> {
    let mut by_pair: RollUp<ConversationRow<E>> = RollUp::new();
    // The VNI of a row changes as others join it, but not of what has no ends.
    let key = |row: &ConversationRow<E>| ((!row.a.is_known()).then_some(row.vni), row.path, row.a, row.b);
    for row in rows(cells) {
        let new = || ConversationRow::new((row.vni, row.path, row.a, row.b));
        by_pair.row(&key(&row), key, new).join(row, cells);
    }
    by_pair.into_rows()
}
