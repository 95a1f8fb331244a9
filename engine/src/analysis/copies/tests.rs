//! Copies, beside a model that compares every frame with every other.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::decode::Way;

const WINDOW: Window = Window { time: 10, frames: 6 };

#[derive(Debug, Clone, Copy)]
enum Seen {
    Encapsulated { whole: u64, bare: u64 },
    Sent { whole: u64, bare: u64, by: u8 },
    Piece(u64),
    Bare(u64),
    Other,
}

type Frame = (i64, Seen);

fn way(by: u8) -> Way {
    Way { vni: 7, source: IpAddr::from([192, 0, 2, by]), destination: IpAddr::from([192, 0, 2, 99]) }
}

fn print((_, seen): Frame) -> Fingerprint {
    match seen {
        Seen::Encapsulated { whole, bare } => Fingerprint { whole: Some(whole), way: None, bare: Some(bare) },
        Seen::Sent { whole, bare, by } => {
            Fingerprint { whole: Some(whole), way: Some(way(by)), bare: Some(bare) }
        }
        Seen::Piece(whole) => Fingerprint { whole: Some(whole), ..Fingerprint::default() },
        Seen::Bare(bare) => Fingerprint { bare: Some(bare), ..Fingerprint::default() },
        Seen::Other => Fingerprint::default(),
    }
}

/// Looks at `frames`: what was found, and which of them are to be dropped.
fn look(frames: &[Frame], drop: Option<Window>) -> (Copies, Vec<bool>) {
    let mut copies = Copies::new(drop);
    copies.window = WINDOW;
    let dropped = frames.iter().map(|frame| {
        assert!(copies.are_due());
        copies.look(frame.0, print(*frame))
    });
    let dropped = dropped.collect();
    (copies, dropped)
}

/// Whether two frames, given by number, are near each other.
fn near(frames: &[Frame], a: usize, b: usize) -> bool {
    let (first, second) = (frames[a].0, frames[b].0);
    let in_time = first == NO_TIME || second == NO_TIME || first.abs_diff(second) <= WINDOW.time;
    a.abs_diff(b) <= WINDOW.frames as usize && in_time
}

/// Which frames are copies: near the latest frame before them with the same fingerprint.
fn copies_of(frames: &[Frame]) -> Vec<bool> {
    let whole = |at: usize| print(frames[at]).whole;
    let is_copy = |at: usize| {
        let latest = (0..at).rev().find(|before| whole(at).is_some() && whole(*before) == whole(at));
        latest.is_some_and(|before| near(frames, before, at))
    };
    (0..frames.len()).map(is_copy).collect()
}

/// How many bare frames are near the latest encapsulated packet of theirs before them, or the next behind them.
fn bare_of(frames: &[Frame]) -> usize {
    let is_inside =
        |at: usize, bare: u64| print(frames[at]).whole.is_some() && print(frames[at]).bare == Some(bare);
    let is_pair = |at: usize| {
        let Seen::Bare(bare) = frames[at].1 else {
            return false;
        };
        let before = (0..at).rev().find(|other| is_inside(*other, bare));
        let behind = (at + 1..frames.len()).find(|other| is_inside(*other, bare));
        [before, behind].into_iter().flatten().any(|other| near(frames, at, other))
    };
    (0..frames.len()).filter(|at| is_pair(*at)).count()
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let seen = prop_oneof![
        4 => (0..4_u64, 0..2_u64).prop_map(|(whole, bare)| Seen::Encapsulated { whole, bare: whole + 10 * bare }),
        1 => (0..4_u64).prop_map(|whole| Seen::Piece(whole + 100)),
        3 => (0..14_u64).prop_map(Seen::Bare),
        2 => Just(Seen::Other),
    ];
    let step = select(vec![0_i64, 0, 1, 3, 4, 11, -2]);
    let timed = prop::collection::vec((step, seen, prop::bool::weighted(0.1)), 0..40);
    timed.prop_map(|steps| {
        let mut now = 0;
        let frames = steps.into_iter().map(|(step, seen, untimed)| {
            now += step;
            (if untimed { NO_TIME } else { now }, seen)
        });
        frames.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_what_the_model_finds(frames in frames()) {
        let expected = copies_of(&frames);
        let (counted, kept) = look(&frames, None);
        prop_assert!(!kept.contains(&true));
        let (_, dropped) = look(&frames, Some(WINDOW));
        prop_assert_eq!(&dropped, &expected);
        let packets = expected.iter().filter(|is_copy| **is_copy).count() as u64;
        let found = Found { packets, bare: bare_of(&frames) as u64, looked_at: frames.len() as u64 };
        prop_assert_eq!(counted.found(), found);
    }

    #[test]
    fn parts_merged_find_what_the_whole_finds(
        frames in frames(),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (a, b) = (cuts.0.index(frames.len() + 1), cuts.1.index(frames.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let part = |range: Range<usize>| look(&frames[range], None).0;
        let whole = part(0..frames.len()).found();
        let mut from_the_left = part(0..0);
        for range in [0..a, a..b, b..frames.len()] {
            from_the_left.merge(&part(range));
        }
        prop_assert_eq!(from_the_left.found(), whole);
        let (mut from_the_right, mut end) = (part(0..a), part(a..b));
        end.merge(&part(b..frames.len()));
        from_the_right.merge(&end);
        prop_assert_eq!(from_the_right.found(), whole);
    }
}

/// A packet at three interfaces is seen three times: two copies.
#[test]
fn a_copy_of_a_copy() {
    let seen = Seen::Encapsulated { whole: 1, bare: 2 };
    let (copies, dropped) = look(&[(0, seen), (9, seen), (18, seen), (29, seen)], Some(WINDOW));
    assert_eq!(dropped, [false, true, true, false]);
    assert_eq!(copies.found().packets, 2);
}

/// The window in frames counts every frame, and holds where the times say nothing.
#[test]
fn the_window_in_frames() {
    let seen = (NO_TIME, Seen::Encapsulated { whole: 1, bare: 2 });
    let gap = |frames: usize| {
        let between = vec![(NO_TIME, Seen::Other); frames - 1];
        look(&[&[seen][..], &between, &[seen]].concat(), Some(WINDOW)).1.pop()
    };
    assert_eq!((gap(6), gap(7)), (Some(true), Some(false)));
}

/// A packet that is sent again later is no copy, nor is one that differs.
#[test]
fn a_repeat_is_no_copy() {
    let seen = |whole| Seen::Encapsulated { whole, bare: 2 };
    assert_eq!(look(&[(0, seen(1)), (11, seen(1)), (11, seen(3))], Some(WINDOW)).1, [false; 3]);
}

/// Memory is that of a window, however long the capture.
#[test]
fn memory_is_bounded_by_the_window() {
    let frames: Vec<Frame> = (0..1000)
        .map(|at: i64| {
            let number = at.unsigned_abs();
            let pair = Seen::Encapsulated { whole: number, bare: number };
            (0, if at % 2 == 0 { pair } else { Seen::Bare(1000 + number) })
        })
        .collect();
    let (copies, _) = look(&frames, Some(WINDOW));
    let most = WINDOW.frames as usize;
    let recent = &copies.recent;
    assert!(copies.head.len() <= most && recent.sightings.len() <= most);
    assert!(recent.whole.len() <= 2 * most && recent.bare.len() <= 2 * most);
}

/// Without dropping, a long capture is looked at now and then; a copy that is found has it looked at closely.
#[test]
fn a_long_capture_is_sampled() {
    let mut copies = Copies::new(None);
    let mut run = |frames: Range<u64>, print: fn(u64) -> u64| {
        for number in frames {
            if copies.are_due() {
                copies.look(0, Fingerprint { whole: Some(print(number)), ..Fingerprint::default() });
            }
        }
        copies.found()
    };
    let sampled = run(0..2 * PERIOD, |number| number);
    assert_eq!(sampled, Found { packets: 0, bare: 0, looked_at: AT_FIRST + SAMPLE });
    // From here on, every packet is there twice.
    let twice = run(2 * PERIOD..3 * PERIOD, |number| number / 2);
    assert_eq!(twice, Found { packets: PERIOD / 2, bare: 0, looked_at: AT_FIRST + SAMPLE + PERIOD });
}

/// Packets with few inner packets and senders, none of them a copy.
fn sent() -> impl Strategy<Value = Vec<Frame>> {
    let step = select(vec![0_i64, 1, 3, 9, 11]);
    prop::collection::vec((step, 0..2_u64, 0..3_u8, prop::bool::weighted(0.1)), 0..60).prop_map(|steps| {
        let mut now = 0;
        let frames = (0..).zip(steps).map(|(whole, (step, bare, by, untimed))| {
            now += step;
            (if untimed { NO_TIME } else { now }, Seen::Sent { whole, bare, by })
        });
        frames.collect()
    })
}

/// Which frames are of a packet that went round: four times another sent it than before, all within the window.
fn went_round(frames: &[Frame]) -> u64 {
    let told = |at: usize| match frames[at].1 {
        Seen::Sent { bare, by, .. } => (bare, by),
        _ => unreachable!("all are sent"),
    };
    let is_one = |at: usize| {
        let (mut later, mut turns) = (at, 0);
        for before in (at.saturating_sub(WINDOW.frames as usize)..at).rev() {
            if told(before).0 == told(at).0 {
                if !near(frames, before, later) {
                    break;
                }
                turns += u32::from(told(before).1 != told(later).1);
                later = before;
            }
        }
        turns >= 4
    };
    (0..frames.len()).filter(|at| is_one(*at)).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_round_is_what_the_model_finds(frames in sent(), cut in any::<prop::sample::Index>()) {
        let expected = went_round(&frames);
        prop_assert_eq!(look(&frames, None).0.loops().packets(), expected);
        let (a, b) = frames.split_at(cut.index(frames.len() + 1));
        let mut merged = look(a, None).0;
        merged.merge(&look(b, None).0);
        prop_assert_eq!(merged.loops().packets(), expected);
    }
}

/// Copies of a packet that two VTEPs send are not sent by them in turn.
#[test]
fn copies_do_not_go_round() {
    let seen = |by: u8| Seen::Sent { whole: by.into(), bare: 5, by };
    let frames: Vec<Frame> = [1, 2, 1, 2, 1, 2].map(|by| (0, seen(by))).into();
    assert_eq!(look(&frames, None).0.loops().packets(), 0);
    let sent_anew = |at: u8| Seen::Sent { whole: at.into(), bare: 5, by: at % 2 };
    let frames: Vec<Frame> = [1, 2, 3, 4, 5, 6].map(|at| (0, sent_anew(at))).into();
    let round = look(&frames, None).0;
    assert_eq!(round.loops().iter().collect::<Vec<_>>(), [(way(0), 1), (way(1), 1)]);
}
