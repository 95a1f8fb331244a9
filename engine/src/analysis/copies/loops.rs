//! Packets that go round inside of an overlay: VTEPs hand one and the same inner packet to each other, again and again.
//!
//! A bridge beside the overlay, or routers that take each other for the way out, do that. Floods and what is sent again
//! have one sender, a chain of services a few; only what goes round comes from many in turn.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::decode::Way;

/// A packet goes round if, within one window, so many times another VTEP than before sent it. A gateway and a firewall on
/// its way make two or three.
const TURNS: usize = 4;

/// So many directions are told apart; packets of others count nowhere.
const MOST: usize = 256;

/// Which VTEPs sent an inner packet, one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail {
    /// The latest frame.
    pub(super) latest: u64,
    sender: IpAddr,
    /// The frames before the latest changes of the sender.
    turns: [Option<u64>; TURNS],
}

impl Trail {
    pub(super) fn new(number: u64, sender: IpAddr) -> Self {
        Self { latest: number, sender, turns: [None; TURNS] }
    }

    /// Goes on with frame `number`; whether the packet goes round in the frames from number `since` on.
    pub(super) fn step(&mut self, number: u64, sender: IpAddr, since: u64) -> bool {
        if self.sender != sender {
            self.turns.rotate_left(1);
            self.turns[TURNS - 1] = Some(self.latest);
            self.sender = sender;
        }
        self.latest = number;
        self.turns[0].is_some_and(|before| before >= since)
    }
}

/// The packets that went round, by VNI and direction.
#[derive(Debug, Default)]
pub struct Loops(BTreeMap<Way, u64>);

impl Loops {
    pub(super) fn add(&mut self, way: Way, packets: u64) {
        if self.0.len() < MOST || self.0.contains_key(&way) {
            *self.0.entry(way).or_default() += packets;
        }
    }

    pub(super) fn merge(&mut self, later: &Self) {
        later.iter().for_each(|(way, packets)| self.add(way, packets));
    }

    /// All of them, in the order of VNIs.
    pub fn iter(&self) -> impl Iterator<Item = (Way, u64)> {
        self.0.iter().map(|(way, packets)| (*way, *packets))
    }

    /// How many packets.
    pub(super) fn packets(&self) -> u64 {
        self.0.values().sum()
    }
}
