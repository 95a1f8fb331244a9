//! Which frames of a run are wanted, one by one: for what is told or written of each, beside the cells.

use crate::analysis::{Settings, Tally};
use crate::capture::Frame;
use crate::decode::{Aside, Datagram, decode};
use crate::disposition::Ending;
use crate::packet::{Note, Packet};

/// Walks frames, counts how they end, and tells which are selected.
#[derive(Debug)]
pub struct Sieve {
    settings: Settings,
    tally: Tally,
    selected: u64,
    aside: Aside,
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
    /// Of a fragment: the outer datagram that it is a piece of.
    pub piece: Option<Datagram>,
}

impl Sieve {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let tally = Tally::new(settings.dedup);
        Self { settings, tally, selected: 0, aside: Aside::default() }
    }

    /// Looks at the next frame; `None` outside the time window. The packet in `packet` is one if, and only if, the
    /// ending is [`Ending::Vxlan`].
    #[inline]
    pub fn look(&mut self, frame: &Frame<'_>, packet: &mut Packet) -> Option<Look> {
        if !self.settings.select.in_window(frame.time) {
            return None;
        }
        let ending = decode(frame, &self.settings.ports, packet, &mut self.aside);
        let copy = self.tally.frame(frame, ending, &self.settings.ports);
        let Aside { piece, candidate, .. } = std::mem::take(&mut self.aside);
        let piece = piece.map(|(datagram, _)| datagram);
        if let Some((port, vni)) = candidate {
            self.tally.candidate(port, vni);
        }
        if ending != Ending::Vxlan {
            return Some(Look { ending, selected: false, copy, piece });
        }
        packet.notes.set(Note::Copy, copy);
        self.tally.notes_of(packet.notes);
        let selected = !copy && self.settings.select.matches(packet);
        self.selected += u64::from(selected);
        Some(Look { ending, selected, copy, piece })
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
