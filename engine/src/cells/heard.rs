//! What packets said of others: beside the cells, for few say anything.

use std::net::IpAddr;

use super::bindings::{Bindings, Claimed};
use super::chains::PathId;
use super::leases::{Lease, Leases};
use super::quoted::Quoted;
use super::{Cells, NONE};
use crate::decode::{Binding, By, Grant, Message};
use crate::packet::FlowKey;
use crate::wire::mac::Mac;

/// An address, in a VNI of some encapsulation.
pub(super) type Place = (PathId, u32, IpAddr);

/// A MAC, in a VNI of some encapsulation.
pub(super) type Client = (PathId, u32, Mac);

/// All that was said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    quoted: Quoted,
    bindings: Bindings,
    leases: Leases,
}

impl Heard {
    /// Adds what was said in a later part; `path` is that of a cell, `numbers` those that its cells have here, if any.
    pub(super) fn merge(&mut self, later: &Heard, path: impl Fn(u32) -> PathId, numbers: &[u32]) {
        for (about, cell, errors) in later.quoted.iter() {
            let cell = numbers[cell as usize];
            if cell != NONE {
                self.quoted.add(about, path(cell), cell, errors);
            }
        }
        self.bindings.merge(&later.bindings, &path, numbers);
        self.leases.merge(&later.leases, &path, numbers);
    }
}

impl Cells {
    /// Takes in what a packet of cell `id` says of others, at `time`.
    pub fn hear(&mut self, id: u32, message: Message, time: i64) {
        let (path, vni) = (self.path_of(&self.all[id]), self.all[id].key.vni());
        match message {
            Message::Error(about) => {
                self.rare.of(&mut self.links[id].rare).icmp_errors += 1;
                if let Some(about) = about {
                    self.heard.quoted.add(&about, path, id, 1);
                }
            }
            Message::Claim(binding) => self.claim((path, vni, binding.ip), &binding, id, time),
            Message::Grant(grants) => {
                for grant in &grants {
                    self.grant((path, vni, grant.ip), grant, id, time);
                }
            }
            Message::Name(client, name) => self.heard.leases.name((path, vni, client), name, id),
        }
    }

    fn claim(&mut self, place: Place, binding: &Binding, id: u32, time: i64) {
        let vtep = self.tunnel(&self.all[id]).source();
        self.heard.bindings.add(place, binding, id, time, vtep);
    }

    fn grant(&mut self, place: Place, grant: &Grant, id: u32, time: i64) {
        if grant.is_here {
            let binding = Binding { ip: grant.ip, mac: grant.client, by: By::Dhcp, is_firm: false };
            self.claim(place, &binding, id, time);
        }
        self.heard.leases.grant(place, grant, id, time);
    }

    /// How many ICMP errors, in the same VNI, quote packets of a flow.
    #[must_use]
    pub fn errors_about(&self, flow: &FlowKey) -> u64 {
        self.heard.quoted.about(flow)
    }

    /// The addresses that were claimed, each with its path and its VNI.
    pub fn claimed(&self) -> impl Iterator<Item = (PathId, u32, IpAddr, &Claimed)> {
        self.heard.bindings.iter().map(|((path, vni, ip), claimed)| (*path, *vni, *ip, claimed))
    }

    /// The addresses that were leased, each with its path and its VNI.
    pub fn leased(&self) -> impl Iterator<Item = (PathId, u32, IpAddr, &Lease)> {
        self.heard.leases.iter().map(|((path, vni, ip), lease)| (*path, *vni, *ip, lease))
    }

    /// The name that a client gave itself when it asked for an address.
    #[must_use]
    pub fn name_of(&self, path: PathId, vni: u32, client: Mac) -> Option<&str> {
        self.heard.leases.name_of(&(path, vni, client))
    }

    /// Claims and leases beyond those that are kept.
    #[must_use]
    pub fn unkept_claims(&self) -> u64 {
        self.heard.bindings.unkept() + self.heard.leases.unkept()
    }
}
