//! From the earliest to the latest time seen.

use crate::capture::NO_TIME;

/// Nanoseconds since 1970 UTC, both ends included. Things without a time leave it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    // Both are NO_TIME while there is none. NO_TIME is the lowest value, so a maximum needs no case for it.
    first: i64,
    last: i64,
}

impl Default for TimeSpan {
    fn default() -> Self {
        Self { first: NO_TIME, last: NO_TIME }
    }
}

impl TimeSpan {
    /// From `first` to `last`; none where `first` is [`NO_TIME`].
    #[must_use]
    pub fn between(first: i64, last: i64) -> Self {
        if first == NO_TIME { Self::default() } else { Self { first, last } }
    }

    /// Takes in a time, or [`NO_TIME`].
    #[inline]
    pub fn add(&mut self, time: i64) {
        // Nearly all are the latest so far.
        if time >= self.last && self.last != NO_TIME {
            self.last = time;
        } else {
            self.merge(TimeSpan { first: time, last: time });
        }
    }

    /// Takes in another span.
    #[inline]
    pub fn merge(&mut self, other: TimeSpan) {
        self.last = self.last.max(other.last);
        if other.first != NO_TIME && (other.first < self.first || self.first == NO_TIME) {
            self.first = other.first;
        }
    }

    /// The ends, where any time was seen.
    #[must_use]
    pub fn ends(self) -> Option<(i64, i64)> {
        (self.first != NO_TIME).then_some((self.first, self.last))
    }

    /// From the first to the last, in seconds.
    #[must_use]
    pub fn seconds(self) -> Option<f64> {
        self.ends().map(|(first, last)| (i128::from(last) - i128::from(first)) as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clocks step back: the earliest time need not come first, and frames without a time change nothing.
    #[test]
    fn in_any_order() {
        let mut span = TimeSpan::default();
        assert_eq!(span.ends(), None);
        for time in [NO_TIME, 5, 2, NO_TIME, 9] {
            span.add(time);
        }
        assert_eq!(span.ends(), Some((2, 9)));
        span.merge(TimeSpan::default());
        assert_eq!(span.ends(), Some((2, 9)));
        assert_eq!(
            TimeSpan { first: i64::MIN + 1, last: i64::MAX }.seconds(),
            Some(1.844_674_407_370_955_2e10)
        );
    }
}
