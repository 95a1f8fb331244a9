//! `doubles`: TCP that went to several places of a station at once. Internal; for the rules of findings.
//!
//! Unicast that is flooded goes to every VTEP of a VNI, and each segment looks as if it was sent again. Where its
//! receiver has been heard behind one VTEP, what comes to the others is astray. One that moves back and forth is heard
//! behind several, and all that is sent there is at home: what tells of a flood is that a flow goes to several at once.

use std::cmp::{Ordering, Reverse};
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::{Column, Row, Sums};
use crate::cells::{Cell, Cells};
use crate::value::Value;
use crate::wire::mac::Mac;

type Map<K, V> = HashMap<K, V, RandomState>;

/// One direction of a flow, from one VTEP, to whatever place of its receiver: VNI, receiver, addresses, ports, VTEP.
type Sent = (u32, Mac, IpAddr, IpAddr, Option<(u16, u16)>, IpAddr);

/// What went to one place.
#[derive(Default)]
struct Part {
    to: Option<IpAddr>,
    sums: Sums,
    retransmitted: u64,
}

/// What one VTEP sent to several places of a station.
#[derive(Debug)]
pub struct DoubleRow {
    vni: u32,
    mac: Mac,
    from: IpAddr,
    /// So many segments that count as sent again may be the same ones in another place.
    repeated: u64,
}

impl Row for DoubleRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
        Column { name: "dst_mac", value: |r, _| Value::Mac(r.mac) },
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.from) },
        Column { name: "repeated", value: |r, _| Value::Count(r.repeated) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.repeated
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        (self.vni, self.mac, self.from).cmp(&(other.vni, other.mac, other.from))
    }
}

/// What went to several places at once.
#[must_use]
pub fn doubles(cells: &Cells) -> Vec<DoubleRow> {
    let mut rows: Map<(u32, Mac, IpAddr), u64> = Map::default();
    for ((vni, mac, .., from), parts) in parted(cells) {
        let repeated = repeated(parts);
        if repeated != 0 {
            *rows.entry((vni, mac, from)).or_default() += repeated;
        }
    }
    rows.into_iter().map(|((vni, mac, from), repeated)| DoubleRow { vni, mac, from, repeated }).collect()
}

/// TCP to stations that are heard behind several VTEPs, where it goes to more than one of these.
fn parted(cells: &Cells) -> Map<Sent, Vec<Part>> {
    let homes = homes(cells);
    let mut sent: Map<Sent, Vec<Part>> = Map::default();
    if homes.is_empty() {
        return sent;
    }
    for (id, cell) in cells.numbered() {
        let to = cells.tunnel(cell).destination();
        let is_home = |key: &Sent| homes.get(&(key.0, key.1)).is_some_and(|homes| homes.contains(&to));
        if let Some(key) = key(cell, cells).filter(is_home) {
            let parts = sent.entry(key).or_default();
            let number = parts.iter().position(|part| part.to == Some(to)).unwrap_or_else(|| {
                parts.push(Part { to: Some(to), ..Part::default() });
                parts.len() - 1
            });
            parts[number].sums.add(id, cells);
            parts[number].retransmitted += cells.rare(id).health.retransmitted;
        }
    }
    sent.retain(|_, parts| parts.len() > 1);
    sent
}

/// The VTEPs of the stations that were heard behind several.
fn homes(cells: &Cells) -> Map<(u32, Mac), HashSet<IpAddr, RandomState>> {
    let mut first: Map<(u32, Mac), IpAddr> = Map::default();
    let mut several: Map<(u32, Mac), HashSet<IpAddr, RandomState>> = Map::default();
    for (id, cell) in cells.numbered() {
        if let (Some(_), Some((mac, _))) = (cells.station(id), cell.key.macs()) {
            let (station, vtep) = ((cell.key.vni(), mac), cells.tunnel(cell).source());
            let home = *first.entry(station).or_insert(vtep);
            if home != vtep {
                several.entry(station).or_insert_with(|| HashSet::from_iter([home])).insert(vtep);
            }
        }
    }
    several
}

fn key(cell: &Cell, cells: &Cells) -> Option<Sent> {
    let key = &cell.key;
    let (_, mac) = key.macs().filter(|_| key.is_of_tcp())?;
    let (source, destination) = key.addresses()?;
    Some((key.vni(), mac, source, destination, key.ports(), cells.tunnel(cell).source()))
}

/// How many segments may be in several of the parts: none of those that go on where another one has ended.
fn repeated(mut parts: Vec<Part>) -> u64 {
    parts.sort_by_key(|part| Reverse((part.sums.packets, part.to)));
    let (Some(most), others) = (parts.first(), parts.iter().skip(1)) else {
        return 0;
    };
    let at_once = others.filter(|part| overlap(part, most));
    let (packets, retransmitted) = at_once.fold((0, 0), |(packets, retransmitted), part| {
        (packets + part.sums.packets, retransmitted + part.retransmitted)
    });
    if packets == 0 { 0 } else { packets.min(retransmitted + most.retransmitted) }
}

fn overlap(one: &Part, other: &Part) -> bool {
    let (Some((first, last)), Some((begin, end))) = (one.sums.seen.ends(), other.sums.seen.ends()) else {
        return false;
    };
    first <= end && begin <= last
}
