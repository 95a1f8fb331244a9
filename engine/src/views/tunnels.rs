//! `tunnels`: unordered pairs of VTEPs, or a VTEP and a multicast group. Never split by UDP source port.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::checksums::{Checksums, with_checksum_columns};
use super::roll_up::{Members, RollUp};
use super::tcp_health::{TcpSums, median_round_trips, with_tcp_columns};
use super::{Column, Direction, Row, Sums, depth, encapsulation, first, last, numbers, path_order};
use crate::cells::{Cells, PathId, ShortSet};
use crate::packet::{Inside, Outside, Tunnel};
use crate::value::Value;

/// Which tunnel. `vtep_a` is the lower address; of a multicast tunnel, the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The lower address, or the sender to a group.
    pub vtep_a: IpAddr,
    /// The higher address, or the group.
    pub vtep_b: IpAddr,
}

impl Pair {
    /// The tunnel, whichever its direction.
    #[must_use]
    pub fn of(tunnel: &Tunnel) -> Self {
        let (source, destination) = (tunnel.source(), tunnel.destination());
        if source <= destination || destination.is_multicast() {
            Self { vtep_a: source, vtep_b: destination }
        } else {
            Self { vtep_a: destination, vtep_b: source }
        }
    }
}

/// One tunnel.
pub struct TunnelRow {
    pair: Pair,
    path: PathId,
    vnis: Members<u32>,
    sums: Sums,
    ab: Direction,
    ba: Direction,
    source_ports_ab: ShortSet,
    source_ports_ba: ShortSet,
    tcp: TcpSums,
    checksums: Checksums,
}

impl Row for TunnelRow {
    const COLUMNS: &'static [Column<Self>] = with_checksum_columns![
        [
            Column { name: "vtep_a", value: |r, _| Value::Ip(r.pair.vtep_a) },
            Column { name: "vtep_b", value: |r, _| Value::Ip(r.pair.vtep_b) },
            Column { name: "kind", value: |r, _| Value::Text(r.kind().into()) },
            Column { name: "direction", value: |r, _| Value::Text(r.direction().into()) },
            Column { name: "vnis", value: |r, _| numbers(&r.vnis) },
            Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
            Column { name: "packets_ab", value: |r, _| Value::Count(r.ab.packets) },
            Column { name: "packets_ba", value: |r, _| Value::Count(r.ba.packets) },
            Column { name: "inner_bytes", value: |r, _| Value::Count(r.sums.inner_bytes) },
            Column { name: "inner_bytes_ab", value: |r, _| Value::Count(r.ab.inner_bytes) },
            Column { name: "inner_bytes_ba", value: |r, _| Value::Count(r.ba.inner_bytes) },
            Column { name: "wire_bytes", value: |r, _| Value::Count(r.sums.wire_bytes) },
            Column { name: "overhead_percent", value: |r, _| r.sums.overhead_percent() },
            Column { name: "source_ports_ab", value: |r, _| Value::Count(r.source_ports_ab.len() as u64) },
            Column { name: "source_ports_ba", value: |r, _| Value::Count(r.source_ports_ba.len() as u64) },
            Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
            Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
        ],
        [
            Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.path) },
            Column { name: "depth", value: |r, cells| depth(cells, r.path) },
        ]
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        self.pair.cmp(&other.pair).then_with(|| path_order(cells, self.path, other.path))
    }
}

impl TunnelRow {
    fn new((pair, path): (Pair, PathId)) -> Self {
        Self {
            pair,
            path,
            vnis: Members::default(),
            sums: Sums::default(),
            ab: Direction::default(),
            ba: Direction::default(),
            source_ports_ab: ShortSet::default(),
            source_ports_ba: ShortSet::default(),
            tcp: TcpSums::default(),
            checksums: Checksums::default(),
        }
    }

    fn kind(&self) -> &'static str {
        if self.pair.vtep_b.is_multicast() { "multicast" } else { "unicast" }
    }

    fn direction(&self) -> &'static str {
        match (self.ab.packets, self.ba.packets) {
            (_, 0) => "a_to_b",
            (0, _) => "b_to_a",
            _ => "both",
        }
    }
}

/// The tunnels, of each layer.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<TunnelRow> {
    let mut by_tunnel: RollUp<TunnelRow> = RollUp::new();
    for (id, cell) in cells.numbered() {
        for level in cells.levels(cell) {
            let key = (Pair::of(level.tunnel), level.path);
            let row = by_tunnel.row(&key, |row| (row.pair, row.path), || TunnelRow::new(key));
            row.sums.add(id, cells);
            row.tcp.add(id, cell, cells);
            row.checksums.add(id, cells);
            row.vnis.add(level.vni);
            let (direction, ports) = if level.tunnel.source() == row.pair.vtep_a {
                (&mut row.ab, &mut row.source_ports_ab)
            } else {
                (&mut row.ba, &mut row.source_ports_ba)
            };
            direction.add(cell);
            cells.source_ports(id, &level, ports);
        }
    }
    let round_trips = median_round_trips(cells, |level| (Pair::of(level.tunnel), level.path));
    let mut rows = by_tunnel.into_rows();
    for row in &mut rows {
        row.tcp.round_trip = round_trips.get(&(row.pair, row.path)).copied();
    }
    rows
}
