//! What the rules of findings ask for beside the tables: packets that are not where they should be. Internal; no part of
//! the contract. Of millions of paths few are astray, and only those become rows.

use std::cmp::Ordering;
use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::roll_up::{Members, RollUp};
use super::{Column, Row};
use crate::cells::Cells;
use crate::value::Value;
use crate::wire::mac::Mac;

type Map<K, V> = HashMap<K, V, RandomState>;
type Set<K> = HashSet<K, RandomState>;

/// A MAC in a VNI.
type Station = (u32, Mac);

/// The VTEPs that each station was heard behind, in order.
type Homes = Map<Station, Vec<IpAddr>>;

/// Unicast of one station to another through one direction of a tunnel, in one VNI.
#[derive(Debug, Clone, Copy)]
struct Path {
    vni: u32,
    source: Mac,
    destination: Mac,
    from: IpAddr,
    to: IpAddr,
    packets: u64,
    wire_bytes: u64,
}

impl Path {
    fn key(&self) -> (u32, Mac, Mac, IpAddr, IpAddr) {
        (self.vni, self.source, self.destination, self.from, self.to)
    }

    fn receiver(&self) -> Station {
        (self.vni, self.destination)
    }
}

fn homes(cells: &Cells) -> Homes {
    let mut homes: Map<Station, Members<IpAddr>> = Map::default();
    for (id, cell) in cells.numbered() {
        let (Some(_), Some((mac, _))) = (cells.station(id), cell.key.macs()) else {
            continue;
        };
        homes.entry((cell.key.vni(), mac)).or_default().add(cells.tunnel(cell).source());
    }
    sorted(homes)
}

/// Lists that grow no more, in order: there may be a hundred thousand VTEPs in one.
fn sorted<K: Eq + Hash, M: Ord>(lists: Map<K, Members<M>>) -> Map<K, Vec<M>> {
    lists.into_iter().map(|(key, members)| (key, members.into_sorted())).collect()
}

/// Unicast, by path.
fn paths(cells: &Cells) -> Vec<Path> {
    let mut by_path: RollUp<Path> = RollUp::new();
    for cell in cells.iter() {
        let Some((source, destination)) = cell.key.macs().filter(|(_, to)| !to.is_group()) else {
            continue;
        };
        let tunnel = cells.tunnel(cell);
        let (from, to, vni) = (tunnel.source(), tunnel.destination(), cell.key.vni());
        let new = Path { vni, source, destination, from, to, packets: 0, wire_bytes: 0 };
        let path = by_path.row(&new.key(), Path::key, || new);
        path.packets += cell.packets;
        path.wire_bytes += cell.wire_bytes;
    }
    by_path.into_rows()
}

/// Directions of tunnels between two VTEPs whose other direction is silent.
fn one_way(cells: &Cells) -> Set<(IpAddr, IpAddr)> {
    let ways: Set<_> = cells.tunnels().map(|(tunnel, _)| (tunnel.source(), tunnel.destination())).collect();
    ways.iter().copied().filter(|(a, b)| !b.is_multicast() && !ways.contains(&(*b, *a))).collect()
}

/// A path that is astray.
#[derive(Debug)]
pub struct StrayRow {
    path: Path,
    /// It went where its receiver is not, or to a group.
    flooded: bool,
    /// Its sender is sent to at this other address, and nothing is sent to the one that it came from.
    usual: Option<IpAddr>,
    /// Its receiver is never heard in this VNI, and answers in that one.
    answered_in: Option<u32>,
}

impl Row for StrayRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.path.vni.into()) },
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.path.from) },
        Column { name: "dst_vtep", value: |r, _| Value::Ip(r.path.to) },
        Column { name: "src_mac", value: |r, _| Value::Mac(r.path.source) },
        Column { name: "dst_mac", value: |r, _| Value::Mac(r.path.destination) },
        Column { name: "packets", value: |r, _| Value::Count(r.path.packets) },
        Column { name: "flooded", value: |r, _| Value::Count(r.flooded.into()) },
        Column { name: "usual", value: |r, _| Value::maybe(r.usual, Value::Ip) },
        Column {
            name: "answered_in",
            value: |r, _| Value::maybe(r.answered_in, |vni| Value::Count(vni.into())),
        },
    ];

    fn wire_bytes(&self) -> u64 {
        self.path.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        self.path.key().cmp(&other.path.key())
    }
}

/// The paths that are astray.
#[must_use]
pub fn strays(cells: &Cells) -> Vec<StrayRow> {
    astray(cells, &paths(cells))
}

fn astray(cells: &Cells, paths: &[Path]) -> Vec<StrayRow> {
    let homes = homes(cells);
    let sent_to: Set<IpAddr> = cells.tunnels().map(|(tunnel, _)| tunnel.destination()).collect();
    let is_home =
        |path: &Path| homes.get(&path.receiver()).is_some_and(|homes| homes.binary_search(&path.to).is_ok());
    // One look at each path tells the few that may be astray; only what concerns those is looked at again.
    let suspects: Vec<&Path> =
        paths.iter().filter(|path| !is_home(path) || !sent_to.contains(&path.from)).collect();
    let context = Context::of(&suspects, paths);
    let row = |path: &&Path| {
        let usual = if sent_to.contains(&path.from) { None } else { context.usual(path) };
        let unheard = !homes.contains_key(&path.receiver());
        let answered_in = if unheard { context.answered_in(path) } else { None };
        // What is in the wrong VNI goes where its receiver is heard in the right one.
        let strayed = !is_home(path) && answered_in.is_none();
        let flooded = path.to.is_multicast() || (strayed && context.is_flooded(path, &homes));
        let is_astray = flooded || usual.is_some() || answered_in.is_some();
        is_astray.then_some(StrayRow { path: **path, flooded, usual, answered_in })
    };
    suspects.iter().filter_map(row).collect()
}

/// What is known of the paths around those that may be astray.
#[derive(Default)]
struct Context {
    /// Where a VTEP sends what is for a station.
    receivers: Map<(Station, IpAddr), Vec<IpAddr>>,
    /// Where what a station sends to another one in the same VNI goes: VNI, sender, receiver.
    sent_to: Map<(u32, Mac, Mac), Vec<IpAddr>>,
    /// The VNIs in which a station sends to another one through a direction of a tunnel.
    vnis: Map<(Mac, Mac, IpAddr, IpAddr), Vec<u32>>,
}

impl Context {
    fn of(suspects: &[&Path], paths: &[Path]) -> Self {
        if suspects.is_empty() {
            return Self::default();
        }
        let (mut receivers, mut sent_to, mut vnis) = (Map::default(), Map::default(), Map::default());
        for path in suspects {
            receivers.insert((path.receiver(), path.from), Members::default());
            sent_to.insert((path.vni, path.destination, path.source), Members::default());
            vnis.insert((path.destination, path.source, path.to, path.from), Members::default());
        }
        for path in paths {
            note(receivers.get_mut(&(path.receiver(), path.from)), path.to);
            note(sent_to.get_mut(&(path.vni, path.source, path.destination)), path.to);
            note(vnis.get_mut(&(path.source, path.destination, path.from, path.to)), path.vni);
        }
        Self { receivers: sorted(receivers), sent_to: sorted(sent_to), vnis: sorted(vnis) }
    }

    /// Whether others got it, too: those that the receiver is behind, or any where that is not known.
    fn is_flooded(&self, path: &Path, homes: &Homes) -> bool {
        let receivers = self.receivers.get(&(path.receiver(), path.from)).map_or(&[][..], Vec::as_slice);
        match homes.get(&path.receiver()) {
            Some(homes) if homes.len() < receivers.len() => meet(homes, receivers),
            Some(homes) => meet(receivers, homes),
            None => receivers.len() > 1,
        }
    }

    /// The one address that the receiver sends its answers to, where that is a third VTEP.
    fn usual(&self, path: &Path) -> Option<IpAddr> {
        match self.sent_to.get(&(path.vni, path.destination, path.source))?.as_slice() {
            [usual] if *usual != path.to => Some(*usual),
            _ => None,
        }
    }

    /// The lowest other VNI in which the receiver sends to the sender, through the same tunnel.
    fn answered_in(&self, path: &Path) -> Option<u32> {
        let vnis = self.vnis.get(&(path.destination, path.source, path.to, path.from))?;
        vnis.iter().copied().filter(|vni| *vni != path.vni).min()
    }
}

/// Whether any of a few is one of many that are in order.
fn meet(few: &[IpAddr], many: &[IpAddr]) -> bool {
    few.iter().any(|one| many.binary_search(one).is_ok())
}

fn note<T: Ord>(known: Option<&mut Members<T>>, new: T) {
    if let Some(known) = known {
        known.add(new);
    }
}

/// Unicast through a tunnel that goes one way, in one VNI.
#[derive(Debug)]
pub struct OneWayRow {
    from: IpAddr,
    to: IpAddr,
    vni: u32,
    packets: u64,
    wire_bytes: u64,
    /// Packets between stations that both send through it, as through a mirror's.
    mirrored: u64,
    /// Packets that are astray.
    astray: u64,
}

impl Row for OneWayRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.from) },
        Column { name: "dst_vtep", value: |r, _| Value::Ip(r.to) },
        Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
        Column { name: "packets", value: |r, _| Value::Count(r.packets) },
        Column { name: "mirrored_packets", value: |r, _| Value::Count(r.mirrored) },
        Column { name: "stray_packets", value: |r, _| Value::Count(r.astray) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        (self.from, self.to, self.vni).cmp(&(other.from, other.to, other.vni))
    }
}

/// Tunnels with unicast one way.
#[must_use]
pub fn one_way_tunnels(cells: &Cells) -> Vec<OneWayRow> {
    let silent = one_way(cells);
    if silent.is_empty() {
        return Vec::new();
    }
    let paths = paths(cells);
    let astray: Set<_> = astray(cells, &paths).iter().map(|row| row.path.key()).collect();
    let concerned = || paths.iter().filter(|path| silent.contains(&(path.from, path.to)));
    let said: Set<_> = concerned().map(Path::key).collect();
    let mut by_tunnel: RollUp<OneWayRow> = RollUp::new();
    for path in concerned() {
        let (from, to, vni) = (path.from, path.to, path.vni);
        let new = || OneWayRow { from, to, vni, packets: 0, wire_bytes: 0, mirrored: 0, astray: 0 };
        let row = by_tunnel.row(&(from, to, vni), |row| (row.from, row.to, row.vni), new);
        row.packets += path.packets;
        row.wire_bytes += path.wire_bytes;
        if said.contains(&(vni, path.destination, path.source, from, to)) {
            row.mirrored += path.packets;
        }
        if astray.contains(&path.key()) {
            row.astray += path.packets;
        }
    }
    by_tunnel.into_rows()
}
