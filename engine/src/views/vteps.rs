//! `vteps`: the outer addresses that send or receive VXLAN. A multicast group is none.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::roll_up::{Members, RollUp};
use super::{Column, Direction, Row, Sums, first, last, numbers};
use crate::cells::{Cell, Cells, Level};
use crate::value::Value;
use crate::wire::mac::Mac;

/// One VTEP.
pub struct VtepRow {
    vtep: IpAddr,
    sums: Sums,
    sent: Direction,
    received: Direction,
    vnis: Members<u32>,
    peers: Members<IpAddr>,
    stations: Members<u32>,
    outer_macs: Members<Mac>,
}

impl Row for VtepRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vtep", value: |r, _| Value::Ip(r.vtep) },
        Column { name: "vnis", value: |r, _| numbers(&r.vnis) },
        Column { name: "peers", value: |r, _| Value::Count(r.peers.count()) },
        Column { name: "packets_sent", value: |r, _| Value::Count(r.sent.packets) },
        Column { name: "packets_received", value: |r, _| Value::Count(r.received.packets) },
        Column { name: "inner_bytes_sent", value: |r, _| Value::Count(r.sent.inner_bytes) },
        Column { name: "inner_bytes_received", value: |r, _| Value::Count(r.received.inner_bytes) },
        Column { name: "wire_bytes", value: |r, _| Value::Count(r.sums.wire_bytes) },
        Column { name: "macs", value: |r, _| Value::Count(r.stations.count()) },
        Column { name: "outer_macs", value: |r, _| Value::Macs(r.outer_macs.sorted()) },
        Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
        Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        self.vtep.cmp(&other.vtep)
    }
}

impl VtepRow {
    fn new(vtep: IpAddr) -> Self {
        Self {
            vtep,
            sums: Sums::default(),
            sent: Direction::default(),
            received: Direction::default(),
            vnis: Members::default(),
            peers: Members::default(),
            stations: Members::default(),
            outer_macs: Members::default(),
        }
    }

    fn send(&mut self, id: u32, cell: &Cell, level: &Level<'_>, cells: &Cells) {
        self.sums.add(id, cells);
        self.sent.add(cell);
        self.meet(level, level.tunnel.destination());
        if level.is_innermost() {
            cells.station(id).into_iter().for_each(|station| self.stations.add(station));
        }
        cells.outer_macs(id, level, |mac| self.outer_macs.add(mac));
    }

    fn receive(&mut self, id: u32, cell: &Cell, level: &Level<'_>, cells: &Cells) {
        // A packet to oneself is on the wire once.
        if level.tunnel.source() != self.vtep {
            self.sums.add(id, cells);
        }
        self.received.add(cell);
        self.meet(level, level.tunnel.source());
    }

    fn meet(&mut self, level: &Level<'_>, peer: IpAddr) {
        self.vnis.add(level.vni);
        if !peer.is_multicast() {
            self.peers.add(peer);
        }
    }
}

/// The VTEPs, of each layer.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<VtepRow> {
    let mut by_vtep: RollUp<VtepRow> = RollUp::new();
    let key = |row: &VtepRow| row.vtep;
    for (id, cell) in cells.numbered() {
        for level in cells.levels(cell) {
            let (source, destination) = (level.tunnel.source(), level.tunnel.destination());
            if !source.is_multicast() {
                by_vtep.row(&source, key, || VtepRow::new(source)).send(id, cell, &level, cells);
            }
            if !destination.is_multicast() {
                by_vtep.row(&destination, key, || VtepRow::new(destination)).receive(id, cell, &level, cells);
            }
        }
    }
    by_vtep.into_rows()
}
