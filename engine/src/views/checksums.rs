//! What the checksums of several cells' packets turned out to be, for every table that tells it.

use crate::cells::{Cells, Verdicts};
use crate::packet::{Inside, Outside};
use crate::value::Value;

/// The sums over some cells; nothing where nobody looked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checksums(Option<Verdicts>);

impl Checksums {
    pub(super) fn add(&mut self, id: u32, cells: &Cells) {
        if let Some(verdicts) = cells.verdicts(id) {
            self.0.get_or_insert_default().add(verdicts);
        }
    }

    /// Packets whose outer UDP checksum is so; null where nobody looked.
    pub(super) fn outside(&self, verdict: Outside) -> Value {
        Value::maybe(self.0.as_ref(), |verdicts| Value::Count(verdicts.outside(verdict)))
    }

    /// Packets whose inner checksums are so; null where nobody looked.
    pub(super) fn inside(&self, verdict: Inside) -> Value {
        Value::maybe(self.0.as_ref(), |verdicts| Value::Count(verdicts.inside(verdict)))
    }
}

/// What all checksums together turned out to be, by the names of the columns; `None` where nobody looked.
#[must_use]
pub fn verdicts(cells: &Cells) -> Option<[(&'static str, u64); 9]> {
    let mut sum = cells.has_verdicts().then(Verdicts::default)?;
    for (id, _) in cells.numbered() {
        cells.verdicts(id).into_iter().for_each(|verdicts| sum.add(verdicts));
    }
    Some([
        ("outer_udp_zero", sum.outside(Outside::Zero)),
        ("outer_udp_right", sum.outside(Outside::Right)),
        ("outer_udp_wrong", sum.outside(Outside::Wrong)),
        ("outer_udp_partial", sum.outside(Outside::Partial)),
        ("outer_udp_unverified", sum.outside(Outside::Unverified)),
        ("inner_right", sum.inside(Inside::Right)),
        ("inner_wrong", sum.inside(Inside::Wrong)),
        ("inner_partial", sum.inside(Inside::Partial)),
        ("inner_unverified", sum.inside(Inside::Unverified)),
    ])
}

/// The columns that sum this up, of rows that have it as `checksums`, behind `columns` of their own.
macro_rules! with_checksum_columns {
    ([$($before:expr),* $(,)?], [$($behind:expr),* $(,)?] $(, [$($last:expr),* $(,)?])?) => {
        with_tcp_columns!([$($before,)*], [
            $($behind,)*
            Column { name: "outer_udp_checksum_zero", value: |r, _| r.checksums.outside(Outside::Zero) },
            Column { name: "outer_udp_checksum_right", value: |r, _| r.checksums.outside(Outside::Right) },
            Column { name: "outer_udp_checksum_wrong", value: |r, _| r.checksums.outside(Outside::Wrong) },
            Column { name: "outer_udp_checksum_partial", value: |r, _| r.checksums.outside(Outside::Partial) },
            Column { name: "outer_udp_checksum_unverified", value: |r, _| r.checksums.outside(Outside::Unverified) },
            Column { name: "inner_checksum_right", value: |r, _| r.checksums.inside(Inside::Right) },
            Column { name: "inner_checksum_wrong", value: |r, _| r.checksums.inside(Inside::Wrong) },
            Column { name: "inner_checksum_partial", value: |r, _| r.checksums.inside(Inside::Partial) },
            Column { name: "inner_checksum_unverified", value: |r, _| r.checksums.inside(Inside::Unverified) },
            $($($last,)*)?
        ])
    };
}
pub(super) use with_checksum_columns;
