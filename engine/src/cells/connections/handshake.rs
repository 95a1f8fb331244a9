//! The three segments that open a connection, and the time from each to the next at the capture point.
//!
//! SYN to SYN-ACK is the way from the capture point to the server and back, SYN-ACK to ACK that to the client and back.
//! Where a SYN or SYN-ACK was sent again, the last one before the answer counts. Where ports are used again, the last
//! connection's handshake does.

use crate::capture::NO_TIME;

/// How far a handshake has come. Those who open are known by the SYN, or by the SYN-ACK that they are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Nothing was seen. Neither time is set.
    #[default]
    Nothing,
    /// A SYN, at the first time.
    Syn,
    /// SYN and SYN-ACK, the first time after the other; the SYN-ACK is of the second time.
    Answered,
    /// A SYN-ACK whose SYN was not seen: first at the first time, last at the second.
    AnswerOnly,
    /// All: both times are durations.
    Done,
    /// As `AnswerOnly`, with the ACK: the second time is a duration.
    DoneWithoutSyn,
}

/// What of an earlier part of the capture no longer matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Past {
    #[default]
    Matters,
    /// A SYN was seen: what had begun begins again, and only what was over by then matters.
    Reopened,
    /// Another connection began between the same ports.
    Gone,
}

/// A handshake. Times are nanoseconds since 1970 UTC or durations in nanoseconds, as the phase says, or [`NO_TIME`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Handshake {
    first: i64,
    second: i64,
    phase: Phase,
    /// The side that opens, 0 or 1.
    opener: u8,
    past: Past,
}

/// How long a handshake took at the capture point, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// From SYN to SYN-ACK: from the capture point to who was called, and back.
    pub to_answer: Option<u64>,
    /// From SYN-ACK to ACK: from the capture point to the caller, and back.
    pub to_end: Option<u64>,
}

impl RoundTrips {
    /// From SYN to ACK: from one end to the other, and back.
    #[must_use]
    pub fn whole(self) -> Option<u64> {
        self.to_answer?.checked_add(self.to_end?)
    }
}

impl Default for Handshake {
    fn default() -> Self {
        Self { first: NO_TIME, second: NO_TIME, phase: Phase::Nothing, opener: 0, past: Past::Matters }
    }
}

/// From `start` to `end`; [`NO_TIME`] where one is not known, or the clock stepped back.
fn duration(start: i64, end: i64) -> i64 {
    if start == NO_TIME || end == NO_TIME { NO_TIME } else { end.checked_sub(start).unwrap_or(NO_TIME) }
}

fn told(duration: i64) -> Option<u64> {
    u64::try_from(duration).ok()
}

impl Handshake {
    /// A segment of `side` with SYN or ACK. With a SYN that is new on ports in use, another connection begins.
    pub(super) fn take(&mut self, side: u8, has_syn: bool, has_ack: bool, is_new: bool, time: i64) {
        match (has_syn, has_ack) {
            (true, false) => self.syn(side, time, is_new),
            (_, true) if self.awaits(side) => self.finish(duration(self.second, time)),
            (true, true) => self.syn_ack(side, time),
            (false, _) => {}
        }
    }

    fn syn(&mut self, side: u8, time: i64, is_new: bool) {
        if self.is_over() && !is_new {
            return;
        }
        let past = if is_new || self.past == Past::Gone { Past::Gone } else { Past::Reopened };
        *self = Self { first: time, second: NO_TIME, phase: Phase::Syn, opener: side, past };
    }

    fn syn_ack(&mut self, side: u8, time: i64) {
        match self.phase {
            Phase::Syn if self.opener != side => {
                self.first = duration(self.first, time);
                (self.second, self.phase) = (time, Phase::Answered);
            }
            Phase::Nothing | Phase::Syn => {
                (self.first, self.second) = (time, time);
                (self.phase, self.opener) = (Phase::AnswerOnly, 1 - side);
            }
            // It was sent again.
            Phase::Answered | Phase::AnswerOnly => self.second = time,
            Phase::Done | Phase::DoneWithoutSyn => {}
        }
    }

    /// Whether the next segment of `side` with ACK ends it.
    pub(super) fn awaits(&self, side: u8) -> bool {
        matches!(self.phase, Phase::Answered | Phase::AnswerOnly) && self.opener == side
    }

    /// The ACK came so long after the SYN-ACK.
    fn finish(&mut self, second: i64) {
        self.second = second;
        self.phase = if self.phase == Phase::Answered { Phase::Done } else { Phase::DoneWithoutSyn };
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::DoneWithoutSyn)
    }

    /// Whether any of it was seen.
    pub(super) fn has_begun(&self) -> bool {
        self.phase != Phase::Nothing
    }

    /// How long it took.
    pub(super) fn round_trips(&self) -> RoundTrips {
        let answered = matches!(self.phase, Phase::Answered | Phase::Done);
        RoundTrips {
            to_answer: told(self.first).filter(|_| answered),
            to_end: told(self.second).filter(|_| self.is_over()),
        }
    }

    /// Adds what a later part of the capture saw. `first_ack` is when a side sent its first segment there, if that has ACK
    /// and no SYN came before it.
    pub(super) fn merge(&mut self, later: &Handshake, first_ack: impl FnOnce(u8) -> Option<i64>) {
        if later.past == Past::Gone {
            *self = *later;
            return;
        }
        match self.phase {
            Phase::Done | Phase::DoneWithoutSyn => {}
            Phase::Nothing => self.go_on_with(later),
            Phase::Syn => self.go_on_from_syn(later),
            Phase::Answered | Phase::AnswerOnly => match first_ack(self.opener) {
                Some(time) => self.finish(duration(self.second, time)),
                None => self.go_on_from_answer(later),
            },
        }
    }

    /// Another connection began with a segment of `later`.
    pub(super) fn give_way(&mut self, later: &Handshake) {
        *self = Self { past: Past::Gone, ..*later };
    }

    fn go_on_with(&mut self, later: &Handshake) {
        *self = Self { past: self.past.max(later.past), ..*later };
    }

    /// Whether `later` began with an answer to this one's opener.
    fn is_answered_by(&self, later: &Handshake) -> bool {
        self.opener == later.opener && later.past == Past::Matters
    }

    fn go_on_from_syn(&mut self, later: &Handshake) {
        let phase = match later.phase {
            Phase::Nothing => return,
            Phase::AnswerOnly if self.is_answered_by(later) => Phase::Answered,
            Phase::DoneWithoutSyn if self.is_answered_by(later) => Phase::Done,
            _ => return self.go_on_with(later),
        };
        self.first = duration(self.first, later.first);
        (self.second, self.phase) = (later.second, phase);
    }

    fn go_on_from_answer(&mut self, later: &Handshake) {
        match later.phase {
            Phase::Nothing => {}
            Phase::AnswerOnly if self.is_answered_by(later) => self.second = later.second,
            Phase::DoneWithoutSyn if self.is_answered_by(later) => self.finish(later.second),
            _ => self.go_on_with(later),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Event {
        Syn(u8),
        /// Of another connection on ports in use.
        NewSyn(u8),
        SynAck(u8),
        Ack(u8),
    }
    use Event::{Ack, NewSyn, Syn, SynAck};

    impl Event {
        fn side(self) -> u8 {
            match self {
                Syn(side) | NewSyn(side) | SynAck(side) | Ack(side) => side,
            }
        }

        fn take(self, made: &mut Handshake, time: i64) {
            let (syn, ack) = (!matches!(self, Ack(_)), matches!(self, Ack(_) | SynAck(_)));
            made.take(self.side(), syn, ack, matches!(self, NewSyn(_)), time);
        }
    }

    /// A handshake of these events, the first of them at `start`, ten nanoseconds apart.
    fn handshake(events: &[Event], start: i64) -> Handshake {
        let mut made = Handshake::default();
        for (event, time) in events.iter().zip((start..).step_by(10)) {
            event.take(&mut made, time);
        }
        made
    }

    fn halves(events: &[Event]) -> (Option<u64>, Option<u64>) {
        let RoundTrips { to_answer, to_end } = handshake(events, 1000).round_trips();
        (to_answer, to_end)
    }

    #[test]
    fn both_halves() {
        assert_eq!(halves(&[Syn(1), SynAck(0), Ack(1)]), (Some(10), Some(10)));
        assert_eq!(halves(&[SynAck(0), Ack(1), Ack(1)]), (None, Some(10)));
        assert_eq!(halves(&[Syn(0), SynAck(1)]), (Some(10), None));
        let late = handshake(&[Syn(1), SynAck(0), Ack(0), Ack(1)], 0).round_trips();
        assert_eq!(late.whole(), Some(30));
    }

    /// The last SYN before the answer is taken as the one answered, and the last SYN-ACK before the ACK.
    #[test]
    fn retries() {
        assert_eq!(halves(&[Syn(0), Syn(0), SynAck(1), Ack(0)]), (Some(10), Some(10)));
        assert_eq!(halves(&[Syn(0), SynAck(1), SynAck(1), Ack(0)]), (Some(10), Some(10)));
        assert_eq!(halves(&[Syn(0), SynAck(1), Syn(0), SynAck(1), Ack(0)]), (Some(10), Some(10)));
    }

    /// What is left of a connection does not touch the handshake that is over; a new one begins anew.
    #[test]
    fn ports_in_use_again() {
        let first = [Syn(0), SynAck(1), Ack(0)];
        assert_eq!(halves(&[&first[..], &[Syn(0), Ack(0), SynAck(1), Ack(0)]].concat()), halves(&first));
        assert_eq!(halves(&[&first[..], &[NewSyn(0), Ack(1), SynAck(1)]].concat()), (Some(20), None));
    }

    /// Both ends open at once (RFC 9293, section 3.5): the SYN-ACKs end it.
    #[test]
    fn simultaneous_open() {
        assert_eq!(halves(&[Syn(0), Syn(1), SynAck(0), SynAck(1), Ack(0)]), (Some(10), Some(10)));
        assert_eq!(halves(&[Syn(0), Syn(1), SynAck(1), SynAck(0), Ack(0)]), (None, Some(10)));
    }

    #[test]
    fn clocks_that_step_back_and_frames_without_a_time() {
        let times = |times: [i64; 3]| {
            let mut made = Handshake::default();
            for (event, time) in [Syn(0), SynAck(1), Ack(0)].into_iter().zip(times) {
                event.take(&mut made, time);
            }
            let RoundTrips { to_answer, to_end } = made.round_trips();
            (to_answer, to_end)
        };
        assert_eq!(times([500, 400, 600]), (None, Some(200)));
        assert_eq!(times([NO_TIME, i64::MAX, NO_TIME]), (None, None));
    }

    /// Every sequence of up to five segments of both sides, cut anywhere: the parts merged are the whole.
    #[test]
    fn merging_is_exact() {
        const KINDS: [Event; 7] = [Syn(0), SynAck(1), Ack(0), Ack(1), Syn(1), SynAck(0), NewSyn(0)];
        for length in 0..=5 {
            for number in 0..KINDS.len().pow(length) {
                let kind = |at: u32| KINDS[number / KINDS.len().pow(at) % KINDS.len()];
                let events: Vec<Event> = (0..length).map(kind).collect();
                let whole = handshake(&events, 0);
                for (at, time) in (0..=events.len()).zip((0..).step_by(10)) {
                    let (early, late) = events.split_at(at);
                    let mut merged = handshake(early, 0);
                    merged.merge(&handshake(late, time), |side| first_ack(late, side, time));
                    assert_eq!(merged.round_trips(), whole.round_trips(), "{early:?} and {late:?}");
                }
            }
        }
    }

    /// When `side` sends its first segment, if that has ACK, and no SYN came before it.
    fn first_ack(events: &[Event], side: u8, start: i64) -> Option<i64> {
        let times = (start..).step_by(10);
        let (at, (event, time)) =
            events.iter().zip(times).enumerate().find(|(_, (it, _))| it.side() == side)?;
        let has_ack = matches!(event, Ack(_) | SynAck(_));
        (has_ack && !handshake(&events[..at], 0).has_begun()).then_some(time)
    }
}
