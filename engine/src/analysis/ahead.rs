//! Frames walked ahead of their turn.
//!
//! Walking a frame needs nothing but the frame, so any thread can do it, in any order. What depends on the frames before
//! it, and so is done in the order of the capture, is left: cells, and whatever is not plain. A frame that is not plain
//! (a fragment, an ICMP error, VXLAN in VXLAN) is put aside, and observed in its turn as if nobody had looked at it. So
//! an analysis has no way to tell how it came by its frames, and what is added to it later is right by itself.

use std::hash::BuildHasher;

use hashbrown::HashMap;

use super::Analysis;
use super::Settings;
use super::tally::Sums;
use crate::capture::{Clock, Frame, LinkType};
use crate::cells::{Names, Seed};
use crate::decode::{Aside, decode, verify};
use crate::disposition::Ending;
use crate::packet::{Packet, Tunnel};

/// Walks frames for an analysis that observes others meanwhile.
#[derive(Debug)]
pub struct Walker {
    /// Which of the analysis' walkers it is.
    number: usize,
    settings: Settings,
    seed: Seed,
    aside: Aside,
    /// Its own numbers of tunnels.
    numbers: HashMap<Tunnel, u32, Seed>,
}

/// What frames in a row came to.
#[derive(Debug, Default)]
pub struct Walked {
    walker: usize,
    frames: u64,
    clock: Clock,
    inside: u64,
    sums: Sums,
    /// How many frames are in the sums.
    summed: u64,
    /// The packets to report are the first `filled` of these; in their keys, tunnels have the walker's numbers.
    packets: Vec<Packet>,
    filled: usize,
    /// The hash of each one's key.
    keys: Vec<u64>,
    /// Tunnels that were new to the walker, and the number of the first.
    tunnels: Vec<Tunnel>,
    tunnels_from: usize,
    asides: Vec<PutAside>,
    /// The bytes of those put aside.
    bytes: Vec<u8>,
}

/// A frame that was put aside.
#[derive(Debug)]
struct PutAside {
    /// How many packets come before.
    behind: usize,
    /// Where its bytes end.
    end: usize,
    wire_len: u32,
    time: i64,
    link: LinkType,
}

impl Walked {
    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How their times followed each other.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many of them are inside the time window.
    #[must_use]
    pub fn inside(&self) -> u64 {
        self.inside
    }

    fn clear(&mut self) {
        (self.frames, self.inside, self.summed, self.filled) = (0, 0, 0, 0);
        (self.sums, self.clock) = (Sums::default(), Clock::default());
        self.keys.clear();
        self.tunnels.clear();
        self.asides.clear();
        self.bytes.clear();
    }

    fn put_aside(&mut self, frame: &Frame<'_>) {
        self.bytes.extend_from_slice(frame.data);
        let Frame { wire_len, time, link, .. } = *frame;
        self.asides.push(PutAside { behind: self.filled, end: self.bytes.len(), wire_len, time, link });
    }
}

impl Walker {
    /// Begins anew with `walked`.
    pub fn begin(&self, walked: &mut Walked) {
        walked.clear();
        walked.walker = self.number;
        walked.tunnels_from = self.numbers.len();
    }

    /// Walks the next frame.
    #[inline]
    pub fn walk(&mut self, frame: &Frame<'_>, walked: &mut Walked) {
        walked.frames += 1;
        walked.clock.see(frame.time);
        if !self.settings.select.in_window(frame.time) {
            return;
        }
        walked.inside += 1;
        if walked.filled == walked.packets.len() {
            walked.packets.push(Packet::default());
        }
        let packet = &mut walked.packets[walked.filled];
        let ending = decode(frame, &self.settings.overlays, packet, &mut self.aside);
        if !ending.is_packet() {
            let (candidate, error) = (self.aside.candidate.take(), self.aside.error.take());
            if ending == Ending::Fragment || candidate.is_some() || error.is_some() {
                return walked.put_aside(frame);
            }
        } else if !packet.notes.are_plain() {
            return walked.put_aside(frame);
        }
        walked.summed += 1;
        walked.sums.frame(frame.time, ending);
        if ending.is_packet() {
            walked.sums.notes_of(packet.notes);
            if self.settings.select.matches(packet, &[]) {
                if self.settings.checksums {
                    packet.checks = verify(frame, packet, &self.settings.overlays);
                }
                walked.keys.push(self.seed.hash_one(packet.key));
                packet.key.set_tunnel(number_of(&mut self.numbers, &mut walked.tunnels, &packet.tunnel));
                walked.filled += 1;
            }
        }
    }
}

#[inline]
fn number_of(numbers: &mut HashMap<Tunnel, u32, Seed>, new: &mut Vec<Tunnel>, tunnel: &Tunnel) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(*tunnel).or_insert_with(|| {
        new.push(*tunnel);
        next
    })
}

impl Analysis {
    /// One who walks frames ahead, that [`Self::take_walked`] then takes in.
    pub fn walker(&mut self) -> Walker {
        self.names.push(Names::default());
        Walker {
            number: self.names.len() - 1,
            settings: self.settings.clone(),
            seed: self.cells.seed(),
            aside: Aside::default(),
            numbers: HashMap::default(),
        }
    }

    /// Whether [`Self::take_walked`] may take these in next. Else each frame is to be observed.
    #[must_use]
    pub fn can_take(&self, walked: &Walked) -> bool {
        self.tally.can_add(walked.inside)
    }

    /// Learns what the walker will not tell again, of frames that are not taken in as well. To be told in the walker's
    /// order.
    pub fn hear_of(&mut self, walked: &Walked) {
        self.names[walked.walker].learn(walked.tunnels_from, &walked.tunnels);
    }

    /// Takes in frames that come next in capture order, as if each had been observed.
    pub fn take_walked(&mut self, walked: &mut Walked) {
        self.hear_of(walked);
        self.flush();
        self.tally.add(&walked.sums, walked.summed);
        let (mut packet, mut byte) = (0, 0);
        for put in &walked.asides {
            let names = &mut self.names[walked.walker];
            self.cells.add_hashed(
                &mut walked.packets[packet..put.behind],
                &walked.keys[packet..put.behind],
                names,
            );
            let data = &walked.bytes[byte..put.end];
            self.observe(&Frame { data, wire_len: put.wire_len, time: put.time, link: put.link });
            self.flush();
            (packet, byte) = (put.behind, put.end);
        }
        let rest = packet..walked.filled;
        let names = &mut self.names[walked.walker];
        self.cells.add_hashed(&mut walked.packets[rest.clone()], &walked.keys[rest], names);
    }
}
