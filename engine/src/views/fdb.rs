//! `fdb`: the forwarding table (VNI, MAC) -> VTEP that a VTEP would have learned from this traffic.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::roll_up::{Members, RollUp};
use super::{Column, Row, Sums, encapsulation, first, last, path_order};
use crate::cells::{Cells, Claimant, PathId};
use crate::decode::By;
use crate::value::Value;
use crate::wire::mac::Mac;

/// One station: a MAC in a VNI.
pub struct FdbRow {
    station: u32,
    vni: u32,
    path: PathId,
    mac: Mac,
    vtep: IpAddr,
    ips: Members<IpAddr>,
    sums: Sums,
    moves: u64,
    fastest_moves: Option<u64>,
}

impl Row for FdbRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
        Column { name: "mac", value: |r, _| Value::Mac(r.mac) },
        Column { name: "vtep", value: |r, _| Value::Ip(r.vtep) },
        Column { name: "ips", value: |r, _| Value::Ips(r.ips.sorted()) },
        Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
        Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
        Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
        Column { name: "moves", value: |r, _| Value::Count(r.moves) },
        Column {
            name: "five_moves_s",
            value: |r, _| Value::maybe(r.fastest_moves, |nanos| Value::Real(nanos as f64 / 1e9)),
        },
        Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.path) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        let order = (self.vni, self.mac).cmp(&(other.vni, other.mac));
        order.then_with(|| path_order(cells, self.path, other.path))
    }
}

/// The stations.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<FdbRow> {
    let mut by_station: RollUp<FdbRow> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let (Some(station), Some((mac, _))) = (cells.station(id), cell.key.macs()) else {
            continue;
        };
        let new = || {
            let place = cells.place(station);
            let vtep = cells.tunnel(cells.get(place.cell)).source();
            let (vni, path, moves) = (cell.key.vni(), cells.path_of(cell), place.moves);
            let fastest_moves = cells.fastest_moves(station);
            let (ips, sums) = (Members::default(), Sums::default());
            FdbRow { station, vni, path, mac, vtep, ips, sums, moves, fastest_moves }
        };
        let row = by_station.row(&station, |row| row.station, new);
        row.sums.add(id, cells);
        let addresses = cell.key.addresses().filter(|(source, _)| !source.is_unspecified());
        if let Some((source, _)) = addresses {
            row.ips.add(source);
        }
    }
    let mut rows = by_station.into_rows();
    add_neighbors(&mut rows, cells);
    rows
}

/// The addresses that Neighbor Discovery says to be at a MAC: it need not have sent from them yet.
fn add_neighbors(rows: &mut [FdbRow], cells: &Cells) {
    let told = |claimant: &&Claimant| claimant.is_by(By::Nd);
    let mut neighbors: HashMap<(PathId, u32, Mac), Vec<IpAddr>> = HashMap::new();
    for (path, vni, ip, claimed) in cells.claimed() {
        for claimant in claimed.claimants.iter().filter(told) {
            neighbors.entry((path, vni, claimant.mac)).or_default().push(ip);
        }
    }
    if neighbors.is_empty() {
        return;
    }
    for row in rows {
        let ips = neighbors.get(&(row.path, row.vni, row.mac));
        ips.into_iter().flatten().for_each(|ip| row.ips.add(*ip));
    }
}
