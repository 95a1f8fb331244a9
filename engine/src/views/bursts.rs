//! `bursts`: when a station sent many broadcasts, in a row. Internal; for the rules of findings.

use std::cmp::Ordering;

use super::{Column, Row};
use crate::cells::{Burst, Cells, SLOT, Sender};
use crate::value::Value;

/// Broadcasts of a station through one direction of a tunnel.
#[derive(Debug)]
pub struct BurstRow {
    sender: Sender,
    burst: Burst,
}

impl Row for BurstRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, _| Value::Count(r.sender.0.into()) },
        Column { name: "mac", value: |r, _| Value::Mac(r.sender.1) },
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.sender.2) },
        Column { name: "dst_vtep", value: |r, _| Value::Ip(r.sender.3) },
        Column { name: "packets", value: |r, _| Value::Count(r.burst.packets) },
        Column { name: "seconds", value: |r, _| Value::Real(r.burst.slots as f64 * SLOT as f64 / 1e9) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.burst.packets
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        (self.sender, self.burst.first).cmp(&(other.sender, other.burst.first))
    }
}

/// The bursts.
#[must_use]
pub fn bursts(cells: &Cells) -> Vec<BurstRow> {
    cells.bursts().map(|(sender, burst)| BurstRow { sender: *sender, burst }).collect()
}
