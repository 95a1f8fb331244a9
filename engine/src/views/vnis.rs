//! `vnis`: what each VNI carries, and who is in it.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::checksums::{Checksums, with_checksum_columns};
use super::roll_up::{Members, RollUp};
use super::tcp_health::{TcpSums, median_round_trips, with_tcp_columns};
use super::tunnels::Pair;
use super::{Column, Row, Sums, depth, encapsulation, first, flows, last, path_order};
use crate::cells::{Cell, Cells, Level, PathId};
use crate::packet::{Inside, Outside};
use crate::value::Value;
use crate::wire::ip::is_host;

/// One VNI.
#[derive(Clone)]
pub struct VniRow {
    vni: u32,
    path: PathId,
    sums: Sums,
    bum_packets: u64,
    tagged_packets: u64,
    icmp_errors: u64,
    vteps: u64,
    tunnels: u64,
    macs: u64,
    ips: u64,
    flows: u64,
    tcp: TcpSums,
    checksums: Checksums,
    policies: Vec<u16>,
}

impl Row for VniRow {
    const COLUMNS: &'static [Column<Self>] = with_checksum_columns![
        [
            Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
            Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
            Column { name: "inner_bytes", value: |r, _| Value::Count(r.sums.inner_bytes) },
            Column { name: "payload_bytes", value: |r, _| Value::Count(r.sums.payload_bytes) },
            Column { name: "wire_bytes", value: |r, _| Value::Count(r.sums.wire_bytes) },
            Column { name: "overhead_bytes", value: |r, _| Value::Signed(r.sums.overhead_bytes()) },
            Column { name: "overhead_percent", value: |r, _| r.sums.overhead_percent() },
            Column { name: "bum_packets", value: |r, _| Value::Count(r.bum_packets) },
            Column { name: "vteps", value: |r, _| Value::Count(r.vteps) },
            Column { name: "tunnels", value: |r, _| Value::Count(r.tunnels) },
            Column { name: "macs", value: |r, _| Value::Count(r.macs) },
            Column { name: "ips", value: |r, _| Value::Count(r.ips) },
            Column { name: "flows", value: |r, _| Value::Count(r.flows) },
            Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
            Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
            Column { name: "tagged_packets", value: |r, _| Value::Count(r.tagged_packets) },
        ],
        [
            Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.path) },
            Column { name: "depth", value: |r, cells| depth(cells, r.path) },
        ],
        [
            Column { name: "icmp_errors", value: |r, _| Value::Count(r.icmp_errors) },
            Column {
                name: "policy_ids",
                value: |r, _| Value::Counts(r.policies.iter().copied().map(u64::from).collect())
            },
        ]
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        self.vni.cmp(&other.vni).then_with(|| path_order(cells, self.path, other.path))
    }
}

impl VniRow {
    pub(super) fn macs(&self) -> u64 {
        self.macs
    }

    pub(super) fn ips(&self) -> u64 {
        self.ips
    }

    pub(super) fn flows(&self) -> u64 {
        self.flows
    }
}

/// A VNI while its cells are added up.
struct Vni {
    number: u32,
    path: PathId,
    sums: Sums,
    bum_packets: u64,
    tagged_packets: u64,
    icmp_errors: u64,
    vteps: Members<IpAddr>,
    tunnels: Members<Pair>,
    macs: u64,
    ips: Members<IpAddr>,
    flows: u64,
    tcp: TcpSums,
    checksums: Checksums,
    policies: Members<u16>,
}

impl Vni {
    fn new((number, path): (u32, PathId)) -> Self {
        Self {
            number,
            path,
            sums: Sums::default(),
            bum_packets: 0,
            tagged_packets: 0,
            icmp_errors: 0,
            vteps: Members::default(),
            tunnels: Members::default(),
            macs: 0,
            ips: Members::default(),
            flows: 0,
            tcp: TcpSums::default(),
            checksums: Checksums::default(),
            policies: Members::default(),
        }
    }

    fn add(&mut self, id: u32, cell: &Cell, level: &Level<'_>, cells: &Cells) {
        self.sums.add(id, cells);
        self.tcp.add(id, cell, cells);
        self.checksums.add(id, cells);
        self.icmp_errors += cells.rare(id).icmp_errors;
        if cell.key.is_bum() {
            self.bum_packets += cell.packets;
        }
        if cell.key.tag().is_some() {
            self.tagged_packets += cell.packets;
        }
        let ends = [level.tunnel.source(), level.tunnel.destination()];
        ends.into_iter().filter(|ip| !ip.is_multicast()).for_each(|ip| self.vteps.add(ip));
        self.tunnels.add(Pair::of(level.tunnel));
        cells.policies(id, level, |group| self.policies.add(group));
        // The tenant's addresses are known in the VNI that is directly around the tenant's frame.
        if level.is_innermost() {
            self.add_addresses(id, cell, cells);
        }
    }

    fn add_addresses(&mut self, id: u32, cell: &Cell, cells: &Cells) {
        // A station is known by its first cell, which is in its VNI.
        self.macs += u64::from(cells.station(id) == Some(id));
        let addresses = cell.key.addresses().filter(|_| cell.key.protocol().is_some());
        let hosts = addresses.into_iter().flat_map(|(source, destination)| [source, destination]);
        hosts.filter(|ip| is_host(*ip)).for_each(|ip| self.ips.add(ip));
    }

    fn row(self) -> VniRow {
        VniRow {
            vni: self.number,
            path: self.path,
            sums: self.sums,
            bum_packets: self.bum_packets,
            tagged_packets: self.tagged_packets,
            icmp_errors: self.icmp_errors,
            vteps: self.vteps.count(),
            tunnels: self.tunnels.count(),
            macs: self.macs,
            ips: self.ips.count(),
            flows: self.flows,
            tcp: self.tcp,
            checksums: self.checksums,
            policies: self.policies.sorted(),
        }
    }
}

/// The VNIs, of each layer.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<VniRow> {
    let mut by_vni: RollUp<Vni> = RollUp::new();
    let key = |row: &Vni| (row.number, row.path);
    for (id, cell) in cells.numbered() {
        for level in cells.levels(cell) {
            let vni = (level.vni, level.path);
            by_vni.row(&vni, key, || Vni::new(vni)).add(id, cell, &level, cells);
        }
    }
    for vni in flows::vnis(cells) {
        by_vni.row(&vni, key, || Vni::new(vni)).flows += 1;
    }
    let round_trips = median_round_trips(cells, |level| (level.vni, level.path));
    let rows = by_vni.into_rows().into_iter().map(|mut vni| {
        vni.tcp.round_trip = round_trips.get(&key(&vni)).copied();
        vni.row()
    });
    rows.collect()
}
