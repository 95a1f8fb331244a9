//! What a run saw: observe, merge, finish.

mod candidates;
mod fragments;

pub use candidates::{Candidate, LEAST_FRAMES};

use crate::capture::Frame;
use crate::cells::{BATCH, Cells, Charge};
use crate::decode::{Aside, Ports, decode};
use crate::disposition::{Ending, Endings};
use crate::packet::{Note, Packet};
use crate::select::Select;
use crate::timespan::TimeSpan;

use candidates::Candidates;
use fragments::Trails;

/// What to look at.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which UDP destination ports are VXLAN's.
    pub ports: Ports,
    /// Which packets to report.
    pub select: Select,
}

/// What a run, or a part of one, saw.
#[derive(Debug)]
pub struct Analysis {
    settings: Settings,
    endings: Endings,
    notes: [u64; Note::ALL.len()],
    seen: TimeSpan,
    cells: Cells,
    candidates: Candidates,
    trails: Trails,
    aside: Aside,
    batch: Box<[Packet; BATCH]>,
    filled: usize,
}

impl Analysis {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            endings: Endings::default(),
            notes: [0; Note::ALL.len()],
            seen: TimeSpan::default(),
            cells: Cells::default(),
            candidates: Candidates::default(),
            trails: Trails::default(),
            aside: Aside::default(),
            batch: Box::new([Packet::default(); BATCH]),
            filled: 0,
        }
    }

    /// Takes in the next frame, in capture order. Whether it is inside the time window, and so in the report.
    #[inline]
    pub fn observe(&mut self, frame: &Frame<'_>) -> bool {
        let inside = self.settings.select.in_window(frame.time);
        if inside {
            self.take(frame);
        }
        inside
    }

    #[inline]
    fn take(&mut self, frame: &Frame<'_>) {
        self.seen.add(frame.time);
        let packet = &mut self.batch[self.filled];
        let ending = decode(frame, &self.settings.ports, packet, &mut self.aside);
        self.endings.add(ending);
        if ending != Ending::Vxlan {
            self.pass(frame, ending);
            return;
        }
        if !packet.notes.is_empty() {
            for note in Note::ALL {
                self.notes[note as usize] += u64::from(packet.notes.has(note));
            }
        }
        let selected = self.settings.select.matches(packet);
        if packet.notes.has(Note::FirstFragment) {
            self.first_fragment(selected);
        } else if selected {
            self.keep();
        }
    }

    /// The packet at the end of the batch stays in it.
    #[inline]
    fn keep(&mut self) {
        self.filled += 1;
        if self.filled == BATCH {
            self.flush();
        }
    }

    /// A frame that is no VXLAN packet.
    fn pass(&mut self, frame: &Frame<'_>, ending: Ending) {
        let Aside { piece, candidate } = std::mem::take(&mut self.aside);
        if let Some((port, vni)) = candidate {
            self.candidates.add(port, vni);
        }
        let Some((datagram, header_len)) = piece else {
            return;
        };
        if ending == Ending::Fragment {
            self.flush();
            let bytes = Charge { wire: frame.wire_len.into(), ip_header: header_len.into() };
            self.trails.piece(datagram, bytes, &mut self.cells);
        } else {
            self.trails.first(datagram, None, &mut self.cells);
        }
    }

    /// The packet that waits at the end of the batch is the first fragment of its datagram.
    #[cold]
    fn first_fragment(&mut self, selected: bool) {
        let packet = self.batch[self.filled];
        self.flush();
        let cell = selected.then(|| self.cells.add_alone(&packet));
        if let Some((datagram, _)) = self.aside.piece.take() {
            self.trails.first(datagram, cell, &mut self.cells);
        }
    }

    #[inline]
    fn flush(&mut self) {
        self.cells.add(&mut self.batch[..self.filled]);
        self.filled = 0;
    }

    /// Brings the cells up to date with all frames observed so far.
    pub fn finish(&mut self) {
        self.flush();
    }

    /// Adds what a later part of the same run saw; both must be finished. The answer is that of one part over all.
    pub fn merge(&mut self, later: &Analysis) {
        debug_assert!(self.filled == 0 && later.filled == 0, "finish() both first");
        self.endings.merge(&later.endings);
        for (count, more) in self.notes.iter_mut().zip(later.notes) {
            *count += more;
        }
        self.seen.merge(later.seen);
        let numbers = self.cells.merge(&later.cells);
        self.trails.merge(&later.trails, &numbers, &mut self.cells);
        self.candidates.merge(&later.candidates);
    }

    /// What to look at.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How the frames ended.
    #[must_use]
    pub fn endings(&self) -> &Endings {
        &self.endings
    }

    /// How many VXLAN packets each note stands on.
    pub fn notes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Note::ALL.iter().map(|note| (note.name(), self.notes[*note as usize]))
    }

    /// When the frames were seen.
    #[must_use]
    pub fn seen(&self) -> TimeSpan {
        self.seen
    }

    /// The cells, which every table is rolled up from.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// UDP ports, not taken for VXLAN's, whose traffic looks like it; in order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter()
    }
}
