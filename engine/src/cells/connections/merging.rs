//! Adding what a later part of the same capture saw of the connections.
//!
//! The first segment of each direction there is judged as if it came now. From then on all was judged as in one pass, if
//! that segment was the next one, or ahead. If it repeats what is known here, those behind it may too, and were taken for
//! new: of such a burst one segment is counted. What was judged in doubt is judged again.

use super::holes::{Answers, Doubt, Holes, Piece, was_overtaken};
use super::{Books, Connection, Connections, Follower, Head, Side, bit};
use crate::capture::NO_TIME;
use crate::cells::chunks::Chunks;
use crate::cells::stream::{Peer, Segment, Stream, Verdict, distance};
use crate::cells::{Cell, NONE};

/// A connection of a later part, in the numbers of this one.
struct Later {
    connection: Connection,
    streams: [Stream; 2],
    holes: [Holes; 2],
}

impl Later {
    fn of(connections: &Connections, number: u32, cells: &Chunks<Cell>, numbers: &[u32]) -> Self {
        let mut connection = connections.all[number];
        let streams = connection
            .sides
            .map(|side| if side.is_silent() { Stream::default() } else { cells[side.cell].stream() });
        for side in &mut connection.sides {
            side.head.cell = numbers[side.head.cell as usize];
            if !side.is_silent() {
                side.cell = numbers[side.cell as usize];
            }
        }
        let holes =
            |side| connections.holes.of(side).map_or_else(Holes::default, |of| of.renumbered(numbers));
        Self { connection, streams, holes: [number << 1, number << 1 | 1].map(holes) }
    }

    /// The directions that sent anything, in the order of their first segments.
    fn in_order(&self) -> impl Iterator<Item = usize> + use<> {
        let sides = self.connection.sides;
        let order = if sides[1].head.came_first() { [1, 0] } else { [0, 1] };
        order.into_iter().filter(move |way| !sides[*way].is_silent())
    }

    /// When a side sent its first segment, if that ends a handshake that began before.
    fn first_ack(&self, side: u8) -> Option<i64> {
        let side = &self.connection.sides[usize::from(side)];
        side.head.ends_handshake().then_some(side.time)
    }
}

/// How the first segment of a side in the later part fares here.
#[derive(Clone, Copy)]
struct Junction {
    first: Segment,
    /// This part has seen nothing of the side.
    begins: bool,
    /// What the other side had said.
    peer: Peer,
    verdict: Verdict,
    /// Whether it asks whether the peer is there, or has room.
    probed: bool,
    /// Where the side stands behind it.
    stream: Stream,
    /// What is known of the round trip until the later part has a handshake of its own.
    round_trip: Option<u64>,
}

impl Connections {
    /// Adds those of a later part, whose cells are `cells`, with these `numbers` here; those without one are left out. The health of both parts' cells is
    /// added up already.
    pub(in crate::cells) fn merge(
        &mut self,
        later: &Connections,
        cells: &Chunks<Cell>,
        numbers: &[u32],
        books: &mut Books<'_>,
    ) {
        for number in 0..later.all.len() as u32 {
            // A connection's cells have numbers all of them, or none.
            if numbers[later.all[number].sides[0].head.cell as usize] == NONE {
                continue;
            }
            let later = Later::of(later, number, cells, numbers);
            // Before a side has begun, its first cell is one of the other's.
            if let Some(side) = self.side_of(later.connection.sides[0].head.cell, books) {
                self.follower(side >> 1, books).merge(later);
            }
        }
    }
}

impl Follower<'_, '_> {
    fn merge(&mut self, mut later: Later) {
        let theirs = later.connection.handshake;
        let known = self.connection.handshake;
        let mut handshake = known;
        handshake.merge(&theirs, |side| later.first_ack(side));
        let joined = handshake.round_trips().whole().filter(|_| theirs.round_trips().whole().is_none());
        let round_trip = known.round_trips().whole().or(joined);
        let was_silent = self.connection.sides.map(|side| side.is_silent());
        let was_lone = self.connection.sides.map(|side| side.has(bit::LONE));
        let had_probed = self.connection.sides.map(|side| side.has(bit::PROBED));
        let mut probed = had_probed;
        let mut answers = Vec::new();
        for way in later.in_order() {
            let junction = self.join(way, &later, was_silent, probed[1 - way], round_trip);
            probed[way] = junction.probed;
            if junction.verdict == Verdict::Start && !junction.begins && junction.first.is_syn() {
                handshake.give_way(&theirs);
            }
            for answer in later.holes[way].take_answers() {
                answers.extend(self.still(way, answer, junction).map(|answer| (way, answer)));
            }
            self.go_on(way, &mut later, junction);
        }
        for (way, answer) in answers {
            let is_answer = if answer.alone { had_probed } else { probed }[1 - way];
            let answer = self.count_answers(answer, !is_answer);
            let alone = answer.alone && was_silent[1 - way];
            if was_silent[1 - way] || answer.alone && was_lone[1 - way] {
                self.answer(way, Answers { alone, ..answer });
            } else if answer.is_counted && answer.stands_first {
                self.doubt(way, Doubt::Repeats { cell: answer.cell, count: answer.count, alone: false });
            }
        }
        self.connection.handshake = handshake;
        self.set_care(0);
        self.set_care(1);
    }

    /// What may be answers, as seen from here; nothing where they say no more than a keep-alive.
    fn still(&mut self, way: usize, answer: Answers, junction: Junction) -> Option<Answers> {
        if answer.stands_first && !junction.stream.would_repeat(&junction.first, Peer::default()) {
            self.count_answers(answer, false);
            return None;
        }
        let stands_first = answer.stands_first && self.stands_first(way, &junction.stream);
        Some(Answers { stands_first, ..answer })
    }

    /// Counts what may be answers for duplicate acknowledgments, or does not.
    fn count_answers(&mut self, answer: Answers, is_counted: bool) -> Answers {
        let acks = &mut self.books.health(answer.cell).duplicate_acks;
        match (answer.is_counted, is_counted) {
            (true, false) => *acks -= answer.count,
            (false, true) => *acks += answer.count,
            _ => {}
        }
        Answers { is_counted, ..answer }
    }

    /// Judges the first segment of a side.
    fn join(
        &mut self,
        way: usize,
        later: &Later,
        was_silent: [bool; 2],
        first_probed: bool,
        round_trip: Option<u64>,
    ) -> Junction {
        let theirs = &later.connection.sides[way];
        let (head, first) = (theirs.head, theirs.first());
        let begins = was_silent[way];
        let mut before = head.before();
        if before.came_first {
            before.peer = self.peer(way);
            before.peer_is_lone = self.side(1 - way).has(bit::LONE);
        } else if before.peer_is_lone {
            before.peer.probed = first_probed;
            before.peer_is_lone = was_silent[1 - way];
        }
        if begins {
            before.came_first &= was_silent[1 - way];
            before.shaken |= self.connection.handshake.has_begun();
            let own = self.side_mut(way);
            own.head = Head::of(&first, head.cell, before);
            own.time = theirs.time;
        }
        let verdict = self.study(way, head.cell, &first, before.peer);
        let probed = self.side(way).has(bit::PROBED);
        let stream = self.books.stream(head.cell);
        Junction { first, begins, peer: before.peer, verdict, probed, stream, round_trip }
    }

    /// Goes on from the first segment of a side to where the later part left it.
    fn go_on(&mut self, way: usize, later: &mut Later, junction: Junction) {
        let theirs = later.connection.sides[way];
        let has_restarted = theirs.head.has_restarted();
        let mut holes = std::mem::take(&mut later.holes[way]);
        for doubt in holes.take_doubts() {
            self.judge_again(way, doubt, junction);
        }
        let goes_on = !junction.begins && junction.verdict != Verdict::Start;
        let (own, mut stream) = (junction.stream, later.streams[way]);
        let mut offered = theirs.has(bit::OFFERED);
        if has_restarted {
            self.go_on_anew(way, junction, goes_on, holes.take_former());
        } else if theirs.has(bit::LONE) {
            stream = own;
            offered = self.side(way).has(bit::OFFERED);
        } else if goes_on {
            self.overlap(way, junction, stream.next, &mut holes);
            let is_probe = junction.verdict == Verdict::WindowProbe && stream.next == junction.first.end();
            if is_probe || distance(own.next, stream.next) > 0 {
                stream.next = own.next;
            }
            if junction.verdict.is_late() && distance(own.acknowledged, stream.acknowledged) > 0 {
                stream.acknowledged = own.acknowledged;
            }
            offered |= is_probe && theirs.has(bit::PROBED);
        }
        holes.take_passed_over().into_iter().for_each(|hole| self.open_hole(way, hole));
        self.put(way, theirs.cell, stream);
        self.side_mut(way).go_on_as(&theirs, junction);
        self.side_mut(way).set(bit::OFFERED, offered);
    }

    /// Closes the stream of the first segment, of which the later part has the holes `former`.
    fn go_on_anew(
        &mut self,
        way: usize,
        junction: Junction,
        goes_on: bool,
        former: Option<Box<(Holes, u32)>>,
    ) {
        let mut end = junction.stream.next;
        if let Some((mut holes, next)) = former.map(|of| *of) {
            if goes_on {
                self.overlap(way, junction, next, &mut holes);
            }
            holes.take_passed_over().into_iter().for_each(|hole| self.open_hole(way, hole));
            end = next;
        }
        self.close_holes(way, end);
    }

    /// Where the later part began with what is known here: the holes that it found before the highest byte known here are
    /// none of its own, and what it saw of those here, up to `next`, is found.
    fn overlap(&mut self, way: usize, junction: Junction, next: u32, holes: &mut Holes) {
        let (start, known) = (junction.first.end(), junction.stream.next);
        if distance(known, start) <= 0 {
            return;
        }
        let end = if distance(next, known) < 0 { next } else { known };
        for (start, end) in holes.between(start, end) {
            self.find(way, Piece { start, end, time: NO_TIME, cell: NONE });
        }
        let found = |cell, bytes: u32| self.books.health(cell).missing_bytes -= u64::from(bytes);
        holes.cut_before(known, found);
    }

    fn judge_again(&mut self, way: usize, doubt: Doubt, junction: Junction) {
        match doubt {
            Doubt::Early { piece, overtaken, later } => {
                // A hole that ends before what is known here was none: a keep-alive stands before it.
                let later = later.filter(|_| distance(piece.end, junction.stream.next) > 0);
                let again = self.fill(way, piece, later, junction.round_trip);
                self.books.health(piece.cell).recount_behind(overtaken, again);
            }
            Doubt::Late { cell, delay, overtaken } => {
                let again = was_overtaken(delay, junction.round_trip);
                self.books.health(cell).recount_behind(overtaken, again);
                if junction.round_trip.is_none() {
                    self.doubt(way, doubt);
                }
            }
            Doubt::Repeats { cell, count, alone } => {
                let peer = if alone { junction.peer } else { Peer::default() };
                let other = self.side(1 - way);
                let (silent, lone) = (alone && other.is_silent(), alone && other.has(bit::LONE));
                let stands_first = self.stands_first(way, &junction.stream);
                if !junction.stream.would_repeat(&junction.first, peer) {
                    self.books.health(cell).duplicate_acks -= count;
                } else if stands_first && !lone {
                    self.doubt(way, Doubt::Repeats { cell, count, alone: silent });
                } else if silent || lone {
                    self.answer(way, Answers { cell, count, alone: silent, is_counted: true, stands_first });
                }
            }
            Doubt::Resumed { .. } if junction.begins => self.doubt(way, doubt),
            Doubt::Resumed { cell } => {
                self.books.health(cell).retransmitted += u64::from(!junction.probed);
            }
        }
    }
}

impl Side {
    /// Is where a later part, with `theirs`, left it.
    fn go_on_as(&mut self, theirs: &Side, junction: Junction) {
        if theirs.head.has_restarted() {
            self.began = theirs.began;
            self.set(bit::OPENED, theirs.has(bit::OPENED));
        }
        let is_lone = theirs.has(bit::LONE);
        self.set(bit::PROBED, if is_lone { junction.probed } else { theirs.has(bit::PROBED) });
        self.set(bit::LONE, is_lone && junction.begins);
    }
}
