//! `conversations`: both directions between two inner MACs, or two inner IP addresses, in one VNI.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::roll_up::{Members, RollUp};
use super::{Column, Direction, Row, Sums, encapsulation, first, last, path_order};
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
}

/// One conversation.
pub struct ConversationRow<E> {
    vni: u32,
    path: PathId,
    a: E,
    b: E,
    sums: Sums,
    ab: Direction,
    ba: Direction,
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
        let (ab, ba) = (Direction::default(), Direction::default());
        Self { vni, path, a, b, sums: Sums::default(), ab, ba, kinds: Members::default() }
    }

    fn names(&self, name: impl Fn(u16) -> Cow<'static, str>) -> Value {
        let mut names: Vec<_> = self.kinds.sorted().into_iter().map(name).collect();
        names.sort_unstable();
        names.dedup();
        Value::Texts(names)
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
        ]
    };
}

/// An inner MAC address; `None` where the snap length cut it off.
type MacEnd = Option<Mac>;

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
}

/// An inner IP address; `None` where there was no room for the flow.
type IpEnd = Option<IpAddr>;

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
}

fn rows<E: End>(cells: &Cells) -> Vec<ConversationRow<E>> {
    let mut by_pair: RollUp<ConversationRow<E>> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let Some((source, destination)) = E::of(cell) else {
            continue;
        };
        let (vni, path) = (cell.key.vni(), cells.path_of(cell));
        let key = (vni, path, source.min(destination), source.max(destination));
        let row = by_pair.row(&key, |row| (row.vni, row.path, row.a, row.b), || ConversationRow::new(key));
        row.sums.add(id, cells);
        let direction = if source == row.a { &mut row.ab } else { &mut row.ba };
        direction.add(cell);
        if let Some(kind) = E::kind(cell) {
            row.kinds.add(kind);
        }
    }
    by_pair.into_rows()
}

/// The conversations between inner MAC addresses.
#[must_use]
pub fn by_mac(cells: &Cells) -> Vec<ConversationRow<Option<Mac>>> {
    rows(cells)
}

/// The conversations between inner IP addresses.
#[must_use]
pub fn by_ip(cells: &Cells) -> Vec<ConversationRow<Option<IpAddr>>> {
    rows(cells)
}
