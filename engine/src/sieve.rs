//! Which frames of a run are wanted, one by one: for what is told or written of each, beside the cells.

use crate::analysis::{Firsts, Fragments, Settings, Tally};
use crate::capture::Frame;
use crate::decode::{self, Aside, decode};
use crate::disposition::Ending;
use crate::encapsulation::Around;
use crate::packet::{Note, Packet};

/// Walks frames, counts how they end, and tells which are selected.
#[derive(Debug)]
pub struct Sieve {
    settings: Settings,
    tally: Tally,
    selected: u64,
    aside: Aside,
    fragments: Fragments,
    firsts: Firsts,
    front: Vec<u8>,
}

/// What there is to say of a frame inside the time window.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// How its walk ended.
    pub ending: Ending,
    /// Whether it is a VXLAN packet that is selected.
    pub selected: bool,
    /// Whether it is a copy that is to be dropped.
    pub copy: bool,
    /// Of a fragment: a number that stands for the outer datagram that it is a piece of.
    pub piece: Option<u64>,
}

impl Sieve {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let dedup = settings.dedup;
        Self {
            settings,
            tally: Tally::new(dedup),
            selected: 0,
            aside: Aside::default(),
            fragments: Fragments::with_bytes(),
            firsts: Firsts::default(),
            front: Vec::new(),
        }
    }

    /// Looks at the next frame; `None` outside the time window. The packet in `packet` is one if, and only if, the
    /// ending is a packet's ([`Ending::is_packet`]).
    #[inline]
    pub fn look(&mut self, frame: &Frame<'_>, packet: &mut Packet) -> Option<Look> {
        if !self.settings.select.in_window(frame.time) {
            return None;
        }
        let mut ending = decode(frame, &self.settings.overlays, packet, &mut self.aside);
        let copy = self.tally.frame(frame, ending, &self.settings.overlays);
        self.aside.error = None;
        if let Some(found) = self.aside.candidate.take() {
            self.tally.candidate(found);
        }
        let mut piece = None;
        if ending == Ending::Fragment {
            (ending, piece) = self.fragment(frame, copy, packet);
        }
        if !ending.is_packet() {
            return Some(Look { ending, selected: false, copy, piece });
        }
        packet.notes.set(Note::Copy, copy);
        self.tally.notes_of(packet.notes);
        if !copy && packet.notes.has(Note::InnerFragment) {
            self.firsts.take(packet, self.aside.around(packet).layers);
        }
        let selected = !copy && self.settings.select.matches(packet, self.aside.around(packet).layers);
        self.selected += u64::from(selected);
        Some(Look { ending, selected, copy, piece })
    }

    /// What is around the innermost overlay of the packet that was looked at last.
    #[must_use]
    pub fn around(&self, packet: &Packet) -> Around<'_> {
        self.aside.around(packet)
    }

    /// A frame with a fragment: how it ends, and which datagram it is a piece of.
    #[cold]
    fn fragment(&mut self, frame: &Frame<'_>, is_copy: bool, packet: &mut Packet) -> (Ending, Option<u64>) {
        let Some(piece) = decode::piece(frame) else {
            return (Ending::Fragment, None);
        };
        if is_copy {
            return (self.fragments.drop_copy(&piece, &mut self.tally), None);
        }
        let found = self.fragments.observe(&piece, &self.settings, &mut self.tally, packet, &mut self.aside);
        self.front = found.front;
        let is_its = found.ending != Ending::FragmentLength;
        (found.ending, self.fragments.number(&piece.datagram).filter(|_| is_its))
    }

    /// The bytes of the datagram that the last frame completed, up to the first that the capture does not hold.
    #[must_use]
    pub fn front(&self) -> &[u8] {
        &self.front
    }

    /// How many outer datagrams are not complete, and how many of them were given up for want of memory.
    #[must_use]
    pub fn incomplete_datagrams(&self) -> (u64, u64) {
        self.fragments.incomplete()
    }

    /// What to look at.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was counted of every frame.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many packets were selected.
    #[must_use]
    pub fn selected(&self) -> u64 {
        self.selected
    }
}
