//! The directions of tunnels, each with a number that stands for its addresses in the keys of cells: keys are half as
//! long for it, and a packet touches one cache line less. Beside each is how the underlay treats it, which so is in the
//! cache.

use std::hash::BuildHasher;

use hashbrown::HashMap;

use super::chains::{self, Chain, Chains, PathId};
use super::index::{Index, Seed};
use super::underlay::{Errors, Path, Run, Treatment};
use super::{BATCH, Cell, NONE};
use crate::encapsulation::Around;
use crate::memory::prefetch;
use crate::packet::{FlowKey, Handling, Layer, Packet, Tunnel};
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

/// Tunnels as another thread numbers them, each with its number here once it has one.
#[derive(Debug, Default)]
pub(crate) struct Names {
    all: Vec<(Tunnel, u32)>,
}

impl Names {
    /// Takes in the tunnels that were numbered from `start` on; in any order.
    pub(crate) fn learn(&mut self, start: usize, tunnels: &[Tunnel]) {
        let end = start + tunnels.len();
        self.all.resize(self.all.len().max(end), (Tunnel::default(), NONE));
        for ((named, _), tunnel) in self.all[start..end].iter_mut().zip(tunnels) {
            *named = *tunnel;
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Tunnels {
    all: Vec<Direction>,
    paths: Vec<Path>,
    /// What wraps the packets of each.
    stacks: Vec<PathId>,
    chains: Chains,
    /// Of those that are inside of others, the one that the underlay carries.
    carriers: HashMap<u32, u32>,
    errors: HashMap<Tunnel, Errors>,
    unkept_errors: u64,
    index: Index,
    seed: Seed,
}

impl Tunnels {
    /// Fetches what [`Self::carry_likely`] needs of packets, [`BATCH`] at the most: the hashes of their tunnels, and the
    /// numbers that these are likely to have, or [`NONE`].
    // Short loops: the shorter, the more of their cache misses the processor has in flight.
    #[inline(always)]
    pub(super) fn fetch(&self, packets: &[Packet]) -> [(u64, u32); BATCH] {
        let mut likely = [(0, NONE); BATCH];
        for (packet, (hash, _)) in packets.iter().zip(&mut likely) {
            *hash = self.seed.hash_one(packet.tunnel);
            self.index.prefetch(*hash);
        }
        for (_, (hash, number)) in packets.iter().zip(&mut likely) {
            if let Some(first) = self.index.first_alike(*hash) {
                *number = first;
                prefetch(&self.all[first as usize]);
            }
        }
        likely
    }

    /// Counts a packet on its way; the number of its tunnel.
    pub(super) fn carry(&mut self, packet: &Packet) -> u32 {
        self.carry_likely((self.seed.hash_one(packet.tunnel), NONE), packet)
    }

    /// The same, where the hash of its tunnel is known, and which number is likely.
    #[inline(always)]
    pub(super) fn carry_likely(&mut self, (hash, likely): (u64, u32), packet: &Packet) -> u32 {
        if let Some(direction) = self.all.get_mut(likely as usize)
            && direction.tunnel == packet.tunnel
            && packet.tunnel.chain() == 0
        {
            if !direction.run.take(packet.handling) {
                self.paths[likely as usize].turn(&mut direction.run, packet.handling);
            }
            return likely;
        }
        self.carry_found(hash, packet)
    }

    #[inline(never)]
    fn carry_found(&mut self, hash: u64, packet: &Packet) -> u32 {
        let all = &self.all;
        let known = self.index.find(hash, |number| all[number as usize].tunnel == packet.tunnel);
        let number = known.unwrap_or_else(|| self.add(hash, &packet.tunnel));
        // The underlay knows of the outermost tunnel only, and carriers are a part of it.
        let carrier = self.carrier(number);
        self.take(carrier, packet.handling);
        number
    }

    #[inline]
    fn take(&mut self, number: u32, handling: Handling) {
        let run = &mut self.all[number as usize].run;
        if !run.take(handling) {
            self.paths[number as usize].turn(run, handling);
        }
    }

    /// Counts a packet on its way in tunnel `name` of `names`; the number of the tunnel here.
    #[inline]
    pub(super) fn named(&mut self, names: &mut Names, name: u32, handling: Handling) -> u32 {
        let (tunnel, known) = &mut names.all[name as usize];
        if *known == NONE {
            *known = self.number(tunnel);
        }
        let number = *known;
        self.take(number, handling);
        number
    }

    /// The number of the tunnel that the underlay carries the packets of tunnel `number` in.
    fn carrier(&mut self, number: u32) -> u32 {
        let tunnel = &self.all[number as usize].tunnel;
        let Some(outermost) = self.chains.outermost(tunnel) else {
            return number;
        };
        if let Some(carrier) = self.carriers.get(&number) {
            return *carrier;
        }
        let carrier = self.number(&outermost);
        self.carriers.insert(number, carrier);
        carrier
    }

    /// The way that the packets of tunnel `number` go.
    pub(super) fn path(&mut self, number: u32) -> &mut Path {
        let carrier = self.carrier(number);
        &mut self.paths[carrier as usize]
    }

    /// The number of `tunnel`, which it gets when it is new.
    #[inline]
    pub(super) fn number(&mut self, tunnel: &Tunnel) -> u32 {
        let hash = self.seed.hash_one(tunnel);
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
        self.stacks.push(self.chains.path_of(tunnel));
        self.index.insert(hash, id);
        id
    }

    /// How many there are, those included that carry others only.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The number of the chain of what is around some packets.
    pub(super) fn chain_number(&mut self, around: Around<'_>) -> u32 {
        self.chains.number(around)
    }

    /// The numbers that the chains of `other` have here; its number 0 first.
    pub(super) fn chain_numbers(&mut self, other: &Tunnels) -> Vec<u32> {
        self.chains.numbers_of(&other.chains)
    }

    /// What wraps the packets of a tunnel.
    #[inline]
    pub(super) fn stack_of(&self, number: u32) -> PathId {
        self.stacks[number as usize]
    }

    /// As [`Self::flow`]; the IP packets of a VNI's rest count as one flow.
    pub(super) fn flow_or_rest(&self, cell: &Cell) -> Option<(FlowKey, bool)> {
        cell.key.flow_or_rest(self.stack_of(cell.key.tunnel()).0)
    }

    /// The flow of a cell's packets, and whether they go from its lower end; `None` where that is not known.
    pub(super) fn flow(&self, cell: &Cell) -> Option<(FlowKey, bool)> {
        cell.key.flow(self.stack_of(cell.key.tunnel()).0)
    }

    /// What is around a tunnel, if anything.
    #[inline]
    pub(super) fn around(&self, tunnel: &Tunnel) -> Option<&Chain> {
        self.chains.get(tunnel.chain())
    }

    /// The layers of all chains with their paths; a layer as often as there are chains with it.
    pub(super) fn layers(&self) -> impl Iterator<Item = &(Layer, PathId)> {
        self.chains.layers()
    }

    pub(super) fn stack(&self, number: PathId) -> &chains::Path {
        self.chains.path(number)
    }

    /// How the underlay treats each direction that it carries.
    pub(super) fn treatments(&self) -> impl Iterator<Item = (&Tunnel, Treatment)> {
        let directions = self.all.iter().zip(&self.paths).filter(|(each, _)| each.tunnel.chain() == 0);
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
            if tunnel.chain() != 0 {
                continue;
            }
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

#[cfg(test)]
mod tests {
    use foldhash::SharedSeed;

    use super::*;

    /// VTEPs have addresses in a row. Whatever the seed, a look-up in a table that is two thirds full takes two probes
    /// on average.
    #[test]
    fn addresses_in_a_row_do_not_cluster() {
        let (sources, destinations) = (0xc000_0201..0xc000_0221_u128, 0xc000_0202..0xc000_0217_u128);
        let pairs = destinations.flat_map(|to| sources.clone().map(move |from| (from, to)));
        let all: Vec<Tunnel> = pairs.map(|(from, to)| Tunnel::new(false, from, to, 4789)).collect();
        for number in 0..500 {
            let shared = Box::leak(Box::new(SharedSeed::from_u64(number)));
            let mut tunnels = Tunnels { seed: Seed::with_seed(number, shared), ..Tunnels::default() };
            let mut probes = 0;
            for tunnel in &all {
                let id = tunnels.number(tunnel);
                probes += tunnels.index.probes(tunnels.seed.hash_one(tunnel), id);
            }
            assert!(probes < 4 * all.len(), "seed {number}: {probes} probes for {} tunnels", all.len());
        }
    }
}
