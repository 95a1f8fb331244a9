//! `addresses`: which MAC has which IP address in each VNI, and how that is known.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::roll_up::{Members, RollUp};
use super::{Column, Row, Sums, encapsulation, first, last, path_order};
use crate::cells::{Cell, Cells, Claimed, Lease, PathId};
use crate::decode::By;
use crate::timespan::TimeSpan;
use crate::value::Value;
use crate::wire::ip::is_host;
use crate::wire::mac::Mac;

/// An address, and the VNI that it is in, with its path.
type Place = (PathId, u32, IpAddr);

/// Packets on their way when an address moved may still be seen so many nanoseconds later.
const IN_FLIGHT: i64 = 1_000_000_000;

/// One MAC that sent from an address.
struct Sender {
    place: Place,
    mac: Mac,
    sums: Sums,
    /// IP packets; the others are ARP.
    ip: Sums,
    vteps: Members<IpAddr>,
}

/// One address.
pub struct AddressRow {
    place: Place,
    sums: Sums,
    senders: Vec<Sender>,
    claimed: Option<Claimed>,
    lease: Option<Lease>,
}

impl Row for AddressRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.place.1.into()) },
        Column { name: "ip", value: |r, _| Value::Ip(r.place.2) },
        Column { name: "mac", value: |r, _| Value::maybe(r.mac(), Value::Mac) },
        Column { name: "macs", value: |r, _| Value::Macs(r.macs()) },
        Column { name: "vteps", value: |r, _| Value::Ips(r.vteps()) },
        Column { name: "sources", value: |r, _| Value::Texts(r.sources()) },
        Column { name: "claims", value: |r, _| Value::Count(r.claims()) },
        Column { name: "moves", value: |r, _| Value::Count(r.claimed.as_ref().map_or(0, |it| it.moves)) },
        Column { name: "conflicts", value: |r, _| Value::Count(r.conflicts()) },
        Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
        Column { name: "first_seen", value: |r, _| first(r.seen()) },
        Column { name: "last_seen", value: |r, _| last(r.seen()) },
        Column { name: "hostname", value: |r, cells| r.hostname(cells) },
        Column { name: "lease_mac", value: |r, _| r.of_lease(|lease| Value::Mac(lease.client)) },
        Column {
            name: "lease_s",
            value: |r, _| {
                r.of_lease(|lease| Value::maybe(lease.seconds, |seconds| Value::Count(seconds.into())))
            },
        },
        Column { name: "lease_server", value: |r, _| r.of_lease(|lease| Value::Ip(lease.server)) },
        Column {
            name: "leased_at",
            value: |r, _| r.of_lease(|lease| first(TimeSpan::between(lease.time, lease.time))),
        },
        Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.place.0) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        let order = (self.place.1, self.place.2).cmp(&(other.place.1, other.place.2));
        order.then_with(|| path_order(cells, self.place.0, other.place.0))
    }
}

impl AddressRow {
    fn new(place: Place) -> Self {
        Self { place, sums: Sums::default(), senders: Vec::new(), claimed: None, lease: None }
    }

    fn add(&mut self, sender: Sender) {
        self.sums.join(&sender.sums);
        self.senders.push(sender);
    }

    /// Who has it: who claimed it last; where nobody did, who sent from it last.
    fn mac(&self) -> Option<Mac> {
        let latest = |sender: &&Sender| (sender.sums.seen.ends().map(|(_, last)| last), sender.mac);
        let sender = || self.senders.iter().max_by_key(latest).map(|sender| sender.mac);
        self.claimed.as_ref().map_or_else(sender, Claimed::holder)
    }

    /// All who claimed it; where nobody did, all who sent from it, as routers do for those beyond.
    fn macs(&self) -> Vec<Mac> {
        let mut macs: Vec<Mac> = match &self.claimed {
            Some(claimed) => claimed.claimants.iter().map(|claimant| claimant.mac).collect(),
            None => self.senders.iter().map(|sender| sender.mac).collect(),
        };
        macs.sort_unstable();
        macs
    }

    /// Those of the senders that count among its MACs.
    fn own_senders(&self) -> impl Iterator<Item = &Sender> {
        let macs = self.macs();
        self.senders.iter().filter(move |sender| macs.binary_search(&sender.mac).is_ok())
    }

    fn vteps(&self) -> Vec<IpAddr> {
        let mut vteps = Members::default();
        for claimant in self.claimed.iter().flat_map(|claimed| &claimed.claimants) {
            claimant.vteps.iter().for_each(|vtep| vteps.add(*vtep));
        }
        for sender in self.own_senders() {
            sender.vteps.sorted().into_iter().for_each(|vtep| vteps.add(vtep));
        }
        vteps.sorted()
    }

    fn sources(&self) -> Vec<Cow<'static, str>> {
        let claimants = || self.claimed.iter().flat_map(|claimed| &claimed.claimants);
        let told = By::ALL.iter().filter(|(by, _)| claimants().any(|claimant| claimant.is_by(*by)));
        let traffic = self.own_senders().any(|sender| sender.ip.packets > 0).then_some("traffic");
        let relayed = self.lease.is_some() && !claimants().any(|claimant| claimant.is_by(By::Dhcp));
        let names = told.map(|(_, name)| *name).chain(relayed.then_some("dhcp")).chain(traffic);
        names.map(Cow::Borrowed).collect()
    }

    fn claims(&self) -> u64 {
        self.claimed.iter().flat_map(|claimed| &claimed.claimants).map(|claimant| claimant.claims).sum()
    }

    /// How often a MAC took it back that another had taken it from, and how many go on sending from it all the same.
    fn conflicts(&self) -> u64 {
        let Some(claimed) = &self.claimed else {
            return 0;
        };
        let goes_on = |sender: &&Sender| {
            let claimant = claimed.claimants.iter().find(|claimant| claimant.mac == sender.mac);
            let ends = claimant.and_then(|claimant| claimant.lost).zip(sender.ip.seen.ends());
            ends.is_some_and(|(lost, (_, last))| last.saturating_sub(lost) > IN_FLIGHT)
        };
        claimed.conflicts + self.senders.iter().filter(goes_on).count() as u64
    }

    fn seen(&self) -> TimeSpan {
        let mut seen = self.sums.seen;
        for claimant in self.claimed.iter().flat_map(|claimed| &claimed.claimants) {
            seen.merge(claimant.seen);
        }
        if let Some(lease) = &self.lease {
            seen.merge(lease.seen);
        }
        seen
    }

    fn of_lease(&self, value: impl FnOnce(&Lease) -> Value) -> Value {
        Value::maybe(self.lease.as_ref(), value)
    }

    /// The name that the one who has it gave itself, or the one whom it was leased to.
    fn hostname(&self, cells: &Cells) -> Value {
        let client = self.lease.as_ref().map(|lease| lease.client);
        let mut known = [self.mac(), client].into_iter().flatten();
        let name = known.find_map(|mac| cells.name_of(self.place.0, self.place.1, mac));
        Value::maybe(name, |name| Value::Text(name.to_owned().into()))
    }
}

/// Source address and MAC of a cell's packets, where both are one host's.
fn source(cell: &Cell) -> Option<(IpAddr, Mac)> {
    let (ip, _) = cell.key.addresses().filter(|(ip, _)| is_host(*ip))?;
    let (mac, _) = cell.key.macs().filter(|(mac, _)| mac.is_learnable())?;
    Some((ip, mac))
}

fn senders(cells: &Cells) -> Vec<Sender> {
    let mut by_sender: RollUp<Sender> = RollUp::new();
    for (id, cell) in cells.numbered() {
        let Some((ip, mac)) = source(cell) else {
            continue;
        };
        let key = ((cells.path_of(cell), cell.key.vni(), ip), mac);
        let new = || Sender {
            place: key.0,
            mac,
            sums: Sums::default(),
            ip: Sums::default(),
            vteps: Members::default(),
        };
        let sender = by_sender.row(&key, |sender| (sender.place, sender.mac), new);
        sender.sums.add(id, cells);
        if cell.key.protocol().is_some() {
            sender.ip.add(id, cells);
        }
        sender.vteps.add(cells.tunnel(cell).source());
    }
    by_sender.into_rows()
}

/// The addresses.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<AddressRow> {
    let mut by_place: RollUp<AddressRow> = RollUp::new();
    let key = |row: &AddressRow| row.place;
    for sender in senders(cells) {
        let place = sender.place;
        by_place.row(&place, key, || AddressRow::new(place)).add(sender);
    }
    for (path, vni, ip, claimed) in cells.claimed() {
        let place = (path, vni, ip);
        by_place.row(&place, key, || AddressRow::new(place)).claimed = Some(claimed.clone());
    }
    for (path, vni, ip, lease) in cells.leased() {
        let place = (path, vni, ip);
        by_place.row(&place, key, || AddressRow::new(place)).lease = Some(lease.clone());
    }
    by_place.into_rows()
}
