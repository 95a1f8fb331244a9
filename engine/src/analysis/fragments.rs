//! Outer IP datagrams that came in pieces: which pieces were seen, and when one is whole.
//!
//! Of each datagram under way the ranges that were seen and the first bytes are kept; its payload is not. Once it is whole
//! it is walked, and counts as one packet. What is kept from then on is enough to tell a piece that comes once more from
//! one of another datagram: identifications come round again.

mod incomplete;
mod merging;
mod open;
mod ranges;
mod table;

use hashbrown::HashMap;

use super::{Settings, Tally};
use crate::capture::NO_TIME;
use crate::cells::Charge;
use crate::decode::{self, Aside, Datagram, Piece};
use crate::disposition::{Disposition, Ending};
use crate::packet::Packet;

use incomplete::Lost;
pub use incomplete::{Incomplete, MOST_GAPS, MOST_LISTED, Why};
use open::Fit;
pub(super) use open::Open;
use table::{Closed, State, Table};

/// The pieces of a datagram are seen within 30 seconds, which is what Linux waits (RFC 791: 15 and up, RFC 8200: 60).
const TIMEOUT: u64 = 30_000_000_000;

/// So many of a datagram's first bytes are kept where only its headers are of interest: more than all headers take that
/// the walk may meet.
const FRONT: u16 = 1024;

/// Memory, in bytes, for what was given up and an earlier part of the run may have the rest of.
const MOST_EARLY: usize = 8 << 20;

/// Whether two times are further apart than the pieces of one datagram are. Without a time, nothing is.
pub(super) fn is_apart(a: i64, b: i64) -> bool {
    a != NO_TIME && b != NO_TIME && a.abs_diff(b) > TIMEOUT
}

/// What a frame with a fragment came to.
#[derive(Debug)]
pub(crate) struct Found {
    /// How it ends.
    pub(crate) ending: Ending,
    /// Where it repeats a piece: the cell that it is charged to.
    pub(super) cell: Option<u32>,
    /// Where it completes a packet: what the packet's other frames cost...
    pub(super) rest: Charge,
    /// ... and the first bytes of the datagram.
    pub(crate) front: Vec<u8>,
}

impl Found {
    fn ending(ending: Ending) -> Self {
        Self { ending, cell: None, rest: Charge::default(), front: Vec::new() }
    }
}

/// What a piece came to.
#[derive(Debug)]
enum Step {
    /// It waits for others.
    Waits,
    /// So many frames, fragments until now, end so instead.
    Recount(Ending, u64),
    /// It is a piece of a datagram that is whole, once more: how it ends, and the cell that it is charged to.
    Again(Ending, Option<u32>),
    /// It completes a datagram.
    Whole(Box<Open>),
}

/// A datagram that was given up, and why.
#[derive(Debug, Clone)]
struct GivenUp {
    open: Box<Open>,
    why: Why,
}

/// The datagrams of a run, or of a part of one.
#[derive(Debug)]
pub(crate) struct Fragments {
    /// So many of a datagram's first bytes are kept.
    front: u16,
    table: Table,
    /// Those given up near the start, the first of each identification: an earlier part may have the rest.
    early: HashMap<Datagram, GivenUp>,
    early_memory: usize,
    lost: Lost,
    /// How many datagrams there were.
    serial: u64,
    /// When the first piece was seen.
    since: Option<i64>,
}

impl Default for Fragments {
    fn default() -> Self {
        Self::keeping(FRONT)
    }
}

impl Fragments {
    /// For whom the datagrams' bytes are wanted as well.
    pub(crate) fn with_bytes() -> Self {
        Self::keeping(u16::MAX)
    }

    fn keeping(front: u16) -> Self {
        Self {
            front,
            table: Table::default(),
            early: HashMap::new(),
            early_memory: 0,
            lost: Lost::default(),
            serial: 0,
            since: None,
        }
    }

    /// Cells have other numbers from now on, or are gone.
    pub(super) fn renumber(&mut self, numbers: &[Option<u32>]) {
        for closed in self.table.closed_mut() {
            closed.cell = closed.cell.and_then(|cell| numbers[cell as usize]);
        }
    }

    /// A number that stands for the datagram that a piece was last taken in for, and for no other.
    pub(crate) fn number(&self, datagram: &Datagram) -> Option<u64> {
        Some(match self.table.get(datagram)? {
            State::Open(open) => open.serial,
            State::Closed(closed) => closed.number,
        })
    }

    /// Takes in `piece`, whose frame `tally` has as [`Ending::Fragment`]. The packet in `packet` is one if, and only if,
    /// the ending is a packet's ([`Ending::is_packet`]).
    pub(crate) fn observe(
        &mut self,
        piece: &Piece<'_>,
        settings: &Settings,
        tally: &mut Tally,
        packet: &mut Packet,
        aside: &mut Aside,
    ) -> Found {
        match self.take(piece, settings) {
            Step::Waits => Found::ending(Ending::Fragment),
            Step::Recount(ending, frames) => {
                tally.recount(Ending::Fragment, ending, frames);
                Found::ending(ending)
            }
            Step::Again(ending, cell) => {
                tally.recount(Ending::Fragment, ending, 1);
                Found { cell, ..Found::ending(ending) }
            }
            Step::Whole(open) => self.complete(*open, piece, settings, tally, packet, aside),
        }
    }

    /// Takes a frame that is a copy, and to be dropped, for no more than that: how it ends.
    pub(crate) fn drop_copy(&mut self, piece: &Piece<'_>, tally: &mut Tally) -> Ending {
        let is_repeat = match self.table.get(&piece.datagram) {
            Some(State::Closed(closed)) => closed.is_repeated_by(piece),
            Some(State::Open(open)) => !open.is_apart(piece.time) && open.fit(piece) == Fit::Repeat,
            None => false,
        };
        let again = if is_repeat { self.again(&piece.datagram, 1, Charge::default()) } else { None };
        let ending = again.map_or(Ending::Fragment, |(ending, _)| ending);
        tally.recount(Ending::Fragment, ending, 1);
        ending
    }

    /// A datagram that `last` completed.
    fn complete(
        &mut self,
        mut open: Open,
        last: &Piece<'_>,
        settings: &Settings,
        tally: &mut Tally,
        packet: &mut Packet,
        aside: &mut Aside,
    ) -> Found {
        let ending = decode::whole(&open.whole(last), &settings.overlays, packet, aside);
        if let Some(found) = aside.candidate.take() {
            tally.candidate(found);
        }
        if settings.checksums && ending.is_packet() {
            packet.checks = decode::verify_whole(&open.whole(last), packet, &settings.overlays);
        }
        let is_other = ending.disposition() == Disposition::Other;
        let frames = if is_other && open.is_ours() { open.frames } else { 1 };
        tally.recount(Ending::Fragment, ending, frames);
        let rest = open.charge.less(last.charge());
        let front = open.take_front();
        self.close(open, ending, last.time);
        Found { rest, front, ..Found::ending(ending) }
    }

    fn take(&mut self, piece: &Piece<'_>, settings: &Settings) -> Step {
        if self.since.is_none() && piece.time != NO_TIME {
            self.since = Some(piece.time);
        }
        let fit = match self.table.get(&piece.datagram) {
            Some(State::Closed(closed)) if closed.is_repeated_by(piece) => {
                return Step::Again(closed.ending, closed.cell);
            }
            Some(State::Open(open)) if !open.is_apart(piece.time) => open.fit(piece),
            _ => Fit::Other,
        };
        match fit {
            Fit::Contradicts => return Step::Recount(Ending::FragmentLength, 1),
            Fit::Other => self.begin(piece, settings),
            Fit::New | Fit::Repeat => {}
        }
        self.add(piece, fit == Fit::Repeat, settings)
    }

    /// Puts a new datagram in the place of what was there.
    fn begin(&mut self, piece: &Piece<'_>, settings: &Settings) {
        let before = self.table.remove(&piece.datagram);
        let follows = before.is_some() || self.early.contains_key(&piece.datagram);
        if let Some(State::Open(open)) = before {
            let why = if open.is_apart(piece.time) { Why::Timeout } else { Why::IdentificationReused };
            self.give_up(open, why, settings);
        }
        let open = Open::new(piece, self.next_serial(), follows);
        self.table.insert(piece.datagram, State::Open(Box::new(open)));
    }

    fn add(&mut self, piece: &Piece<'_>, is_repeat: bool, settings: &Settings) -> Step {
        let front = self.front;
        let added = self.table.change(&piece.datagram, |open| {
            open.take(piece, is_repeat, front);
            if open.is_complete() { (true, None) } else { (false, open.told(&settings.overlays)) }
        });
        let step = match added {
            Some((true, _)) => match self.table.remove(&piece.datagram) {
                Some(State::Open(open)) => Step::Whole(open),
                _ => Step::Waits,
            },
            Some((false, Some((ending, frames)))) => Step::Recount(ending, frames),
            _ => Step::Waits,
        };
        while let Some(oldest) = self.table.shed() {
            self.give_up(oldest, Why::Memory, settings);
        }
        step
    }

    /// Keeps of a whole datagram what tells its pieces when they come once more. `ending` is that of its last frame,
    /// which was seen at `time`.
    fn close(&mut self, open: Open, ending: Ending, time: i64) {
        let ending = if ending.disposition() == Disposition::Other { ending } else { Ending::Fragment };
        let (serial, datagram) = (self.next_serial(), open.datagram);
        let closed = Closed { serial, number: open.serial, time, pieces: open.pieces, ending, cell: None };
        self.table.insert(datagram, State::Closed(Box::new(closed)));
    }

    /// The cell that the packet of a whole datagram went to, which its pieces are charged to when they come once more.
    pub(super) fn charge_to(&mut self, datagram: Datagram, cell: u32) {
        self.table.charge_to(&datagram, cell);
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn give_up(&mut self, open: Box<Open>, why: Why, settings: &Settings) {
        if !open.is_ours() {
            return;
        }
        let is_early = self.since.is_none_or(|since| !is_apart(since, open.first_seen()));
        let memory = self.early_memory + open.memory();
        if is_early && !open.follows && memory <= MOST_EARLY {
            self.early_memory = memory;
            self.early.insert(open.datagram, GivenUp { open, why });
        } else {
            self.lost.add(why, open.incomplete(why, settings));
        }
    }

    /// Those that are not whole, and the reason.
    fn unfinished(&self) -> impl Iterator<Item = (&Open, Why)> {
        let under_way = self.table.iter().filter_map(|(_, state)| match state {
            State::Open(open) => Some((&**open, Why::CaptureEnd)),
            State::Closed(_) => None,
        });
        let early = self.early.values().map(|given_up| (&*given_up.open, given_up.why));
        under_way.chain(early).filter(|(open, _)| open.is_ours())
    }

    /// How many datagrams were never whole, and how many of them for want of memory.
    pub(crate) fn incomplete(&self) -> (u64, u64) {
        let (mut count, mut for_memory) = (self.lost.count, self.lost.for_memory);
        for (_, why) in self.unfinished() {
            count += 1;
            for_memory += u64::from(why == Why::Memory);
        }
        (count, for_memory)
    }

    /// The earliest of those that were asked for.
    pub(super) fn listed(&self, settings: &Settings) -> Vec<Incomplete> {
        self.lost.with(self.unfinished().filter_map(|(open, why)| open.incomplete(why, settings)))
    }
}
