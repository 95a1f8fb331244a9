//! UDP ports whose traffic looks like VXLAN though they are not said to be VXLAN's.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The lowest of their VNIs, at most eight.
    pub vnis: BTreeSet<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Candidates {
    by_port: BTreeMap<u16, Candidate>,
}

impl Candidates {
    pub(super) fn add(&mut self, port: u16, vni: u32) {
        self.take(port, 1, [vni]);
    }

    pub(super) fn merge(&mut self, later: &Candidates) {
        for candidate in later.iter() {
            self.take(candidate.port, candidate.frames, candidate.vnis.iter().copied());
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Candidate> {
        self.by_port.values()
    }

    fn take(&mut self, port: u16, frames: u64, vnis: impl IntoIterator<Item = u32>) {
        let candidate =
            self.by_port.entry(port).or_insert_with(|| Candidate { port, ..Candidate::default() });
        candidate.frames += frames;
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
                candidates.add(8472, *vni);
            }
            candidates
        };
        let whole = all(&vnis);
        for at in 0..=vnis.len() {
            let mut first = all(&vnis[..at]);
            first.merge(&all(&vnis[at..]));
            let told =
                |c: &Candidates| c.iter().map(|c| (c.port, c.frames, c.vnis.clone())).collect::<Vec<_>>();
            assert_eq!(told(&first), told(&whole));
        }
        assert_eq!(whole.by_port[&8472].vnis, BTreeSet::from([10, 15, 20, 30, 40, 50, 60, 70]));
    }
}
