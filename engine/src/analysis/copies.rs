//! Packets that the capture shows more than once: at several interfaces (`tcpdump -i any`), before and after a router,
//! from both ports of a mirror; and inside VXLAN as well as bare, at the container's own interface.
//!
//! A packet is a copy where the latest one with the same fingerprint is within the window. It is so whether that one
//! is a copy itself or not, so what a frame is depends on the frames of one window before it alone, and parts of a
//! run merge exactly.

mod loops;

use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;

use hashbrown::HashMap;

use crate::capture::NO_TIME;
use crate::decode::Fingerprint;

pub use loops::Loops;
use loops::Trail;

/// How close together two frames must be to count as copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// In nanoseconds. Frames without a time are judged by their distance in frames alone.
    pub time: u64,
    /// In frames of the run, whatever they are.
    pub frames: u32,
}

impl Default for Window {
    /// 10 ms is longer than a packet waits in a host or a switch, and shorter than any retransmission timer. Within a
    /// host, each processor hands packets on in batches of up to 64, so on a large one a thousand frames of others may
    /// stand between a packet and its copy.
    fn default() -> Self {
        Self { time: 10_000_000, frames: 1000 }
    }
}

/// Unless copies are dropped, only some frames are looked at: the first ones...
const AT_FIRST: u64 = 4096;
/// ... then so many...
const SAMPLE: u64 = 256;
/// ... of so many, and as many as at first behind every copy that is found.
const PERIOD: u64 = 1 << 16;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// VXLAN packets, and later fragments of their datagrams, that were seen before.
    pub packets: u64,
    /// Frames that are not VXLAN, whose packet was also seen inside VXLAN.
    pub bare: u64,
    /// How many frames were looked at.
    pub looked_at: u64,
}

/// A frame that was looked at.
#[derive(Debug, Clone, Copy)]
struct Sighting {
    time: i64,
    print: Fingerprint,
    /// It is a copy, or bare and has met its encapsulated packet.
    counted: bool,
    /// It is a packet that went round.
    went_round: bool,
    /// Of a bare frame that waits for its encapsulated packet: the one before it that waits for the same.
    waits_behind: Option<u64>,
}

/// Who has a packet inside: the latest encapsulated frame, and the latest bare one that has met none.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    encapsulated: Option<u64>,
    waiting: Option<u64>,
}

/// The frames of the window.
#[derive(Debug, Default)]
struct Recent {
    /// The number of the first.
    base: u64,
    sightings: VecDeque<Sighting>,
    /// The latest frame with each fingerprint of a whole packet. Here and below, what is older than the window says
    /// nothing, and is swept out once there is as much of it again.
    whole: ByPrint<u64>,
    bare: ByPrint<Pair>,
    /// Who sent each inner packet.
    trails: ByPrint<Trail>,
}

/// Something for each fingerprint, which is a hash already.
type ByPrint<T> = HashMap<u64, T, BuildHasherDefault<Print>>;

/// Passes a fingerprint on as its own hash.
#[derive(Default)]
struct Print(u64);

impl Hasher for Print {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }

    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty(), "a fingerprint is one number");
    }
}

/// Copies, and what is needed to tell more of them.
#[derive(Debug)]
pub struct Copies {
    window: Window,
    drop: bool,
    /// The frame to look at next, counted from 1, ...
    due: u64,
    /// ... and how far away it is: what each frame costs is one subtraction.
    away: u64,
    /// From this one on, no frame is looked at before the next sample.
    until: u64,
    found: Found,
    loops: Loops,
    recent: Recent,
    /// The first frames of this part, which may be copies of those in an earlier one.
    head: Vec<Sighting>,
}

impl Copies {
    /// Looks at all frames where copies are dropped, else at some.
    pub(super) fn new(drop: Option<Window>) -> Self {
        Self {
            window: drop.unwrap_or_default(),
            drop: drop.is_some(),
            due: 1,
            away: 1,
            until: if drop.is_some() { u64::MAX } else { AT_FIRST },
            found: Found::default(),
            loops: Loops::default(),
            recent: Recent::default(),
            head: Vec::new(),
        }
    }

    /// Counts a frame; whether it is to be looked at.
    #[inline]
    pub(super) fn are_due(&mut self) -> bool {
        self.away -= 1;
        self.away == 0
    }

    /// Whether the next `frames` frames are not to be looked at.
    pub(super) fn are_far(&self, frames: u64) -> bool {
        self.away > frames
    }

    /// Counts frames that are not to be looked at.
    pub(super) fn pass(&mut self, frames: u64) {
        self.away -= frames;
    }

    /// Frames of this part so far.
    fn frames(&self) -> u64 {
        self.due - self.away
    }

    /// Looks at the frame that was just counted: whether it is to be dropped.
    #[cold]
    #[inline(never)]
    pub(super) fn look(&mut self, time: i64, print: Fingerprint) -> bool {
        let number = self.due - 1;
        if number >= self.until {
            let next = (number / PERIOD + 1) * PERIOD;
            self.until = next + SAMPLE;
            (self.due, self.away) = (next + 1, next - number);
            return false;
        }
        (self.due, self.away) = (self.due + 1, 1);
        self.found.looked_at += 1;
        let before = self.remarkable();
        let sighting = Sighting { time, print, counted: false, went_round: false, waits_behind: None };
        let is_copy = self.sight(number, sighting);
        if self.remarkable() > before {
            self.until = self.until.max(number.saturating_add(AT_FIRST));
        }
        self.drop && is_copy
    }

    fn remarkable(&self) -> u64 {
        self.found.packets + self.found.bare + self.loops.packets()
    }

    /// Puts frame `number` into the window, and counts what it makes a copy that was not counted yet. Whether it is the
    /// copy of a packet that was seen encapsulated alike.
    fn sight(&mut self, number: u64, mut sighting: Sighting) -> bool {
        if number != self.recent.end() {
            self.recent = Recent { base: number, ..Recent::default() };
        }
        let print = sighting.print;
        let latest = print.whole.and_then(|whole| self.recent.whole.insert(whole, number));
        let is_copy = self.is_near(latest, sighting);
        if is_copy && !sighting.counted {
            self.found.packets += 1;
            sighting.counted = true;
        }
        if let (Some(bare), Some(way), false) = (print.bare, print.way, is_copy)
            && self.goes_round(number, sighting, bare, way.source)
            && !sighting.went_round
        {
            sighting.went_round = true;
            self.loops.add(way, 1);
        }
        match print.bare {
            Some(bare) if print.whole.is_some() => self.meet(number, sighting, bare),
            Some(bare) if !sighting.counted => {
                let pair = self.recent.bare.get(&bare).copied().unwrap_or_default();
                if self.is_near(pair.encapsulated, sighting) {
                    self.found.bare += 1;
                    sighting.counted = true;
                } else {
                    sighting.waits_behind = pair.waiting;
                    self.recent.bare.insert(bare, Pair { waiting: Some(number), ..pair });
                }
            }
            _ => {}
        }
        self.recent.sightings.push_back(sighting);
        if number < u64::from(self.window.frames) {
            self.head.push(sighting);
        }
        self.recent.shrink(self.window.frames as usize);
        is_copy
    }

    /// Whether the packet with fingerprint `bare` inside, which `sender` sends, goes round.
    fn goes_round(&mut self, number: u64, sighting: Sighting, bare: u64, sender: IpAddr) -> bool {
        let latest = self.recent.trails.get(&bare).map(|trail| trail.latest);
        if !self.is_near(latest, sighting) {
            self.recent.trails.insert(bare, Trail::new(number, sender));
            return false;
        }
        let since = number.saturating_sub(u64::from(self.window.frames));
        self.recent.trails.get_mut(&bare).is_some_and(|trail| trail.step(number, sender, since))
    }

    /// The encapsulated packet of the bare frames that wait for it.
    fn meet(&mut self, number: u64, sighting: Sighting, bare: u64) {
        let pair = self.recent.bare.entry(bare).or_default();
        pair.encapsulated = Some(number);
        let mut next = pair.waiting.take();
        while let Some(waiting) = next {
            next = self.recent.get(waiting).and_then(|frame| frame.waits_behind);
            if self.is_near(Some(waiting), sighting) {
                self.found.bare += 1;
                self.recent.count(waiting);
                if let Some(frame) = usize::try_from(waiting).ok().and_then(|at| self.head.get_mut(at)) {
                    frame.counted = true;
                }
            }
        }
    }

    /// Whether `earlier` is still in the window, and not too long ago.
    fn is_near(&self, earlier: Option<u64>, sighting: Sighting) -> bool {
        earlier.and_then(|number| self.recent.get(number)).is_some_and(|earlier| {
            let (a, b) = (earlier.time, sighting.time);
            a == NO_TIME || b == NO_TIME || a.abs_diff(b) <= self.window.time
        })
    }

    /// Adds what a later part of the same run found. What was dropped there, or was not, stays so.
    pub(super) fn merge(&mut self, later: &Copies) {
        let (start, before) = (self.frames(), self.found);
        // Those at its end were compared with all before them there: they count nothing here, and go into the window.
        for (number, sighting) in (0..).zip(&later.head).chain(later.recent.behind(later.head.len())) {
            self.sight(start + number, Sighting { waits_behind: None, ..*sighting });
        }
        if self.drop {
            self.found.packets = before.packets;
        }
        self.found.packets += later.found.packets;
        self.found.bare += later.found.bare;
        self.found.looked_at += later.found.looked_at;
        self.loops.merge(&later.loops);
        self.due += later.frames();
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> Found {
        self.found
    }

    /// What goes round among the frames that were looked at.
    #[must_use]
    pub fn loops(&self) -> &Loops {
        &self.loops
    }

    /// How close together copies are.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Whether they are dropped.
    #[must_use]
    pub fn are_dropped(&self) -> bool {
        self.drop
    }
}

impl Recent {
    fn end(&self) -> u64 {
        self.base + self.sightings.len() as u64
    }

    fn place(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.base).and_then(|at| usize::try_from(at).ok())
    }

    fn get(&self, number: u64) -> Option<Sighting> {
        self.place(number).and_then(|at| self.sightings.get(at)).copied()
    }

    fn count(&mut self, number: u64) {
        if let Some(sighting) = self.place(number).and_then(|at| self.sightings.get_mut(at)) {
            sighting.counted = true;
        }
    }

    /// Drops what is beyond `most` frames.
    fn shrink(&mut self, most: usize) {
        while self.sightings.len() > most {
            self.sightings.pop_front();
            self.base += 1;
        }
        let (base, much) = (self.base, 2 * most);
        if self.whole.len() > much {
            self.whole.retain(|_, latest| *latest >= base);
        }
        if self.trails.len() > much {
            self.trails.retain(|_, trail| trail.latest >= base);
        }
        if self.bare.len() > much {
            let is_left = |number: Option<u64>| number.is_some_and(|number| number >= base);
            self.bare.retain(|_, pair| is_left(pair.encapsulated) || is_left(pair.waiting));
        }
    }

    /// The frames from this number on.
    fn behind(&self, number: usize) -> impl Iterator<Item = (u64, &Sighting)> {
        (self.base..).zip(&self.sightings).skip_while(move |(at, _)| *at < number as u64)
    }
}

#[cfg(test)]
mod tests;
