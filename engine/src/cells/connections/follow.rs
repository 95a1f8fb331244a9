//! Segments that are not plainly the next: what they are, and what that says of the network.

use super::head::{Before, Head};
use super::holes::{AllHoles, Answers, Doubt, Filled, Hole, Piece, was_overtaken};
use super::{Books, Connection, Side, bit};
use crate::cells::stream::{Peer, Segment, Stream, Verdict, distance};
use crate::wire::tcp::flags;

/// A connection at work. Its directions are told apart by their way: 0 from the lower end, 1 to it.
pub(super) struct Follower<'a, 'b> {
    pub(super) connection: &'a mut Connection,
    pub(super) number: u32,
    pub(super) holes: &'a mut AllHoles,
    pub(super) books: &'a mut Books<'b>,
}

impl Follower<'_, '_> {
    /// Takes in a segment of cell `cell`, whatever it is.
    pub(super) fn take(&mut self, way: usize, cell: u32, segment: &Segment) {
        if segment.has(flags::RST) {
            self.books.health(cell).resets += 1;
            return;
        }
        if segment.is_plain() && segment.window == 0 {
            self.books.health(cell).zero_windows += 1;
        }
        let peer = self.peer(way);
        let is_first = self.side(way).is_silent();
        if is_first {
            self.begin(way, cell, segment, peer);
        }
        let is_lone = if is_first { segment.may_probe() } else { self.says_the_first_again(way, segment) };
        let verdict = self.study(way, cell, segment, peer);
        self.side_mut(way).set(bit::LONE, is_lone && (is_first || !verdict.is_probe()));
        if segment.control & (flags::SYN | flags::ACK) != 0 {
            let (syn, ack) = (segment.has(flags::SYN), segment.has(flags::ACK));
            let is_new = verdict == Verdict::Start && !is_first;
            self.connection.handshake.take(way as u8, syn, ack, is_new, segment.time);
        }
        self.set_care(way);
        if segment.has(flags::SYN) {
            self.set_care(1 - way);
        }
    }

    pub(super) fn side(&self, way: usize) -> &Side {
        &self.connection.sides[way]
    }

    pub(super) fn side_mut(&mut self, way: usize) -> &mut Side {
        &mut self.connection.sides[way]
    }

    /// The number of a direction among all.
    fn side_number(&self, way: usize) -> u32 {
        self.number << 1 | way as u32
    }

    /// Whether a direction says its first segment once more, and has said nothing else yet.
    fn says_the_first_again(&self, way: usize, segment: &Segment) -> bool {
        let own = self.side(way);
        own.has(bit::LONE) && {
            let stream = self.books.stream(own.cell);
            self.stands_first(way, &stream) && segment.sequence == stream.next && stream.repeats(segment)
        }
    }

    /// What the other direction said.
    pub(super) fn peer(&self, way: usize) -> Peer {
        let other = self.side(1 - way);
        if other.is_silent() {
            return Peer::default();
        }
        let stream = self.books.stream(other.cell);
        Peer {
            has_no_room: stream.window == 0,
            probed: other.has(bit::PROBED),
            acknowledged: Some(stream.acknowledged),
        }
    }

    /// Records the first segment of a direction.
    fn begin(&mut self, way: usize, cell: u32, segment: &Segment, peer: Peer) {
        let other = self.side(1 - way);
        let (came_first, peer_is_lone) = (other.is_silent(), other.has(bit::LONE));
        let shaken = self.connection.handshake.has_begun();
        let own = self.side_mut(way);
        own.head = Head::of(segment, cell, Before { peer, came_first, peer_is_lone, shaken });
        own.time = segment.time;
    }

    /// Judges a segment before which the other direction had said `peer`, counts what it is, and takes it in.
    pub(super) fn study(&mut self, way: usize, cell: u32, segment: &Segment, peer: Peer) -> Verdict {
        let own = self.side(way);
        let (mut stream, verdict) = if own.is_silent() {
            (Stream::default(), Verdict::Start)
        } else {
            let stream = self.books.stream(own.cell);
            (stream, stream.judge(segment, peer, own.past()))
        };
        self.count(way, cell, segment, verdict, &stream);
        stream.take(segment, verdict, peer);
        let starts = verdict == Verdict::Start;
        let probed = verdict.is_probe() || starts && segment.starts_as_probe(peer);
        let offered = verdict == Verdict::WindowProbe || starts && segment.probes_window(peer);
        self.side_mut(way).set(bit::PROBED, probed);
        self.side_mut(way).set(bit::OFFERED, offered);
        self.put(way, cell, stream);
        verdict
    }

    /// Puts the stream of a direction into `cell`, from where the next segment goes on.
    pub(super) fn put(&mut self, way: usize, cell: u32, stream: Stream) {
        let own = &mut self.connection.sides[way];
        if !own.is_silent() && own.cell != cell {
            self.books.cells[own.cell].set_care(true);
        }
        own.cell = cell;
        self.books.cells[cell].set_stream(stream);
    }

    /// Says whether the next segment of a direction is to be looked at, even if it is plainly the next.
    pub(super) fn set_care(&mut self, way: usize) {
        let own = &self.connection.sides[way];
        if !own.is_silent() {
            let awaited = self.connection.handshake.awaits(way as u8);
            self.books.cells[own.cell].set_care(awaited || own.has(bit::PROBED | bit::LONE));
        }
    }

    fn count(&mut self, way: usize, cell: u32, segment: &Segment, verdict: Verdict, stream: &Stream) {
        match verdict {
            Verdict::Start => self.start(way, segment, stream),
            Verdict::Ahead(bytes @ 1..) => {
                let (start, end) = (stream.next, segment.sequence);
                self.open_hole(way, Hole { start, end, time: segment.time, cell });
                self.books.health(cell).missing_bytes += u64::from(bytes);
            }
            Verdict::Behind => {
                let piece = Piece { start: segment.sequence, end: segment.end(), time: segment.time, cell };
                let round_trip = self.connection.handshake.round_trips().whole();
                let overtaken = self.fill(way, piece, None, round_trip);
                self.books.health(cell).count_behind(overtaken, segment.len);
            }
            Verdict::SynAgain => {
                let health = self.books.health(cell);
                health.syn_retries += 1;
                health.retransmitted += 1;
            }
            Verdict::DuplicateAck => {
                self.books.health(cell).duplicate_acks += 1;
                let other = self.side(1 - way);
                let (alone, lone) = (other.is_silent(), other.has(bit::LONE));
                let stands_first = self.stands_first(way, stream);
                if stands_first && !lone {
                    self.doubt(way, Doubt::Repeats { cell, count: 1, alone });
                } else if alone || lone {
                    self.answer(way, Answers { cell, count: 1, alone, is_counted: true, stands_first });
                }
            }
            Verdict::Ahead(0) if stream.repeats(segment) => {
                let other = self.side(1 - way);
                // The answer to a probe, if that was one.
                if other.has(bit::PROBED) && other.has(bit::LONE) {
                    let stands_first = self.stands_first(way, stream);
                    let answer = Answers { cell, count: 1, alone: false, is_counted: false, stands_first };
                    self.answer(way, answer);
                }
            }
            Verdict::Resumed => {
                if self.side(way).has(bit::LONE) {
                    self.doubt(way, Doubt::Resumed { cell });
                }
            }
            Verdict::Ahead(0) | Verdict::Old | Verdict::KeepAlive | Verdict::WindowProbe => {}
        }
    }

    /// A direction begins, or begins anew.
    fn start(&mut self, way: usize, segment: &Segment, former: &Stream) {
        if !self.side(way).is_silent() {
            self.close_holes(way, former.next);
        }
        let own = self.side_mut(way);
        own.began = segment.sequence;
        own.set(bit::OPENED, segment.has(flags::SYN));
    }

    pub(super) fn open_hole(&mut self, way: usize, hole: Hole) {
        self.holes.open(self.side_number(way), hole);
    }

    /// Closes the holes of a direction, which starts anew behind `next`.
    pub(super) fn close_holes(&mut self, way: usize, next: u32) {
        let is_first = !self.side(way).head.has_restarted();
        self.holes.close(self.side_number(way), is_first, next);
        self.side_mut(way).head.restart();
    }

    pub(super) fn doubt(&mut self, way: usize, doubt: Doubt) {
        self.holes.doubt(self.side_number(way), doubt);
    }

    pub(super) fn answer(&mut self, way: usize, answer: Answers) {
        self.holes.answer(self.side_number(way), answer);
    }

    /// Takes what `piece` brings out of the holes. Whether it was overtaken; else it was sent again. `later`: it has filled
    /// another hole, so many nanoseconds late.
    pub(super) fn fill(
        &mut self,
        way: usize,
        piece: Piece,
        later: Option<i64>,
        round_trip: Option<u64>,
    ) -> bool {
        self.look_back(way, piece);
        let here = self.find(way, piece);
        let only_later = later.map(|delay| Filled { delay, is_early: false, later: None });
        let Some(Filled { delay, is_early, later: other }) = here.or(only_later) else {
            return false;
        };
        let overtaken = was_overtaken(delay, round_trip);
        if is_early {
            self.doubt(way, Doubt::Early { piece, overtaken, later: other.or(later) });
        } else if round_trip.is_none() {
            self.doubt(way, Doubt::Late { cell: piece.cell, delay, overtaken });
        }
        overtaken
    }

    /// Takes what `piece` brings out of the holes: it is no longer missing.
    pub(super) fn find(&mut self, way: usize, piece: Piece) -> Option<Filled> {
        let side = self.side_number(way);
        let found = |cell, bytes: u32| self.books.health(cell).missing_bytes -= u64::from(bytes);
        self.holes.fill(side, piece, found)
    }

    /// Makes a hole of what lies before the first segment, where `piece` reaches there and the connection had begun before.
    fn look_back(&mut self, way: usize, piece: Piece) {
        let own = self.side_mut(way);
        let is_known = own.has(bit::OPENED | bit::LOOKED_BACK) || own.head.has_restarted();
        if !is_known && distance(piece.start, own.began) < 0 {
            own.set(bit::LOOKED_BACK, true);
            let hole = Hole::before(own.began, own.time);
            self.holes.open_before(self.side_number(way), hole);
        }
    }

    /// Whether a direction still stands where its first segment did.
    pub(super) fn stands_first(&self, way: usize, stream: &Stream) -> bool {
        let own = self.side(way);
        !own.head.has_restarted() && stream.next == own.first().sequence
    }
}
