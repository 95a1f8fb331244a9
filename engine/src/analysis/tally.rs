//! How the frames of a run ended, what is remarkable about its packets, and when they were.

use super::candidates::{Candidate, Candidates, LEAST_FRAMES};
use super::copies::{Copies, Window};
use crate::capture::Frame;
use crate::decode::{Overlays, fingerprint};
use crate::disposition::{Ending, Endings};
use crate::packet::{Note, Notes};
use crate::timespan::TimeSpan;

/// What is counted of every frame.
#[derive(Debug)]
pub struct Tally {
    endings: Endings,
    notes: [u64; Note::ALL.len()],
    seen: TimeSpan,
    candidates: Candidates,
    copies: Copies,
}

impl Tally {
    /// One of nothing; copies within `dedup` are to be dropped.
    pub(crate) fn new(dedup: Option<Window>) -> Self {
        Self {
            endings: Endings::default(),
            notes: [0; Note::ALL.len()],
            seen: TimeSpan::default(),
            candidates: Candidates::default(),
            copies: Copies::new(dedup),
        }
    }

    /// Counts a frame; whether it is a copy that is to be dropped.
    #[inline]
    pub(crate) fn frame(&mut self, frame: &Frame<'_>, ending: Ending, overlays: &Overlays) -> bool {
        self.seen.add(frame.time);
        self.endings.add(ending);
        self.copies.are_due() && self.copies.look(frame.time, fingerprint(frame, ending, overlays))
    }

    /// What some frames ended as came out later.
    pub(crate) fn recount(&mut self, from: Ending, to: Ending, frames: u64) {
        self.endings.recount(from, to, frames);
    }

    #[inline]
    pub(crate) fn notes_of(&mut self, notes: Notes) {
        if !notes.is_empty() {
            for note in Note::ALL {
                self.notes[note as usize] += u64::from(notes.has(note));
            }
        }
    }

    /// A frame to `port` that looks like VXLAN of `vni`.
    pub(crate) fn candidate(&mut self, port: u16, vni: u32) {
        self.candidates.add(port, vni);
    }

    pub(super) fn merge(&mut self, later: &Tally) {
        self.endings.merge(&later.endings);
        for (count, more) in self.notes.iter_mut().zip(later.notes) {
            *count += more;
        }
        self.seen.merge(later.seen);
        self.candidates.merge(&later.candidates);
        self.copies.merge(&later.copies);
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

    /// What was found of packets that the capture shows more than once.
    #[must_use]
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// When the frames were seen.
    #[must_use]
    pub fn seen(&self) -> TimeSpan {
        self.seen
    }

    /// UDP ports, not taken for VXLAN's, whose traffic looks like it; in order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter()
    }

    /// Those of them whose traffic is more than chance.
    #[must_use]
    pub fn likely_ports(&self) -> Vec<u16> {
        self.candidates().filter(|found| found.frames >= LEAST_FRAMES).map(|found| found.port).collect()
    }
}
