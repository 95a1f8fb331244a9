//! The directions of tunnels, each with a number that stands for its addresses in the keys of cells: keys are half as
//! long for it, and a packet touches one cache line less. Beside each is how the underlay treats it, which so is in the
//! cache.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use hashbrown::HashMap;

use super::index::Index;
use super::underlay::{Errors, Path, Run, Treatment};
use crate::packet::{Packet, Tunnel};
use crate::wire::icmp::Error;

/// ICMP errors are kept for so many directions, which takes some 10 MB; those about others are counted only. A
/// direction needs no packet of its own to be told of, so that nothing else bounds them.
const MOST_ERRORS: usize = 1 << 16;

/// What each packet of a direction touches: one cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Direction {
    tunnel: Tunnel,
    run: Run,
}

const _: () = assert!(size_of::<Direction>() == 64);

#[derive(Debug, Default)]
pub(super) struct Tunnels {
    all: Vec<Direction>,
    paths: Vec<Path>,
    errors: HashMap<Tunnel, Errors>,
    unkept_errors: u64,
    index: Index,
    hasher: RandomState,
}

impl Tunnels {
    /// Counts a packet on its way; the number of its tunnel.
    #[inline(always)]
    pub(super) fn carry(&mut self, packet: &Packet) -> u32 {
        let hash = self.hasher.hash_one(packet.tunnel);
        let all = &self.all;
        let Some(number) = self.index.find(hash, |id| all[id as usize].tunnel == packet.tunnel) else {
            return self.carry_first(hash, packet);
        };
        let run = &mut self.all[number as usize].run;
        if !run.take(packet.handling) {
            self.paths[number as usize].turn(run, packet.handling);
        }
        number
    }

    #[cold]
    fn carry_first(&mut self, hash: u64, packet: &Packet) -> u32 {
        let number = self.add(hash, &packet.tunnel);
        self.paths[number as usize].turn(&mut self.all[number as usize].run, packet.handling);
        number
    }

    /// The way of tunnel `number`.
    pub(super) fn path(&mut self, number: u32) -> &mut Path {
        &mut self.paths[number as usize]
    }

    /// The number of `tunnel`, which it gets when it is new.
    #[inline]
    pub(super) fn number(&mut self, tunnel: &Tunnel) -> u32 {
        let hash = self.hasher.hash_one(tunnel);
        let all = &self.all;
        match self.index.find(hash, |id| all[id as usize].tunnel == *tunnel) {
            Some(id) => id,
            None => self.add(hash, tunnel),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, tunnel: &Tunnel) -> u32 {
        let id = self.all.len() as u32;
        self.all.push(Direction { tunnel: *tunnel, run: Run::default() });
        self.paths.push(Path::default());
        self.index.insert(hash, id);
        id
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tunnel> {
        self.all.iter().map(|direction| &direction.tunnel)
    }

    /// How the underlay treats each direction that has packets.
    pub(super) fn treatments(&self) -> impl Iterator<Item = (&Tunnel, Treatment)> {
        let directions = self.all.iter().zip(&self.paths);
        directions.map(|(direction, path)| (&direction.tunnel, path.treatment(&direction.run)))
    }

    /// Counts an ICMP error about a packet of `tunnel`.
    pub(super) fn add_error(&mut self, tunnel: &Tunnel, error: Error, vni: Option<u32>) {
        if let Some(errors) = self.errors_of(tunnel) {
            errors.add(error, vni);
        } else {
            self.unkept_errors += 1;
        }
    }

    fn errors_of(&mut self, tunnel: &Tunnel) -> Option<&mut Errors> {
        let full = self.errors.len() >= MOST_ERRORS && !self.errors.contains_key(tunnel);
        if full { None } else { Some(self.errors.entry(*tunnel).or_default()) }
    }

    /// The ICMP errors about each direction, whether it has packets or not.
    pub(super) fn errors(&self) -> impl Iterator<Item = (&Tunnel, &Errors)> {
        self.errors.iter()
    }

    /// How many errors were counted only.
    pub(super) fn unkept_errors(&self) -> u64 {
        self.unkept_errors
    }

    /// Adds what a later part of the run saw.
    pub(super) fn merge(&mut self, later: &Tunnels) {
        for (Direction { tunnel, run }, path) in later.all.iter().zip(&later.paths) {
            let number = self.number(tunnel) as usize;
            self.paths[number].merge(&mut self.all[number].run, path, run);
        }
        for (tunnel, theirs) in &later.errors {
            match self.errors_of(tunnel) {
                Some(errors) => errors.merge(theirs),
                None => self.unkept_errors += theirs.total(),
            }
        }
        self.unkept_errors += later.unkept_errors;
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> &Tunnel {
        &self.all[number as usize].tunnel
    }
}
