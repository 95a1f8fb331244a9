//! `overhead`: what encapsulation costs, in total, by VNI or by tunnel.

use std::cmp::Ordering;

use super::roll_up::RollUp;
use super::tunnels::Pair;
use super::{Column, Row, Sums, encapsulation, path_order};
use crate::cells::{Cell, Cells, PathId};
use crate::value::Value;

/// What the encapsulation of some packets costs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    sums: Sums,
    outer_ip_bytes: u64,
    udp_bytes: u64,
    overlay_bytes: u64,
    carrier_bytes: u64,
    largest_outer_ip: u32,
    largest_on_cable: u32,
    offload_frames: u64,
}

impl Cost {
    fn add(&mut self, id: u32, cell: &Cell, cells: &Cells) {
        let rare = cells.rare(id);
        let ip_header_bytes = cell.packets * u64::from(cells.tunnel(cell).ip_header_len());
        let headers = cells.header_bytes(cell);
        self.sums.add(id, cells);
        self.udp_bytes += cell.packets * u64::from(headers.udp);
        self.overlay_bytes += cell.packets * u64::from(headers.overlays);
        self.carrier_bytes += cell.packets * u64::from(headers.carriers);
        self.outer_ip_bytes += ip_header_bytes + rare.more_ip_bytes;
        self.largest_on_cable = self.largest_on_cable.max(cell.largest_on_cable);
        self.largest_outer_ip = self.largest_outer_ip.max(cell.largest_on_cable).max(rare.largest_offload);
        self.offload_frames += rare.offload_frames;
    }

    /// All that is neither IP, UDP, VXLAN, carrier nor inner frame: Ethernet headers, tags, padding, frame check sequences.
    fn outer_ethernet_bytes(&self) -> i64 {
        let headers = self.outer_ip_bytes + self.udp_bytes + self.overlay_bytes + self.carrier_bytes;
        self.sums.overhead_bytes() - headers.cast_signed()
    }

    /// An 802.1Q tag on each of the same frames.
    fn vlan_overhead_bytes(&self) -> u64 {
        self.sums.packets * 4
    }
}

/// A group of packets whose cost is told.
pub trait Group: Eq + Send + Sync + Copy + std::hash::Hash + 'static {
    /// The columns, the key's first.
    const COLUMNS: &'static [Column<OverheadRow<Self>>];
    /// The group of a cell: of nested overlays, that of the outermost.
    fn of(cell: &Cell, cells: &Cells) -> Self;
    /// The order of groups.
    fn order(self, other: Self, cells: &Cells) -> Ordering;
}

/// One group.
pub struct OverheadRow<G> {
    group: G,
    cost: Cost,
}

impl<G: Group> Row for OverheadRow<G> {
    const COLUMNS: &'static [Column<Self>] = G::COLUMNS;

    fn wire_bytes(&self) -> u64 {
        self.cost.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        self.group.order(other.group, cells)
    }
}

/// The columns of a group's table: its key's, what all have in common, the rest of its key's, and what came later.
macro_rules! columns {
    ([$($key:expr),*] $($last:expr),*) => {
        &[
            $($key,)*
            Column { name: "packets", value: |r, _| Value::Count(r.cost.sums.packets) },
            Column { name: "wire_bytes", value: |r, _| Value::Count(r.cost.sums.wire_bytes) },
            Column { name: "outer_ethernet_bytes", value: |r, _| Value::Signed(r.cost.outer_ethernet_bytes()) },
            Column { name: "outer_ip_bytes", value: |r, _| Value::Count(r.cost.outer_ip_bytes) },
            Column { name: "udp_bytes", value: |r, _| Value::Count(r.cost.udp_bytes) },
            Column { name: "vxlan_bytes", value: |r, _| Value::Count(r.cost.overlay_bytes) },
            Column { name: "overhead_bytes", value: |r, _| Value::Signed(r.cost.sums.overhead_bytes()) },
            Column { name: "overhead_percent", value: |r, _| r.cost.sums.overhead_percent() },
            Column { name: "inner_bytes", value: |r, _| Value::Count(r.cost.sums.inner_bytes) },
            Column { name: "payload_bytes", value: |r, _| Value::Count(r.cost.sums.payload_bytes) },
            Column {
                name: "goodput_percent",
                value: |r, _| Value::percent(r.cost.sums.payload_bytes.cast_signed(), r.cost.sums.wire_bytes),
            },
            Column { name: "vlan_overhead_bytes", value: |r, _| Value::Count(r.cost.vlan_overhead_bytes()) },
            Column { name: "largest_outer_ip_packet", value: |r, _| length(r.cost.largest_outer_ip) },
            Column { name: "required_underlay_mtu", value: |r, _| length(r.cost.largest_on_cable) },
            Column { name: "offload_frames", value: |r, _| Value::Count(r.cost.offload_frames) },
            $($last,)*
            Column { name: "carrier_bytes", value: |r, _| Value::Count(r.cost.carrier_bytes) },
        ]
    };
}

fn length(bytes: u32) -> Value {
    if bytes == 0 { Value::Null } else { Value::Count(bytes.into()) }
}

/// All packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Total;

impl Group for Total {
    const COLUMNS: &'static [Column<OverheadRow<Self>>] = columns!([]);
    fn of(_: &Cell, _: &Cells) -> Self {
        Self
    }
    fn order(self, _: Self, _: &Cells) -> Ordering {
        Ordering::Equal
    }
}

/// The packets of a VNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vni {
    number: u32,
    path: PathId,
}

impl Group for Vni {
    const COLUMNS: &'static [Column<OverheadRow<Self>>] = columns!(
        [Column { name: "vni", value: |r, _| Value::Count(r.group.number.into()) }]
        Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.group.path) }
    );
    fn of(cell: &Cell, cells: &Cells) -> Self {
        let level = cells.outermost(cell);
        Self { number: level.vni, path: level.path }
    }
    fn order(self, other: Self, cells: &Cells) -> Ordering {
        self.number.cmp(&other.number).then_with(|| path_order(cells, self.path, other.path))
    }
}

/// The packets of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tunnel {
    pair: Pair,
    path: PathId,
}

impl Group for Tunnel {
    const COLUMNS: &'static [Column<OverheadRow<Self>>] = columns!(
        [
            Column { name: "vtep_a", value: |r, _| Value::Ip(r.group.pair.vtep_a) },
            Column { name: "vtep_b", value: |r, _| Value::Ip(r.group.pair.vtep_b) }
        ]
        Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.group.path) }
    );
    fn of(cell: &Cell, cells: &Cells) -> Self {
        let level = cells.outermost(cell);
        Self { pair: Pair::of(level.tunnel), path: level.path }
    }
    fn order(self, other: Self, cells: &Cells) -> Ordering {
        self.pair.cmp(&other.pair).then_with(|| path_order(cells, self.path, other.path))
    }
}

/// The cost of each group.
#[must_use]
pub fn rows<G: Group>(cells: &Cells) -> Vec<OverheadRow<G>> {
    let mut by_group: RollUp<OverheadRow<G>> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let group = G::of(cell, cells);
        let new = || OverheadRow { group, cost: Cost::default() };
        by_group.row(&group, |row| row.group, new).cost.add(id, cell, cells);
    }
    by_group.into_rows()
}

/// The row of all packets together, which is there even when there are none.
#[must_use]
pub fn total(cells: &Cells) -> Vec<OverheadRow<Total>> {
    let mut rows = rows::<Total>(cells);
    if rows.is_empty() {
        rows.push(OverheadRow { group: Total, cost: Cost::default() });
    }
    rows
}
