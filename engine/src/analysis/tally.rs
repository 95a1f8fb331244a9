//! How the frames of a run ended, what is remarkable about its packets, and when they were.

use super::candidates::{Candidate, Candidates, LEAST_FRAMES};
use super::copies::{Copies, Window};
use crate::capture::Frame;
use crate::decode::{Lookalike, Overlays, fingerprint};
use crate::disposition::{Ending, Endings};
use crate::packet::{Note, Notes};
use crate::timespan::TimeSpan;

/// What adds up, in whatever order frames come.
#[derive(Debug, Default)]
pub(super) struct Sums {
    endings: Endings,
    notes: [u64; Note::ALL.len()],
    seen: TimeSpan,
}

impl Sums {
    #[inline]
    pub(super) fn frame(&mut self, time: i64, ending: Ending) {
        self.seen.add(time);
        self.endings.add(ending);
    }

    #[inline]
    pub(super) fn notes_of(&mut self, notes: Notes) {
        if !notes.is_empty() {
            for note in Note::ALL {
                self.notes[note as usize] += u64::from(notes.has(note));
            }
        }
    }

    fn merge(&mut self, more: &Sums) {
        self.endings.merge(&more.endings);
        for (count, more) in self.notes.iter_mut().zip(more.notes) {
            *count += more;
        }
        self.seen.merge(more.seen);
    }
}

/// What is counted of every frame.
#[derive(Debug)]
pub struct Tally {
    sums: Sums,
    candidates: Candidates,
    copies: Copies,
}

impl Tally {
    /// One of nothing; copies within `dedup` are to be dropped.
    pub(crate) fn new(dedup: Option<Window>) -> Self {
        Self { sums: Sums::default(), candidates: Candidates::default(), copies: Copies::new(dedup) }
    }

    /// Counts a frame; whether it is a copy that is to be dropped.
    #[inline]
    pub(crate) fn frame(&mut self, frame: &Frame<'_>, ending: Ending, overlays: &Overlays) -> bool {
        self.sums.frame(frame.time, ending);
        self.copies.are_due() && self.copies.look(frame.time, fingerprint(frame, ending, overlays))
    }

    /// Whether none of the next `frames` frames is to be looked at for copies: they can be counted together.
    pub(super) fn can_add(&self, frames: u64) -> bool {
        self.copies.are_far(frames)
    }

    /// Counts `frames` frames that add up to `sums`.
    pub(super) fn add(&mut self, sums: &Sums, frames: u64) {
        self.sums.merge(sums);
        self.copies.pass(frames);
    }

    /// What some frames ended as came out later.
    pub(crate) fn recount(&mut self, from: Ending, to: Ending, frames: u64) {
        self.sums.endings.recount(from, to, frames);
    }

    #[inline]
    pub(crate) fn notes_of(&mut self, notes: Notes) {
        self.sums.notes_of(notes);
    }

    /// A frame that looks like VXLAN.
    pub(crate) fn candidate(&mut self, found: Lookalike) {
        self.candidates.add(found);
    }

    pub(super) fn merge(&mut self, later: &Tally) {
        self.sums.merge(&later.sums);
        self.candidates.merge(&later.candidates);
        self.copies.merge(&later.copies);
    }

    /// How the frames ended.
    #[must_use]
    pub fn endings(&self) -> &Endings {
        &self.sums.endings
    }

    /// How many VXLAN packets each note stands on.
    pub fn notes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Note::ALL.iter().map(|note| (note.name(), self.sums.notes[*note as usize]))
    }

    /// What was found of packets that the capture shows more than once.
    #[must_use]
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// When the frames were seen.
    #[must_use]
    pub fn seen(&self) -> TimeSpan {
        self.sums.seen
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
