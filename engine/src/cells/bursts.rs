//! When a station floods its VNI: a storm of seconds drowns in what cells count over an hour.
//!
//! Of each tunnel that a station sends broadcasts through, quarters of a second are kept, those with many of them; so a
//! broadcast that goes to every VTEP of the VNI counts once in each tunnel. A packet that is no broadcast costs nothing.

use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::capture::NO_TIME;
use crate::wire::mac::Mac;

/// A quarter of a second, in nanoseconds.
pub const SLOT: i64 = 250_000_000;

/// In a slot of a storm are so many broadcasts at the least: 52 a second.
const LOUD: u64 = 13;

/// So many slots are kept in all, some 20 MB; of what comes when they are used up there are no bursts.
const MOST_SLOTS: usize = 1 << 18;

/// Who sends, and which way: VNI, MAC, and the VTEPs.
pub type Sender = (u32, Mac, IpAddr, IpAddr);

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Counted from 1970.
    number: i64,
    packets: u64,
}

/// Loud slots in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// The first slot, counted from 1970.
    pub first: i64,
    /// How many there are.
    pub slots: u64,
    /// Broadcasts in them.
    pub packets: u64,
}

/// The bursts of a run.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    by_sender: HashMap<Sender, Vec<Slot>, RandomState>,
    slots: usize,
}

impl Bursts {
    /// Takes in a broadcast.
    pub(super) fn add(&mut self, sender: Sender, time: i64) {
        if time != NO_TIME {
            self.add_slot(sender, Slot { number: time.div_euclid(SLOT), packets: 1 });
        }
    }

    fn add_slot(&mut self, sender: Sender, slot: Slot) {
        let is_full = self.slots >= MOST_SLOTS;
        if is_full && !self.by_sender.contains_key(&sender) {
            return;
        }
        let known = self.by_sender.entry(sender).or_insert_with(|| Vec::with_capacity(1));
        // The first may be the rest of an earlier part's last; of others those that are over, and not loud, are dropped.
        if let [_, .., last] = known[..]
            && last.number != slot.number
            && last.packets < LOUD
        {
            known.pop();
            self.slots -= 1;
        }
        match known.last_mut() {
            Some(last) if last.number == slot.number => last.packets += slot.packets,
            _ if self.slots < MOST_SLOTS => {
                known.push(slot);
                self.slots += 1;
            }
            _ => {}
        }
    }

    /// Goes on as a later part did.
    pub(super) fn merge(&mut self, later: &Bursts) {
        for (sender, slots) in &later.by_sender {
            for slot in slots {
                self.add_slot(*sender, *slot);
            }
        }
    }

    /// All of them, with their senders.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Sender, Burst)> {
        self.by_sender.iter().flat_map(|(sender, slots)| runs(slots).map(move |burst| (sender, burst)))
    }
}

fn runs(slots: &[Slot]) -> impl Iterator<Item = Burst> + '_ {
    slots.chunk_by(|one, next| is_loud(one) && is_loud(next) && one.number + 1 == next.number).filter_map(
        |run| {
            let first = run.first().filter(|slot| is_loud(slot))?.number;
            Some(Burst { first, slots: run.len() as u64, packets: run.iter().map(|slot| slot.packets).sum() })
        },
    )
}

fn is_loud(slot: &Slot) -> bool {
    slot.packets >= LOUD
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SENDER: Sender = (
        100,
        Mac::BROADCAST,
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
    );

    fn all(times: &[i64]) -> Bursts {
        let mut bursts = Bursts::default();
        for time in times {
            bursts.add(SENDER, *time);
        }
        bursts
    }

    fn told(bursts: &Bursts) -> Vec<Burst> {
        let mut told: Vec<_> = bursts.iter().map(|(_, burst)| burst).collect();
        told.sort_by_key(|burst| burst.first);
        told
    }

    /// Two seconds of a hundred in a second, in an hour of one every ten seconds.
    fn storm() -> Vec<i64> {
        let mut times: Vec<i64> = (0..360).map(|number| number * 40 * SLOT).collect();
        times.extend((0..200).map(|number| 4_000 * SLOT + number * SLOT / 25));
        times.sort_unstable();
        times
    }

    /// The storm is told, and none of what is before and after it.
    #[test]
    fn a_short_storm_in_a_long_capture_is_a_burst() {
        let [burst] = told(&all(&storm()))[..] else { panic!("there is one") };
        assert_eq!(burst, Burst { first: 4_000, slots: 8, packets: 201 });
    }

    /// Twenty-five broadcasts now and then are none of a second.
    #[test]
    fn what_pauses_is_no_long_burst() {
        let times: Vec<i64> = (0..500).map(|number| number / 25 * 2 * SLOT + number % 25).collect();
        assert!(told(&all(&times)).iter().all(|burst| burst.slots == 1));
    }

    /// Split anywhere and merged, the bursts are the same.
    #[test]
    fn merging_is_exact() {
        let times = storm();
        for at in 0..=times.len() {
            let mut first = all(&times[..at]);
            first.merge(&all(&times[at..]));
            assert_eq!(told(&first), told(&all(&times)), "{at}");
        }
    }

    /// An hour of one every ten seconds takes the room of the first and the last of them.
    #[test]
    fn what_is_not_loud_is_not_kept() {
        let times: Vec<i64> = (0..360).map(|number| number * 40 * SLOT).collect();
        assert_eq!(all(&times).slots, 2);
    }

    /// A storm without an end, or without end of senders, takes no more room than there is.
    #[test]
    fn memory_has_a_bound() {
        let mut bursts = Bursts::default();
        for (number, _) in (0_i64..).zip(0..MOST_SLOTS + 1_000) {
            for _ in 0..LOUD {
                bursts.add(SENDER, number * SLOT);
            }
        }
        let (vni, mac, from, to) = SENDER;
        bursts.add((vni + 1, mac, from, to), 0);
        assert_eq!((bursts.slots, bursts.by_sender.len()), (MOST_SLOTS, 1));
    }
}
