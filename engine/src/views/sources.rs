//! `sources`: which MAC sent from which address behind which VTEP, where that is remarkable: the address is another MAC's
//! too, the MAC moved, or both are heard in another VNI. Internal; for the rules of findings.

use std::cmp::Ordering;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::roll_up::RollUp;
use super::{Column, Row, Sums};
use crate::cells::{Cell, Cells};
use crate::timespan::TimeSpan;
use crate::value::Value;
use crate::wire::ethernet::ethertype;
use crate::wire::mac::Mac;

type Map<K, V> = HashMap<K, V, RandomState>;
type Set<K> = HashSet<K, RandomState>;

/// What one station sent from one address, behind one VTEP.
pub struct SourceRow {
    vni: u32,
    mac: Mac,
    vtep: IpAddr,
    ip: IpAddr,
    sums: Sums,
    arp_packets: u64,
    /// How many addresses the station sent from, in all: a router has many.
    addresses: u64,
    /// Whether unicast is sent to the station.
    sent_to: bool,
    /// Another VNI in which the same MAC and address are heard, and sent to.
    home: Option<u32>,
}

impl SourceRow {
    fn key(&self) -> (u32, Mac, IpAddr, IpAddr) {
        (self.vni, self.mac, self.vtep, self.ip)
    }
}

impl Row for SourceRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
        Column { name: "mac", value: |r, _| Value::Mac(r.mac) },
        Column { name: "vtep", value: |r, _| Value::Ip(r.vtep) },
        Column { name: "ip", value: |r, _| Value::Ip(r.ip) },
        Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
        Column { name: "arp_packets", value: |r, _| Value::Count(r.arp_packets) },
        Column { name: "addresses", value: |r, _| Value::Count(r.addresses) },
        Column { name: "home", value: |r, _| Value::maybe(r.home, |vni| Value::Count(vni.into())) },
        Column { name: "first", value: |r, _| seconds(r.sums.seen, |(first, _)| first) },
        Column { name: "last", value: |r, _| seconds(r.sums.seen, |(_, last)| last) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The sources that are remarkable.
#[must_use]
pub fn sources(cells: &Cells) -> Vec<SourceRow> {
    let mut rows = all(cells);
    let mut macs: Map<(u32, IpAddr), (Mac, bool)> = Map::default();
    let mut places: Map<(u32, Mac), (IpAddr, bool, Set<IpAddr>)> = Map::default();
    for row in &rows {
        let (mac, shared) = macs.entry((row.vni, row.ip)).or_insert((row.mac, false));
        *shared |= *mac != row.mac;
        let place = places.entry((row.vni, row.mac)).or_insert_with(|| (row.vtep, false, Set::default()));
        place.1 |= place.0 != row.vtep;
        place.2.insert(row.ip);
    }
    find_homes(&mut rows, cells);
    rows.retain_mut(|row| {
        let place = places.get(&(row.vni, row.mac));
        row.addresses = place.map_or(0, |(_, _, addresses)| addresses.len() as u64);
        let shared = macs.get(&(row.vni, row.ip)).is_some_and(|(_, shared)| *shared);
        shared || place.is_some_and(|(_, moved, _)| *moved) || row.home.is_some()
    });
    rows
}

fn all(cells: &Cells) -> Vec<SourceRow> {
    let mut by_source: RollUp<SourceRow> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let (Some(_), Some((mac, _)), Some(ip)) = (cells.station(id), cell.key.macs(), address(cell)) else {
            continue;
        };
        let (vni, vtep) = (cell.key.vni(), cells.tunnel(cell).source());
        let (sums, arp_packets, addresses) = (Sums::default(), 0, 0);
        let new =
            || SourceRow { vni, mac, vtep, ip, sums, arp_packets, addresses, sent_to: false, home: None };
        let row = by_source.row(&(vni, mac, vtep, ip), SourceRow::key, new);
        row.sums.add(id, cells);
        if cell.key.ethertype() == Some(ethertype::ARP) {
            row.arp_packets += cell.packets;
        }
    }
    by_source.into_rows()
}

/// The inner source address, where it is one: a host that asks for its own has none yet.
fn address(cell: &Cell) -> Option<IpAddr> {
    cell.key.addresses().map(|(source, _)| source).filter(|source| !source.is_unspecified())
}

/// Notes for the stations that nobody answers in their VNI another one in which the same are answered.
fn find_homes(rows: &mut [SourceRow], cells: &Cells) {
    let answered: Set<(u32, Mac)> =
        cells.iter().filter_map(|cell| cell.key.macs().map(|(_, to)| (cell.key.vni(), to))).collect();
    let mut homes: Map<(Mac, IpAddr), u32> = Map::default();
    for row in &mut *rows {
        row.sent_to = answered.contains(&(row.vni, row.mac));
        if row.sent_to {
            let home = homes.entry((row.mac, row.ip)).or_insert(row.vni);
            *home = row.vni.min(*home);
        }
    }
    for row in rows.iter_mut().filter(|row| !row.sent_to) {
        row.home = homes.get(&(row.mac, row.ip)).copied();
    }
}

/// One end of a time span in seconds since 1970, for comparing.
fn seconds(seen: TimeSpan, end: impl Fn((i64, i64)) -> i64) -> Value {
    Value::maybe(seen.ends(), |ends| Value::Real(end(ends) as f64 / 1e9))
}
