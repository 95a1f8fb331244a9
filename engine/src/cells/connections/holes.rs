//! Bytes of a stream that were passed over, and what came to fill them.
//!
//! A segment that lies behind the highest byte either repeats what was seen, or brings what was passed over. In the second
//! case the time since then tells which: a segment that was overtaken on its way comes within a round trip, and one that
//! was lost is sent again after one. Few directions have holes, so they are kept apart, by the number of their side.

use hashbrown::HashMap;

use crate::capture::NO_TIME;
use crate::cells::NONE;
use crate::cells::stream::{LARGEST_WINDOW, distance};

/// So many holes of a direction are remembered, the latest; what fills an older one counts as sent again. A window of
/// 64 MiB that lost every tenth segment has half as many.
const MOST_HOLES: usize = 8192;

/// So many judgements of a direction are kept that an earlier part of the capture may change.
const MOST_DOUBTS: usize = 8192;

/// What a round trip is taken to be where the handshake was not seen, in nanoseconds: as in Wireshark.
const USUAL_ROUND_TRIP: u64 = 3_000_000;

/// Whether what came `delay` nanoseconds late was overtaken rather than lost.
pub(super) fn was_overtaken(delay: i64, round_trip: Option<u64>) -> bool {
    let limit = round_trip.filter(|time| *time > 0).unwrap_or(USUAL_ROUND_TRIP);
    delay < i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Bytes that were passed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hole {
    pub(super) start: u32,
    pub(super) end: u32,
    /// When a segment behind them came.
    pub(super) time: i64,
    /// The cell of that segment, on whose account they are; [`NONE`] of what lies before the first segment, which may have
    /// been sent before the capture began.
    pub(super) cell: u32,
}

/// A stretch of a stream that a segment of cell `cell` brought at some time.
pub(super) type Piece = Hole;

impl Hole {
    /// What lies before `start`, where the first segment began, which came at `time`.
    pub(super) fn before(start: u32, time: i64) -> Self {
        Self { start: start.wrapping_sub(LARGEST_WINDOW), end: start, time, cell: NONE }
    }
}

/// How a piece filled holes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    /// How many nanoseconds after the first of them was passed over; 0 where a time is not known.
    pub(super) delay: i64,
    /// Whether that one is what lies before the first segment of this part of the capture.
    pub(super) is_early: bool,
    /// The same as `delay` of the first of the others.
    pub(super) later: Option<i64>,
}

/// A judgement that may change once an earlier part of the capture is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doubt {
    /// The piece stands before the first segment of this part; it was taken for overtaken, or for sent again. It also
    /// filled a hole behind that segment, `later` by so many nanoseconds.
    Early { piece: Piece, overtaken: bool, later: Option<i64> },
    /// A segment of the cell filled a hole so many nanoseconds late, and the round trip is not known.
    Late { cell: u32, delay: i64, overtaken: bool },
    /// Of so many segments of the cell, at the place of the first one, that only repeat the one before: they were taken
    /// for duplicate acknowledgments. `alone`: the other direction had said nothing in this part.
    Repeats { cell: u32, count: u64, alone: bool },
    /// A segment of the cell began where the first one did, which was of one byte and was taken for a probe.
    Resumed { cell: u32 },
}

/// Of so many segments of the cell that only repeat the one before, while of the other direction there was none in this
/// part, or one only that may have been a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) cell: u32,
    pub(super) count: u64,
    /// There was none.
    pub(super) alone: bool,
    /// They were taken for duplicate acknowledgments, and for no answers.
    pub(super) is_counted: bool,
    /// Their direction still stood where its first segment did.
    pub(super) stands_first: bool,
}

impl Answers {
    fn is_like(&self, other: &Self) -> bool {
        Self { count: 0, ..*self } == Self { count: 0, ..*other }
    }
}

impl Doubt {
    /// The same by other numbers of cells.
    fn renumbered(self, numbers: &[u32]) -> Self {
        let number = |cell: u32| numbers[cell as usize];
        match self {
            Self::Early { piece, overtaken, later } => {
                Self::Early { piece: Piece { cell: number(piece.cell), ..piece }, overtaken, later }
            }
            Self::Late { cell, delay, overtaken } => Self::Late { cell: number(cell), delay, overtaken },
            Self::Repeats { cell, count, alone } => Self::Repeats { cell: number(cell), count, alone },
            Self::Resumed { cell } => Self::Resumed { cell: number(cell) },
        }
    }
}

/// The holes of one direction, disjoint and in the order of the stream.
#[derive(Debug, Default, Clone)]
pub(super) struct Holes {
    open: Vec<Hole>,
    doubts: Vec<Doubt>,
    answers: Vec<Answers>,
    /// The holes of the stream that the first segment is of, where another one began since, and the sequence number
    /// behind that one.
    former: Option<Box<(Holes, u32)>>,
}

impl Holes {
    /// The same by other numbers of cells.
    pub(super) fn renumbered(&self, numbers: &[u32]) -> Self {
        let hole = |hole: &Hole| {
            let cell = if hole.cell == NONE { NONE } else { numbers[hole.cell as usize] };
            Hole { cell, ..*hole }
        };
        let doubts = self.doubts.iter().map(|doubt| doubt.renumbered(numbers)).collect();
        let answer = |answer: &Answers| Answers { cell: numbers[answer.cell as usize], ..*answer };
        let answers = self.answers.iter().map(answer).collect();
        let open = self.open.iter().map(hole).collect();
        let former = self.former.as_ref().map(|of| Box::new((of.0.renumbered(numbers), of.1)));
        Self { open, doubts, answers, former }
    }

    /// Hands over the judgements that may change.
    pub(super) fn take_doubts(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.doubts)
    }

    /// Hands over the holes of the stream that the first segment is of, if another one began since.
    pub(super) fn take_former(&mut self) -> Option<Box<(Holes, u32)>> {
        self.former.take()
    }

    /// Hands over what may be answers.
    pub(super) fn take_answers(&mut self) -> Vec<Answers> {
        std::mem::take(&mut self.answers)
    }

    /// Hands over the holes, without what lies before the first segment.
    pub(super) fn take_passed_over(&mut self) -> Vec<Hole> {
        self.open.retain(|hole| hole.cell != NONE);
        std::mem::take(&mut self.open)
    }

    /// Takes what stands before `end` out of the holes; `found` as in [`Self::fill`].
    pub(super) fn cut_before(&mut self, end: u32, found: impl FnMut(u32, u32)) {
        let Some(start) = self.open.first().map(|hole| hole.start).filter(|start| distance(*start, end) < 0)
        else {
            return;
        };
        self.fill(Piece { start, end, time: NO_TIME, cell: NONE }, found);
    }

    /// How many holes begin before `end`, and how many of their bytes stand there; without what lies before the first
    /// segment.
    pub(super) fn before(&self, end: u32) -> (u64, u64) {
        let passed_over = self.open.iter().filter(|hole| hole.cell != NONE);
        passed_over.take_while(|hole| distance(hole.start, end) < 0).fold((0, 0), |(gaps, bytes), hole| {
            let last = if distance(hole.end, end) < 0 { hole.end } else { end };
            (gaps + 1, bytes + u64::from(last.wrapping_sub(hole.start)))
        })
    }

    /// The stretches from `start` to `end` that are in no hole.
    pub(super) fn between(&self, start: u32, end: u32) -> Vec<(u32, u32)> {
        let mut rest = Self::default();
        rest.open.push(Hole { start, end, time: NO_TIME, cell: NONE });
        for hole in &self.open {
            rest.fill(*hole, |_, _| {});
        }
        rest.open.iter().map(|hole| (hole.start, hole.end)).collect()
    }

    /// Adds a hole behind all others, and forgets those that are too many or too far back.
    fn open(&mut self, hole: Hole) {
        let is_far = |old: &Hole| distance(hole.end, old.start).cast_unsigned() > LARGEST_WINDOW;
        let far = self.open.iter().take_while(|old| is_far(old)).count();
        let too_many = (self.open.len() + 1).saturating_sub(MOST_HOLES);
        self.open.drain(..far.max(too_many));
        self.open.push(hole);
    }

    /// What lies before the first segment becomes a hole as well.
    fn open_before(&mut self, hole: Hole) {
        self.open.insert(0, hole);
    }

    fn doubt(&mut self, doubt: Doubt) {
        if let (
            Some(Doubt::Repeats { cell, count, alone }),
            Doubt::Repeats { cell: again, count: more, alone: still },
        ) = (self.doubts.last_mut(), doubt)
            && (*cell, *alone) == (again, still)
        {
            *count += more;
        } else if self.doubts.len() < MOST_DOUBTS {
            self.doubts.push(doubt);
        }
    }

    fn answer(&mut self, answer: Answers) {
        if let Some(last) = self.answers.last_mut().filter(|last| last.is_like(&answer)) {
            last.count += answer.count;
        } else if self.answers.len() < MOST_DOUBTS {
            self.answers.push(answer);
        }
    }

    /// Takes what `piece` brings out of the holes; `found` is told of each the cell on whose account it was, and how many
    /// bytes. `None` where it brings nothing.
    fn fill(&mut self, piece: Piece, mut found: impl FnMut(u32, u32)) -> Option<Filled> {
        let first = self.open.partition_point(|hole| distance(hole.end, piece.start) <= 0);
        let concerned = self.open[first..].iter().take_while(|hole| distance(hole.start, piece.end) < 0);
        let last = first + concerned.count();
        let (front, back) = (*self.open[first..last].first()?, *self.open[first..last].last()?);
        let delay = |hole: &Hole| {
            let known = hole.time != NO_TIME && piece.time != NO_TIME;
            if known { piece.time.saturating_sub(hole.time) } else { 0 }
        };
        let (is_early, mut later) = (front.cell == NONE, None);
        for hole in self.open[first..last].iter().filter(|hole| hole.cell != NONE) {
            let start = if distance(piece.start, hole.start) > 0 { piece.start } else { hole.start };
            let end = if distance(piece.end, hole.end) < 0 { piece.end } else { hole.end };
            found(hole.cell, end.wrapping_sub(start));
            later = later.or(Some(delay(hole)));
        }
        let before = (distance(piece.start, front.start) > 0).then_some(Hole { end: piece.start, ..front });
        let behind = (distance(back.end, piece.end) > 0).then_some(Hole { start: piece.end, ..back });
        self.open.splice(first..last, before.into_iter().chain(behind));
        Some(Filled { delay: delay(&front), is_early, later })
    }
}

/// The holes of all directions, by the number of the side.
#[derive(Debug, Default)]
pub(super) struct AllHoles {
    by_side: HashMap<u32, Holes>,
}

impl AllHoles {
    pub(super) fn open(&mut self, side: u32, hole: Hole) {
        self.by_side.entry(side).or_default().open(hole);
    }

    pub(super) fn open_before(&mut self, side: u32, hole: Hole) {
        self.by_side.entry(side).or_default().open_before(hole);
    }

    pub(super) fn doubt(&mut self, side: u32, doubt: Doubt) {
        self.by_side.entry(side).or_default().doubt(doubt);
    }

    pub(super) fn answer(&mut self, side: u32, answer: Answers) {
        self.by_side.entry(side).or_default().answer(answer);
    }

    /// Closes the holes of a direction, which starts anew. If it does `first`, the stream so far was that of the first
    /// segment, and ended at `next`.
    pub(super) fn close(&mut self, side: u32, first: bool, next: u32) {
        if let Some(holes) = self.by_side.get_mut(&side) {
            let open = std::mem::take(&mut holes.open);
            if first {
                holes.former = Some(Box::new((Holes { open, ..Holes::default() }, next)));
            }
        }
    }

    /// The holes of a direction, where it ever had any.
    pub(super) fn of(&self, side: u32) -> Option<&Holes> {
        self.by_side.get(&side)
    }

    /// Fills holes of `side`, as [`Holes::fill`].
    pub(super) fn fill(&mut self, side: u32, piece: Piece, found: impl FnMut(u32, u32)) -> Option<Filled> {
        self.by_side.get_mut(&side)?.fill(piece, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(start: u32, end: u32) -> Hole {
        Hole { start, end, time: 0, cell: 1 }
    }

    fn piece(start: u32, end: u32) -> Piece {
        Piece { start, end, time: 5, cell: 2 }
    }

    fn left(holes: &Holes) -> Vec<(u32, u32)> {
        holes.open.iter().map(|hole| (hole.start, hole.end)).collect()
    }

    /// In the middle, over an edge, over several, in none; also where sequence numbers wrap.
    #[test]
    fn pieces_fill_holes() {
        for base in [1000, u32::MAX - 25] {
            let at = |offset: u32| base.wrapping_add(offset);
            let mut holes = Holes::default();
            holes.open(hole(at(10), at(20)));
            holes.open(hole(at(30), at(40)));
            let mut fill = |from, to| {
                let mut bytes = 0;
                let filled = holes.fill(piece(at(from), at(to)), |_, more| bytes += more);
                let left =
                    left(&holes).iter().map(|(a, b)| (a.wrapping_sub(base), b.wrapping_sub(base))).collect();
                (filled.map(|it| it.delay), bytes, left)
            };
            let expect = |delay, bytes, left: &[(u32, u32)]| (delay, bytes, left.to_vec());
            assert_eq!(fill(0, 10), expect(None, 0, &[(10, 20), (30, 40)]));
            assert_eq!(fill(12, 14), expect(Some(5), 2, &[(10, 12), (14, 20), (30, 40)]));
            assert_eq!(fill(18, 32), expect(Some(5), 4, &[(10, 12), (14, 18), (32, 40)]));
            assert_eq!(fill(20, 30), expect(None, 0, &[(10, 12), (14, 18), (32, 40)]));
            assert_eq!(fill(0, 50), expect(Some(5), 14, &[]));
        }
    }

    /// Bytes that are two gibibytes back are no longer awaited: sequence numbers will come round to them.
    #[test]
    fn far_holes_are_forgotten() {
        let mut holes = Holes::default();
        for start in (0..8).map(|number: u32| number << 29) {
            holes.open(hole(start, start + 10));
        }
        assert_eq!(left(&holes).len(), 2);
        for start in (0..10_000).map(|number: u32| number * 20) {
            holes.open(hole(start, start + 10));
        }
        assert_eq!(left(&holes).len(), MOST_HOLES);
    }
}
