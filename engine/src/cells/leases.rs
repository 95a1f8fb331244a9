//! What DHCP granted, and the names of clients.

use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::NONE;
use super::chains::PathId;
use super::heard::{Client, Place};
use crate::decode::Grant;
use crate::timespan::TimeSpan;
use crate::wire::mac::Mac;

/// So many leases are kept, and so many names, which take some 20 MB; others are counted only.
const MOST: usize = 1 << 16;

/// The latest lease of an address.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The cell of the first one.
    pub cell: u32,
    /// To whom.
    pub client: Mac,
    /// By whom.
    pub server: IpAddr,
    /// For so many seconds.
    pub seconds: Option<u32>,
    /// When.
    pub time: i64,
    /// When this one and those before it were granted.
    pub seen: TimeSpan,
}

/// The leases of a run.
#[derive(Debug, Default)]
pub(super) struct Leases {
    granted: HashMap<Place, Lease, RandomState>,
    names: HashMap<Client, (String, u32), RandomState>,
    unkept: u64,
}

/// Puts in the latest of a kind, if it is known or there is room; whether it was put in.
fn put<K: Hash + Eq, V>(all: &mut HashMap<K, V, RandomState>, key: K, value: V) -> bool {
    let has_room = all.len() < MOST || all.contains_key(&key);
    if has_room {
        all.insert(key, value);
    }
    has_room
}

impl Leases {
    /// All that were granted.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Lease)> {
        self.granted.iter()
    }

    /// Leases and names that were counted only.
    pub(super) fn unkept(&self) -> u64 {
        self.unkept
    }

    /// The name of a client.
    pub(super) fn name_of(&self, client: &Client) -> Option<&str> {
        self.names.get(client).map(|(name, _)| &**name)
    }

    /// Takes in a lease, told by a packet of cell `cell`.
    pub(super) fn grant(&mut self, place: Place, grant: &Grant, cell: u32, time: i64) {
        let Grant { client, server, seconds, .. } = *grant;
        let seen = TimeSpan::between(time, time);
        self.put_lease(place, Lease { cell, client, server, seconds, time, seen });
    }

    fn put_lease(&mut self, place: Place, mut lease: Lease) {
        if let Some(before) = self.granted.get(&place) {
            lease.seen.merge(before.seen);
        }
        self.unkept += u64::from(!put(&mut self.granted, place, lease));
    }

    /// Takes in a name, told by a packet of cell `cell`.
    pub(super) fn name(&mut self, client: Client, name: String, cell: u32) {
        self.unkept += u64::from(!put(&mut self.names, client, (name, cell)));
    }

    /// Adds what a later part heard; `path` is that of a cell, `numbers` those that its cells have here.
    pub(super) fn merge(&mut self, later: &Leases, path: impl Fn(u32) -> PathId, numbers: &[u32]) {
        for ((_, vni, ip), lease) in &later.granted {
            let cell = numbers[lease.cell as usize];
            if cell != NONE {
                self.put_lease((path(cell), *vni, *ip), Lease { cell, ..lease.clone() });
            }
        }
        for ((_, vni, client), (name, cell)) in &later.names {
            let cell = numbers[*cell as usize];
            if cell != NONE {
                self.name((path(cell), *vni, *client), name.clone(), cell);
            }
        }
        self.unkept += later.unkept;
    }
}
