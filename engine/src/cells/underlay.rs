//! How the underlay treats one direction of a tunnel: what its outer headers tell, and the ICMP errors about it.

use std::collections::BTreeSet;

use crate::packet::Handling;
use crate::wire::icmp::Error;

/// What the outer headers of some packets add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// The lowest time to live (hop limit), and the highest; the lowest is above the highest where there is none.
    pub ttl: (u8, u8),
    /// How often it was another than the packet's before.
    pub ttl_changes: u64,
    /// A bit for each DSCP seen.
    pub dscps: u64,
    /// Packets of each ECN field: Not-ECT, ECT(1), ECT(0), CE (RFC 3168).
    pub ecn: [u64; 4],
    /// Packets whose DSCP is not that of the inner IP packet.
    pub dscp_mismatches: u64,
    /// Packets whose ECN field does not follow from the inner one (RFC 6040).
    pub ecn_mismatches: u64,
    /// IPv4 packets that routers may not cut.
    pub dont_fragment: u64,
    /// Pieces of outer datagrams.
    pub fragments: u64,
}

impl Default for Treatment {
    fn default() -> Self {
        Self {
            ttl: (u8::MAX, 0),
            ttl_changes: 0,
            dscps: 0,
            ecn: [0; 4],
            dscp_mismatches: 0,
            ecn_mismatches: 0,
            dont_fragment: 0,
            fragments: 0,
        }
    }
}

impl Treatment {
    /// Adds `packets` packets that were handled alike.
    fn add(&mut self, packets: u64, handling: Handling) {
        if packets == 0 {
            return;
        }
        let counted = |holds: bool| if holds { packets } else { 0 };
        self.ttl = (self.ttl.0.min(handling.ttl()), self.ttl.1.max(handling.ttl()));
        self.dscps |= 1 << handling.dscp();
        self.ecn[usize::from(handling.ecn())] += packets;
        self.dscp_mismatches += counted(handling.is_dscp_mismatch());
        self.ecn_mismatches += counted(handling.is_ecn_mismatch());
        self.dont_fragment += counted(handling.dont_fragment());
        self.fragments += counted(handling.is_fragment());
    }

    /// Adds what other packets add up to.
    pub fn merge(&mut self, other: &Treatment) {
        self.ttl = (self.ttl.0.min(other.ttl.0), self.ttl.1.max(other.ttl.1));
        self.ttl_changes += other.ttl_changes;
        self.dscps |= other.dscps;
        self.ecn.iter_mut().zip(other.ecn).for_each(|(mine, theirs)| *mine += theirs);
        self.dscp_mismatches += other.dscp_mismatches;
        self.ecn_mismatches += other.ecn_mismatches;
        self.dont_fragment += other.dont_fragment;
        self.fragments += other.fragments;
    }
}

/// The latest packets of one direction of a tunnel, which were all handled alike. Most are handled as the one before was,
/// so that each costs a comparison.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    last: Handling,
    packets: u64,
}

impl Run {
    /// Adds a packet, where it belongs to the run.
    #[inline]
    pub(super) fn take(&mut self, handling: Handling) -> bool {
        let alike = self.last == handling;
        self.packets += u64::from(alike);
        alike
    }
}

/// The packets of one direction of a tunnel, in capture order, but for those of the run that goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Path {
    first: Handling,
    before: Treatment,
}

impl Path {
    /// Ends `run` and begins the next with a packet.
    #[inline(never)]
    pub(super) fn turn(&mut self, run: &mut Run, handling: Handling) {
        self.settle(run, handling);
        *run = Run { last: handling, packets: 1 };
    }

    /// Counts what is in `run`; a packet handled as `next` comes behind it.
    fn settle(&mut self, run: &Run, next: Handling) {
        if run.packets == 0 {
            self.first = next;
            return;
        }
        self.before.add(run.packets, run.last);
        self.before.ttl_changes += u64::from(run.last.ttl() != next.ttl());
    }

    /// Pieces of datagrams, beside the one that is a packet's.
    pub(super) fn add_pieces(&mut self, pieces: u64) {
        self.before.fragments += pieces;
    }

    /// Adds what came later.
    pub(super) fn merge(&mut self, run: &mut Run, later: &Path, later_run: &Run) {
        if later_run.packets == 0 {
            return;
        }
        self.settle(run, later.first);
        self.before.merge(&later.before);
        *run = *later_run;
    }

    pub(super) fn treatment(&self, run: &Run) -> Treatment {
        let mut all = self.before;
        all.add(run.packets, run.last);
        all
    }
}

/// So many VNIs are named of the packets that met errors, the lowest ones.
const MOST_VNIS: usize = 64;

/// ICMP errors about the packets of one direction of a tunnel.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    /// Packets too large for a link.
    pub too_big: u64,
    /// The smallest MTU that was told.
    pub mtu: Option<u32>,
    /// Packets that found no way, or nobody.
    pub unreachable: u64,
    /// Packets with too many routers on their way.
    pub time_exceeded: u64,
    /// Packets whose headers somebody did not understand.
    pub parameter_problem: u64,
    /// The lowest of the VNIs that were quoted, at most 64.
    pub vnis: BTreeSet<u32>,
}

impl Errors {
    /// Counts an error; `vni` is that of the packet it quotes, where it is quoted.
    pub(super) fn add(&mut self, error: Error, vni: Option<u32>) {
        match error {
            Error::TooBig(mtu) => {
                self.too_big += 1;
                self.mtu = smaller(self.mtu, mtu);
            }
            Error::Unreachable => self.unreachable += 1,
            Error::TimeExceeded => self.time_exceeded += 1,
            Error::ParameterProblem => self.parameter_problem += 1,
        }
        self.name(vni);
    }

    fn name(&mut self, vnis: impl IntoIterator<Item = u32>) {
        self.vnis.extend(vnis);
        while self.vnis.len() > MOST_VNIS {
            self.vnis.pop_last();
        }
    }

    /// Adds those of another part of the run, or of another port.
    pub fn merge(&mut self, other: &Errors) {
        self.too_big += other.too_big;
        self.mtu = smaller(self.mtu, other.mtu);
        self.unreachable += other.unreachable;
        self.time_exceeded += other.time_exceeded;
        self.parameter_problem += other.parameter_problem;
        self.name(other.vnis.iter().copied());
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.too_big + self.unreachable + self.time_exceeded + self.parameter_problem
    }
}

/// The smaller of two, where any is told.
fn smaller(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::handling::bit;

    /// What some packets come to, in a row.
    #[derive(Default)]
    struct Whole(Run, Path);

    impl Whole {
        fn of(handlings: &[Handling]) -> Self {
            let mut whole = Self::default();
            for handling in handlings {
                whole.add(*handling);
            }
            whole
        }

        fn add(&mut self, handling: Handling) {
            if !self.0.take(handling) {
                self.1.turn(&mut self.0, handling);
            }
        }

        fn merge(&mut self, later: &Whole) {
            self.1.merge(&mut self.0, &later.1, &later.0);
        }

        fn treatment(&self) -> Treatment {
            self.1.treatment(&self.0)
        }
    }

    /// TTL, outer and inner traffic class, in turn; with a handling of all zeros, which is no run's beginning yet.
    fn handlings() -> Vec<Handling> {
        let plain = |ttl, outer| Handling::new(ttl, outer, bit::DONT_FRAGMENT);
        let mut inside = plain(63, 0xb8);
        inside.set_inner(0xb8);
        vec![Handling::default(), plain(64, 0), plain(64, 0), plain(63, 0), inside, inside, plain(64, 3)]
    }

    /// A run that begins with any packet, the one of zeros too, counts each packet once.
    #[test]
    fn runs_count_every_packet() {
        let treatment = Whole::of(&handlings()).treatment();
        assert_eq!(treatment.ttl, (0, 64));
        assert_eq!(treatment.ttl_changes, 3);
        assert_eq!(treatment.ecn, [6, 0, 0, 1]);
        assert_eq!((treatment.dscps, treatment.dont_fragment), (1 | 1 << 46, 6));
        assert_eq!((treatment.dscp_mismatches, treatment.ecn_mismatches), (0, 0));
        assert_eq!(Whole::of(&[]).treatment(), Treatment::default());
    }

    /// Split anywhere and merged, also where a part has no packet, a path is the same.
    #[test]
    fn merging_is_exact() {
        let all = handlings();
        for at in 0..=all.len() {
            let mut first = Whole::of(&all[..at]);
            first.merge(&Whole::of(&all[at..]));
            assert_eq!(first.treatment(), Whole::of(&all).treatment(), "{at}");
            first.merge(&Whole::default());
            first.add(all[0]);
            assert_eq!(first.treatment(), Whole::of(&[&all[..], &all[..1]].concat()).treatment(), "{at}");
        }
    }
}
