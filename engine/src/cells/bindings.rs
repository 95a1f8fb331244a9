//! Who has which address, by what hosts say of themselves: ARP, Neighbor Discovery, and leases.
//!
//! Each claim of an address is by a MAC. A firm one moves the address to it, as it would in the caches of all who hear
//! it; another, as an advertisement without the Override flag, only counts. Where a MAC takes an address back shortly
//! after another one took it, both hold on to it: that is a conflict, and a single change is none.

use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::NONE;
use super::chains::PathId;
use super::heard::Place;
use crate::capture::NO_TIME;
use crate::decode::{Binding, By};
use crate::timespan::TimeSpan;
use crate::wire::mac::Mac;

/// So many pairs of address and MAC are kept, which takes some 40 MB; claims of others are counted only. What a message
/// says need not be what its headers say, so that nothing else bounds them.
const MOST_PAIRS: usize = 1 << 18;

/// Of each address so many are kept, and of each of those so many VTEPs.
const MOST_CLAIMANTS: usize = 64;
const MOST_VTEPS: usize = 16;

/// A MAC that takes an address back within this time, in nanoseconds, never gave it up: the 180 seconds in which EVPN
/// counts moves of a MAC (RFC 7432, section 15.1).
const CONFLICT_WINDOW: u64 = 180_000_000_000;

/// A MAC that claimed an address.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Which.
    pub mac: Mac,
    /// How often.
    pub claims: u64,
    /// When.
    pub seen: TimeSpan,
    /// The VTEPs that it did so from, at most 16.
    pub vteps: Vec<IpAddr>,
    /// When another one took the address from it, if that one, or a third one, has it now.
    pub lost: Option<i64>,
    by: u8,
    /// When it first took the address.
    took: Option<i64>,
}

impl Claimant {
    fn new(mac: Mac) -> Self {
        let (seen, vteps) = (TimeSpan::default(), Vec::with_capacity(1));
        Self { mac, claims: 0, seen, vteps, lost: None, by: 0, took: None }
    }

    fn add_vtep(&mut self, vtep: IpAddr) {
        if self.vteps.len() < MOST_VTEPS && !self.vteps.contains(&vtep) {
            self.vteps.push(vtep);
        }
    }

    /// Whether it claimed the address in such messages.
    #[must_use]
    pub fn is_by(&self, by: By) -> bool {
        self.by & by.bit() != 0
    }

    /// Whether it takes back at `time` what it lost a moment ago.
    fn holds_on(&self, time: i64) -> bool {
        let is_soon =
            |lost: i64| time != NO_TIME && lost != NO_TIME && lost.abs_diff(time) <= CONFLICT_WINDOW;
        self.lost.is_some_and(is_soon)
    }
}

/// An address that was claimed.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The cell of the first claim.
    pub cell: u32,
    /// Who claimed it, in the order of their first claims.
    pub claimants: Vec<Claimant>,
    /// How often it changed to another MAC.
    pub moves: u64,
    /// How often a MAC took it back from another.
    pub conflicts: u64,
    /// The claimants that took it first and last, where any took it.
    taken: Option<(u32, u32)>,
}

impl Claimed {
    fn new(cell: u32) -> Self {
        Self { cell, claimants: Vec::with_capacity(1), moves: 0, conflicts: 0, taken: None }
    }

    /// The MAC that has it now.
    #[must_use]
    pub fn holder(&self) -> Option<Mac> {
        let last = self.taken.map_or(0, |(_, last)| last);
        self.claimants.get(last as usize).map(|claimant| claimant.mac)
    }

    fn find(&self, mac: Mac) -> Option<usize> {
        self.claimants.iter().position(|claimant| claimant.mac == mac)
    }

    fn number(&mut self, mac: Mac) -> usize {
        self.find(mac).unwrap_or_else(|| {
            self.claimants.push(Claimant::new(mac));
            self.claimants.len() - 1
        })
    }

    /// Claimant `number` takes it at `time`.
    fn take(&mut self, number: usize, time: i64) {
        let number_32 = number as u32;
        match self.taken {
            Some((_, last)) if last == number_32 => return,
            Some((first, last)) => {
                self.moves += 1;
                self.claimants[last as usize].lost = Some(time);
                self.taken = Some((first, number_32));
            }
            None => self.taken = Some((number_32, number_32)),
        }
        let claimant = &mut self.claimants[number];
        self.conflicts += u64::from(claimant.holds_on(time));
        claimant.lost = None;
        claimant.took.get_or_insert(time);
    }

    /// Goes on as `later` did, whose claimants have these numbers here.
    fn follow(&mut self, later: &Claimed, numbers: &[Option<usize>]) {
        let Some((first, last)) = later.taken else {
            return;
        };
        let (first, last) = (first as usize, last as usize);
        let begin = later.claimants[first].took.unwrap_or(NO_TIME);
        if let Some(number) = numbers[first] {
            self.take(number, begin);
        }
        // What each did for the first time there may be again, with what it did here.
        for (theirs, number) in later.claimants.iter().zip(numbers) {
            let (Some(number), Some(time)) = (*number, theirs.took) else {
                continue;
            };
            let own = &mut self.claimants[number];
            if numbers[first] != Some(number) {
                self.conflicts += u64::from(own.holds_on(time));
            }
            own.lost = theirs.lost;
            own.took.get_or_insert(time);
        }
        if let (Some((began, _)), Some(number)) = (self.taken, numbers[last]) {
            self.taken = Some((began, number as u32));
        }
        self.moves += later.moves;
        self.conflicts += later.conflicts;
    }
}

/// The addresses of a run.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    all: HashMap<Place, Claimed, RandomState>,
    pairs: usize,
    unkept: u64,
}

impl Bindings {
    /// All that were claimed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Claimed)> {
        self.all.iter()
    }

    /// Claims that were counted only.
    pub(super) fn unkept(&self) -> u64 {
        self.unkept
    }

    /// Takes in a claim by a packet of cell `cell`, from behind `vtep`.
    pub(super) fn add(&mut self, place: Place, binding: &Binding, cell: u32, time: i64, vtep: IpAddr) {
        let Some((claimed, number)) = self.claimant(place, binding.mac, cell) else {
            self.unkept += 1;
            return;
        };
        let claimant = &mut claimed.claimants[number];
        claimant.claims += 1;
        claimant.seen.add(time);
        claimant.by |= binding.by.bit();
        claimant.add_vtep(vtep);
        if binding.is_firm {
            claimed.take(number, time);
        }
    }

    /// The address at `place`, and which of its claimants `mac` is; `None` where no more are kept.
    fn claimant(&mut self, place: Place, mac: Mac, cell: u32) -> Option<(&mut Claimed, usize)> {
        let before = self.all.get(&place);
        if before.is_none_or(|claimed| claimed.find(mac).is_none()) {
            let is_full = before.is_some_and(|claimed| claimed.claimants.len() >= MOST_CLAIMANTS);
            if is_full || self.pairs >= MOST_PAIRS {
                return None;
            }
            self.pairs += 1;
        }
        let claimed = self.all.entry(place).or_insert_with(|| Claimed::new(cell));
        let number = claimed.number(mac);
        Some((claimed, number))
    }

    /// Adds what a later part heard; `path` is that of a cell, `numbers` those that its cells have here.
    pub(super) fn merge(&mut self, later: &Bindings, path: impl Fn(u32) -> PathId, numbers: &[u32]) {
        for ((_, vni, ip), claimed) in &later.all {
            let cell = numbers[claimed.cell as usize];
            if cell == NONE {
                continue;
            }
            let place = (path(cell), *vni, *ip);
            let known: Vec<_> =
                claimed.claimants.iter().map(|theirs| self.merge_claimant(place, theirs, cell)).collect();
            if let Some(own) = self.all.get_mut(&place) {
                own.follow(claimed, &known);
            }
        }
        self.unkept += later.unkept;
    }

    fn merge_claimant(&mut self, place: Place, theirs: &Claimant, cell: u32) -> Option<usize> {
        let Some((claimed, number)) = self.claimant(place, theirs.mac, cell) else {
            self.unkept += theirs.claims;
            return None;
        };
        let own = &mut claimed.claimants[number];
        own.claims += theirs.claims;
        own.seen.merge(theirs.seen);
        own.by |= theirs.by;
        theirs.vteps.iter().for_each(|vtep| own.add_vtep(*vtep));
        Some(number)
    }
}
