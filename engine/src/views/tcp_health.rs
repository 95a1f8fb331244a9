//! How the TCP connections of several cells fared, for every table that tells it.

use std::hash::Hash;

use hashbrown::HashMap;

use crate::cells::{Cell, Cells, Health, Level};
use crate::value::Value;

/// The sums over some cells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TcpSums {
    /// Packets of cells whose TCP headers the capture holds.
    pub(super) segments: u64,
    pub(super) health: Health,
    /// The median of the connections' round trips, in nanoseconds.
    pub(super) round_trip: Option<f64>,
}

impl TcpSums {
    pub(super) fn add(&mut self, id: u32, cell: &Cell, cells: &Cells) {
        if cell.is_tcp() {
            let rare = cells.rare(id);
            self.segments += cell.packets - rare.later_fragments;
            self.health.add(&rare.health);
        }
    }

    pub(super) fn round_trip_ms(&self) -> Value {
        milliseconds(self.round_trip)
    }

    /// How many of the segments were sent again.
    pub(super) fn retransmission_percent(&self) -> Value {
        Value::percent(self.health.retransmitted.cast_signed(), self.segments)
    }
}

/// The median round trip of each group of connections, in nanoseconds. A connection is in the groups of the layers of its
/// first segment, if all of its handshake was seen.
pub(super) fn median_round_trips<G: Hash + Eq>(
    cells: &Cells,
    group: impl Fn(&Level<'_>) -> G,
) -> HashMap<G, f64> {
    let mut all: HashMap<G, Vec<u64>> = HashMap::new();
    for (id, round_trips) in cells.connections() {
        if let Some(time) = round_trips.whole() {
            let groups = cells.levels(cells.get(id)).map(|level| group(&level));
            groups.for_each(|group| all.entry(group).or_default().push(time));
        }
    }
    all.into_iter().map(|(group, times)| (group, median(times))).collect()
}

/// The middle one, or the mean of the two in the middle, of some.
fn median(mut times: Vec<u64>) -> f64 {
    let middle = times.len() / 2;
    let is_even = times.len().is_multiple_of(2);
    let (below, upper, _) = times.select_nth_unstable(middle);
    let lower = below.iter().max().filter(|_| is_even).unwrap_or(upper);
    f64::midpoint(*lower as f64, *upper as f64)
}

/// A duration of nanoseconds in milliseconds.
pub(super) fn milliseconds(nanoseconds: Option<f64>) -> Value {
    Value::maybe(nanoseconds, |count| Value::Real(count / 1e6))
}

/// The columns that sum this up, of rows that have it as `tcp`, between `columns` of their own.
macro_rules! with_tcp_columns {
    ([$($before:expr),* $(,)?], [$($behind:expr),* $(,)?]) => {
        &[
            $($before,)*
            Column { name: "tcp_segments", value: |r, _| Value::Count(r.tcp.segments) },
            Column { name: "retransmitted", value: |r, _| Value::Count(r.tcp.health.retransmitted) },
            Column { name: "retransmission_percent", value: |r, _| r.tcp.retransmission_percent() },
            Column { name: "out_of_order", value: |r, _| Value::Count(r.tcp.health.out_of_order) },
            Column { name: "duplicate_acks", value: |r, _| Value::Count(r.tcp.health.duplicate_acks) },
            Column { name: "missing_bytes", value: |r, _| Value::Count(r.tcp.health.missing_bytes) },
            Column { name: "zero_windows", value: |r, _| Value::Count(r.tcp.health.zero_windows) },
            Column { name: "resets", value: |r, _| Value::Count(r.tcp.health.resets) },
            Column { name: "syn_retries", value: |r, _| Value::Count(r.tcp.health.syn_retries) },
            Column { name: "rtt_ms", value: |r, _| r.tcp.round_trip_ms() },
            $($behind,)*
        ]
    };
}
pub(super) use with_tcp_columns;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let is = |times: &[u64], expected: f64| (median(times.to_vec()) - expected).abs() < f64::EPSILON;
        assert!(is(&[30, 10, 20], 20.0) && is(&[40, 10, 30, 21], 25.5) && is(&[7], 7.0));
    }
}
