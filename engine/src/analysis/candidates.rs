//! UDP ports whose traffic looks like VXLAN though they are not said to be VXLAN's.

use std::collections::{BTreeMap, BTreeSet};

use crate::decode::Lookalike;

/// So many frames that look like VXLAN make a port worth a word: one alone may be chance.
pub const LEAST_FRAMES: u64 = 2;

/// So many VNIs are named, the lowest ones.
const MOST_VNIS: usize = 8;

/// A UDP port whose traffic looks like VXLAN.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// The UDP destination port.
    pub port: u16,
    /// How many frames look like VXLAN.
    pub frames: u64,
    /// How many of those come from a port of VXLAN's.
    pub from_vxlan_ports: u64,
    /// The lowest of their VNIs, at most eight.
    pub vnis: BTreeSet<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Candidates {
    by_port: BTreeMap<u16, Candidate>,
}

impl Candidates {
    pub(super) fn add(&mut self, found: Lookalike) {
        self.take(found.port, (1, found.is_from_vxlan_port.into()), [found.vni]);
    }

    pub(super) fn merge(&mut self, later: &Candidates) {
        for candidate in later.iter() {
            let frames = (candidate.frames, candidate.from_vxlan_ports);
            self.take(candidate.port, frames, candidate.vnis.iter().copied());
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Candidate> {
        self.by_port.values()
    }

    fn take(&mut self, port: u16, (frames, from): (u64, u64), vnis: impl IntoIterator<Item = u32>) {
        let candidate =
            self.by_port.entry(port).or_insert_with(|| Candidate { port, ..Candidate::default() });
        candidate.frames += frames;
        candidate.from_vxlan_ports += from;
        candidate.vnis.extend(vnis);
        while candidate.vnis.len() > MOST_VNIS {
            candidate.vnis.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest VNIs are kept whatever the order, so that merging gives what one run would have.
    #[test]
    fn merging_is_exact() {
        let vnis = [90, 10, 80, 20, 70, 30, 60, 40, 50, 15];
        let all = |vnis: &[u32]| {
            let mut candidates = Candidates::default();
            for vni in vnis {
                let is_from_vxlan_port = vni % 20 == 0;
                candidates.add(Lookalike { port: 8472, vni: *vni, is_from_vxlan_port });
            }
            candidates
        };
        let whole = all(&vnis);
        for at in 0..=vnis.len() {
            let mut first = all(&vnis[..at]);
            first.merge(&all(&vnis[at..]));
            let told = |c: &Candidates| {
                c.iter().map(|c| (c.frames, c.from_vxlan_ports, c.vnis.clone())).collect::<Vec<_>>()
            };
            assert_eq!(told(&first), told(&whole));
        }
        assert_eq!(whole.by_port[&8472].vnis, BTreeSet::from([10, 15, 20, 30, 40, 50, 60, 70]));
    }
}
