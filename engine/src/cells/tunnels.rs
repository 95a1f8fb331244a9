//! The directions of tunnels, each with a number that stands for its addresses in the keys of cells: keys are half as
//! long for it, and a packet touches one cache line less.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::index::Index;
use crate::packet::Tunnel;

#[derive(Debug, Default)]
pub(super) struct Tunnels {
    all: Vec<Tunnel>,
    index: Index,
    hasher: RandomState,
}

impl Tunnels {
    /// The number of `tunnel`, which it gets when it is new.
    #[inline]
    pub(super) fn number(&mut self, tunnel: &Tunnel) -> u32 {
        let hash = self.hasher.hash_one(tunnel);
        let all = &self.all;
        match self.index.find(hash, |id| all[id as usize] == *tunnel) {
            Some(id) => id,
            None => self.add(hash, tunnel),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, tunnel: &Tunnel) -> u32 {
        let id = self.all.len() as u32;
        self.all.push(*tunnel);
        self.index.insert(hash, id);
        id
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tunnel> {
        self.all.iter()
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> &Tunnel {
        &self.all[number as usize]
    }
}
