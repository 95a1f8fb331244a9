//! Whether the clock that a capture's times are of went back.

use super::NO_TIME;

/// A frame whose time is so many nanoseconds before that of the frame before shows a step. Where a card has several
/// queues, frames change places by microseconds.
const LEAST_STEP: u64 = 1_000_000;

/// The steps back of a capture's clock, frame by frame; parts of a capture merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The time of the first frame that has one; [`NO_TIME`] before it.
    first: i64,
    /// That of the latest. Before the first it is later than any, so that one test finds all that is not as usual.
    last: i64,
    steps: u64,
    largest: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { first: NO_TIME, last: i64::MAX, steps: 0, largest: 0 }
    }
}

impl Clock {
    /// Takes in the time of the next frame.
    #[inline]
    pub fn see(&mut self, time: i64) {
        let time = time.min(i64::MAX - 1);
        if time < self.last {
            self.turn(time);
        } else {
            self.last = time;
        }
    }

    /// The first time, none, or one that is before the latest.
    #[cold]
    fn turn(&mut self, time: i64) {
        if time == NO_TIME {
            return;
        }
        if self.first == NO_TIME {
            self.first = time;
        } else {
            self.step(self.last.abs_diff(time));
        }
        self.last = time;
    }

    fn step(&mut self, back: u64) {
        if back >= LEAST_STEP {
            self.steps += 1;
            self.largest = self.largest.max(back);
        }
    }

    /// Adds the part of the capture that follows.
    pub fn merge(&mut self, later: &Self) {
        if later.first == NO_TIME {
            return;
        }
        self.see(later.first);
        self.last = later.last;
        self.steps += later.steps;
        self.largest = self.largest.max(later.largest);
    }

    /// How often it went back.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The most that it went back at once, in seconds.
    #[must_use]
    pub fn largest_step(&self) -> Option<f64> {
        (self.steps > 0).then_some(self.largest as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn clock(times: &[i64]) -> Clock {
        let mut clock = Clock::default();
        for time in times {
            clock.see(*time);
        }
        clock
    }

    #[test]
    fn queues_that_overtake_each_other_are_no_step() {
        assert_eq!(clock(&[0, 5 * MS, 4 * MS + 1, 6 * MS, 5 * MS + 1]).steps(), 0);
        assert_eq!(clock(&[0, 5 * MS, 4 * MS]).largest_step(), Some(0.001));
    }

    #[test]
    fn a_step_is_told_once_and_the_largest_stays() {
        let steps = clock(&[100 * MS, 40 * MS, 50 * MS, 45 * MS, 300 * MS]);
        assert_eq!((steps.steps(), steps.largest_step()), (2, Some(0.06)));
    }

    #[test]
    fn frames_without_a_time_and_times_out_of_range_are_no_step() {
        assert_eq!(clock(&[NO_TIME, 5 * MS, NO_TIME, 6 * MS]).steps(), 0);
        assert_eq!(clock(&[i64::MAX, NO_TIME + 1]).steps(), 1);
        assert_eq!(clock(&[i64::MAX, i64::MAX]).steps(), 0);
    }

    /// Cut anywhere, also between the two frames of a step, and where a part has no times.
    #[test]
    fn merging_is_exact() {
        let all = [NO_TIME, 90 * MS, 10 * MS, NO_TIME, NO_TIME, 20 * MS, 5 * MS, NO_TIME];
        for at in 0..=all.len() {
            for to in at..=all.len() {
                let mut first = clock(&all[..at]);
                first.merge(&clock(&all[at..to]));
                first.merge(&clock(&all[to..]));
                assert_eq!(first, clock(&all));
            }
        }
    }
}
