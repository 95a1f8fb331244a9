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
    /// ARP packets that the station sent from other addresses.
    arp_elsewhere: u64,
    /// How many addresses the station sent from, in all: a router has many.
    addresses: u64,
    /// Whether unicast to the address comes to the station.
    answered: bool,
    /// Whether it hands on what another station sent from the address.
    forwards: bool,
    /// Whether unicast is sent to the station.
    sent_to: bool,
    /// Another VNI in which the same MAC and address are heard, and sent to.
    home: Option<u32>,
}

impl SourceRow {
    fn new(vni: u32, mac: Mac, vtep: IpAddr, ip: IpAddr) -> Self {
        let sums = Sums::default();
        let (arp_packets, arp_elsewhere, addresses) = (0, 0, 0);
        let (answered, forwards, sent_to, home) = (false, false, false, None);
        Self {
            vni,
            mac,
            vtep,
            ip,
            sums,
            arp_packets,
            arp_elsewhere,
            addresses,
            answered,
            forwards,
            sent_to,
            home,
        }
    }

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
        Column { name: "arp_elsewhere", value: |r, _| Value::Count(r.arp_elsewhere) },
        Column { name: "answered", value: |r, _| Value::Count(r.answered.into()) },
        Column { name: "forwards", value: |r, _| Value::Count(r.forwards.into()) },
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
    let mut places: Map<(u32, Mac), Station> = Map::default();
    for row in &rows {
        let (mac, shared) = macs.entry((row.vni, row.ip)).or_insert((row.mac, false));
        *shared |= *mac != row.mac;
        places.entry((row.vni, row.mac)).or_insert_with(|| Station::new(row.vtep)).add(row);
    }
    macs.retain(|_, (_, shared)| *shared);
    let dealings = Dealings::of(cells, |vni, ip| macs.contains_key(&(vni, ip)));
    find_homes(&mut rows, cells);
    rows.retain_mut(|row| {
        let station = places.get(&(row.vni, row.mac));
        let moved = station.is_some_and(|station| station.tell(row));
        let spot = (row.vni, row.ip, row.mac);
        (row.answered, row.forwards) = (dealings.answered.contains(&spot), dealings.forwards.contains(&spot));
        macs.contains_key(&(row.vni, row.ip)) || moved || row.home.is_some()
    });
    rows
}

/// What a MAC did in its VNI, whatever the address and the VTEP.
struct Station {
    vtep: IpAddr,
    moved: bool,
    /// Each address, and its packets of ARP.
    addresses: Map<IpAddr, u64>,
    arp_packets: u64,
}

impl Station {
    fn new(vtep: IpAddr) -> Self {
        Self { vtep, moved: false, addresses: Map::default(), arp_packets: 0 }
    }

    fn add(&mut self, row: &SourceRow) {
        self.moved |= self.vtep != row.vtep;
        *self.addresses.entry(row.ip).or_default() += row.arp_packets;
        self.arp_packets += row.arp_packets;
    }

    /// Tells one of its rows of the others; whether the station moved.
    fn tell(&self, row: &mut SourceRow) -> bool {
        row.addresses = self.addresses.len() as u64;
        row.arp_elsewhere = self.arp_packets - self.addresses.get(&row.ip).copied().unwrap_or(0);
        self.moved
    }
}

/// What tells a router from a second host, of the addresses that several MACs send from: by VNI, address and MAC.
#[derive(Default)]
struct Dealings {
    /// Unicast to the address comes to the MAC.
    answered: Set<(u32, IpAddr, Mac)>,
    /// Another sends to the MAC from the address, as to a router, or has sent what the MAC sends again: which it also
    /// does through a virtual MAC, which is the router's for receiving alone.
    forwards: Set<(u32, IpAddr, Mac)>,
}

impl Dealings {
    fn of(cells: &Cells, is_shared: impl Fn(u32, IpAddr) -> bool) -> Self {
        let (mut found, mut origins) = (Self::default(), Origins::default());
        for (id, cell) in cells.numbered() {
            let (Some((_, to)), Some((source, destination))) = (cell.key.macs(), cell.key.addresses()) else {
                continue;
            };
            let vni = cell.key.vni();
            // Everybody is sent a group's packets, and several hosts send the same to it.
            if cell.key.is_bum() {
                continue;
            }
            if is_shared(vni, destination) {
                found.answered.insert((vni, destination, to));
            }
            // To answer ARP of a MAC that has the same address is what a second host does.
            if is_shared(vni, source) && cell.key.ethertype() != Some(ethertype::ARP) {
                found.forwards.insert((vni, source, to));
                origins.add(id, cells);
            }
        }
        found.forwards.extend(origins.followers(cells));
        found
    }
}

/// A VNI, and what stays the same of a packet that is routed: addresses, protocol and ports.
type Routed = (u32, IpAddr, IpAddr, u8, Option<(u16, u16)>);

/// Who sent a flow first, of all MACs that sent it, and the cells of all of them.
#[derive(Default)]
struct Origins {
    first: Map<Routed, (i64, Mac)>,
    cells: Vec<u32>,
}

impl Origins {
    fn add(&mut self, id: u32, cells: &Cells) {
        let Some((key, mac)) = routed(cells.get(id)) else {
            return;
        };
        self.cells.push(id);
        let time = cells.seen(id).ends().map_or(i64::MAX, |(first, _)| first);
        let first = self.first.entry(key).or_insert((time, mac));
        *first = (*first).min((time, mac));
    }

    /// Those who sent what another one had sent before.
    fn followers(self, cells: &Cells) -> impl Iterator<Item = (u32, IpAddr, Mac)> {
        let Self { first, cells: ids } = self;
        ids.into_iter().filter_map(move |id| {
            let (key, mac) = routed(cells.get(id))?;
            let (_, origin) = first.get(&key)?;
            (*origin != mac).then_some((key.0, key.1, mac))
        })
    }
}

fn routed(cell: &Cell) -> Option<(Routed, Mac)> {
    let (mac, _) = cell.key.macs()?;
    let (source, destination) = cell.key.addresses()?;
    Some(((cell.key.vni(), source, destination, cell.key.protocol()?, cell.key.ports()), mac))
}

fn all(cells: &Cells) -> Vec<SourceRow> {
    let mut by_source: RollUp<SourceRow> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let (Some(_), Some((mac, _)), Some(ip)) = (cells.station(id), cell.key.macs(), address(cell)) else {
            continue;
        };
        let (vni, vtep) = (cell.key.vni(), cells.tunnel(cell).source());
        let new = || SourceRow::new(vni, mac, vtep, ip);
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
