//! What a run saw: observe, merge, finish.

mod ageing;
mod ahead;
mod candidates;
mod copies;
mod fragments;
mod pieces;
mod reassembly;
mod tally;

pub use ageing::Ageing;
pub use ahead::{Walked, Walker};
pub use candidates::{Candidate, LEAST_FRAMES};
pub use copies::{Copies, Found, Loops, Window};
pub(crate) use fragments::Fragments;
pub use fragments::{Incomplete, MOST_GAPS, MOST_LISTED, Why};
pub(crate) use pieces::Firsts;
use pieces::{Pieces, Unknown};
pub use tally::Tally;

use crate::capture::Frame;
use crate::cells::{BATCH, Cells, Names};
use crate::decode::{Aside, Overlays, decode, message, piece, verify};
use crate::disposition::{Ending, Endings};
use crate::packet::{Note, Packet};
use crate::select::Select;
use crate::timespan::TimeSpan;
use crate::wire::icmp::Error;
use crate::wire::ip::protocol;

/// What to look at.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is taken for an overlay.
    pub overlays: Overlays,
    /// Which packets to report.
    pub select: Select,
    /// Whether checksums are verified.
    pub checksums: bool,
    /// Within which window copies of a packet are dropped; `None` counts each of them.
    pub dedup: Option<Window>,
    /// How many flows have cells; of others only sums are known. `None`: all of them.
    pub max_flows: Option<u64>,
}

/// What becomes of a packet that is to be reported.
enum Fate {
    /// It goes the way of most, in a batch.
    Batch,
    /// It is a later inner fragment, and goes alone; what of, where its first is not known.
    Alone(Option<Unknown>),
}

/// What a run, or a part of one, saw.
#[derive(Debug)]
pub struct Analysis {
    settings: Settings,
    tally: Tally,
    cells: Cells,
    fragments: Fragments,
    pieces: Pieces,
    aside: Aside,
    /// The tunnels of each walker.
    names: Vec<Names>,
    batch: Box<[Packet; BATCH]>,
    filled: usize,
    /// Packets of flows that were handed out.
    retired: u64,
}

impl Analysis {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (tally, cells) = (Tally::new(settings.dedup), Cells::new(settings.checksums, settings.max_flows));
        // A checksum is of all bytes, where otherwise the headers will do.
        let fragments = if settings.checksums { Fragments::with_bytes() } else { Fragments::default() };
        Self {
            settings,
            tally,
            cells,
            fragments,
            pieces: Pieces::default(),
            aside: Aside::default(),
            names: Vec::new(),
            batch: Box::new([Packet::default(); BATCH]),
            filled: 0,
            retired: 0,
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
        let packet = &mut self.batch[self.filled];
        let ending = decode(frame, &self.settings.overlays, packet, &mut self.aside);
        if self.tally.frame(frame, ending, &self.settings.overlays) {
            return self.drop_copy(frame, ending);
        }
        if !ending.is_packet() {
            self.pass(frame, ending);
            return;
        }
        let selected = if packet.notes.is_empty() {
            self.settings.select.matches(packet, &[])
        } else {
            self.take_noted(frame)
        };
        if selected {
            if self.settings.checksums {
                self.batch[self.filled].checks =
                    verify(frame, &self.batch[self.filled], &self.settings.overlays);
            }
            if self.batch[self.filled].notes.tells() {
                return self.take_telling(frame);
            }
            self.filled += 1;
            if self.filled == BATCH {
                self.flush();
            }
        }
    }

    /// Takes in the packet at the end of the batch, which has notes. Whether it is to be reported and still there.
    #[inline(never)]
    fn take_noted(&mut self, frame: &Frame<'_>) -> bool {
        let mut packet = self.batch[self.filled];
        match self.noted(&mut packet) {
            Some(Fate::Alone(unknown)) => {
                if self.settings.checksums {
                    packet.checks = verify(frame, &packet, &self.settings.overlays);
                }
                self.add_later_fragment(&packet, unknown, false);
                false
            }
            fate => {
                self.batch[self.filled] = packet;
                fate.is_some()
            }
        }
    }

    /// Counts the notes on a packet, the last that was walked. What is to become of it, where it is to be reported.
    fn noted(&mut self, packet: &mut Packet) -> Option<Fate> {
        self.tally.notes_of(packet.notes);
        let around = self.aside.around(packet);
        let is_piece = packet.notes.has(Note::InnerFragment);
        let unknown = if is_piece { self.pieces.take(packet, around.layers, &mut self.cells) } else { None };
        // What waits has a cell of its own, and so no place where cells have a bound.
        let unknown = unknown.filter(|_| self.settings.max_flows.is_none());
        if !self.settings.select.matches(packet, around.layers) {
            return None;
        }
        if !around.is_empty() {
            packet.tunnel = packet.tunnel.in_chain(self.cells.chain(around));
        }
        let is_later_tcp =
            is_piece && packet.inner_piece.is_later && packet.key.protocol() == Some(protocol::TCP);
        Some(if unknown.is_some() || is_later_tcp { Fate::Alone(unknown) } else { Fate::Batch })
    }

    /// Adds a later inner fragment; where its first is not known, it waits for that. `is_named`: its cell is to be
    /// charged with more. Which cell that is.
    #[cold]
    fn add_later_fragment(&mut self, packet: &Packet, unknown: Option<Unknown>, is_named: bool) -> u32 {
        self.flush();
        let Some(unknown) = unknown else {
            return self.cells.add_later_fragment(packet);
        };
        let cell = self.cells.add_apart(packet);
        self.pieces.wait(unknown, cell, is_named);
        cell
    }

    /// The packet that waits at the end of the batch says something of others.
    #[cold]
    fn take_telling(&mut self, frame: &Frame<'_>) {
        let packet = self.batch[self.filled];
        self.flush();
        self.add_alone(&packet, frame.data);
    }

    /// Adds a packet that was decoded from `data` behind those of the batch, which is empty; the cell it went to.
    fn add_alone(&mut self, packet: &Packet, data: &[u8]) -> u32 {
        let cell = self.cells.add_alone(packet);
        if let Some(message) = message(packet, data) {
            self.cells.hear(cell, message, packet.time);
        }
        cell
    }

    /// The frame that was just decoded is in no table: only its ending and its notes count.
    #[cold]
    fn drop_copy(&mut self, frame: &Frame<'_>, ending: Ending) {
        (self.aside.candidate, self.aside.error) = (None, None);
        if ending.is_packet() {
            let packet = &mut self.batch[self.filled];
            packet.notes.set(Note::Copy, true);
            self.tally.notes_of(packet.notes);
        } else if let Some(piece) = piece(frame).filter(|_| ending == Ending::Fragment) {
            self.fragments.drop_copy(&piece, &mut self.tally);
        }
    }

    /// A frame that is no VXLAN packet by itself.
    fn pass(&mut self, frame: &Frame<'_>, ending: Ending) {
        if let Some(found) = self.aside.candidate.take() {
            self.tally.candidate(found);
        }
        if let Some(error) = self.aside.error.take() {
            self.quoted(error);
        }
        if ending == Ending::Fragment {
            self.fragment(frame);
        }
    }

    /// The packet that waits at the end of the batch is one that an ICMP error quotes.
    #[cold]
    fn quoted(&mut self, error: Error) {
        let packet = &self.batch[self.filled];
        if self.settings.select.matches(packet, &[]) {
            self.cells.add_error(packet, error);
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

    /// Adds what a later part of the same run saw; both must be finished. The answer is that of one part over all, but
    /// that a datagram of which each part has fragments counts as if it was complete where they meet.
    pub fn merge(&mut self, later: &Analysis) {
        debug_assert!(self.filled == 0 && later.filled == 0, "finish() both first");
        self.tally.merge(&later.tally);
        let joined = self.join(&later.fragments);
        let kept = self.pieces.kept(&later.pieces);
        let numbers = self.cells.merge_keeping(&later.cells, &kept);
        self.pieces.merge(&later.pieces, &numbers, &kept, &mut self.cells);
        self.adopt(&later.fragments, &joined, &numbers);
    }

    /// What to look at.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is counted of every frame.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How the frames ended.
    #[must_use]
    pub fn endings(&self) -> &Endings {
        self.tally.endings()
    }

    /// How many VXLAN packets each note stands on.
    pub fn notes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.tally.notes()
    }

    /// When the frames were seen.
    #[must_use]
    pub fn seen(&self) -> TimeSpan {
        self.tally.seen()
    }

    /// UDP ports, not taken for VXLAN's, whose traffic looks like it; in order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.tally.candidates()
    }

    /// How many outer datagrams were never complete, and how many of them were given up for want of memory.
    #[must_use]
    pub fn incomplete_datagrams(&self) -> (u64, u64) {
        self.fragments.incomplete()
    }

    /// Those of them that were asked for, or may be: the earliest, [`MOST_LISTED`] at the most.
    #[must_use]
    pub fn incomplete(&self) -> Vec<Incomplete> {
        self.fragments.listed(&self.settings)
    }

    /// The cells, which every table is rolled up from.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }
}
