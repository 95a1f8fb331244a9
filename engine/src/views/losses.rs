//! What the rules of findings ask about lost data: segments that are sent again and again and never acknowledged, and bytes
//! that are acknowledged though the capture never showed them. Internal; no part of the contract.

use std::cmp::Ordering;
use std::net::IpAddr;

use hashbrown::HashSet;

use super::roll_up::RollUp;
use super::{Column, Row};
use crate::cells::{Cells, Standing};
use crate::value::Value;

/// A side that sent so many segments again, and none of that was acknowledged, is stalled.
const LEAST_REPEATS: u64 = 2;

/// A side is stalled by the size of its segments where no more was acknowledged than so many of the smallest that it
/// repeats: what is smaller passed, and of that size hardly any did.
const MOST_PASSED: u64 = 4;

/// Inner Ethernet header, in bytes.
const ETHERNET: u32 = 14;

/// One direction of a tunnel, in one VNI.
#[derive(Debug)]
pub struct LossRow {
    from: IpAddr,
    to: IpAddr,
    vni: u32,
    wire_bytes: u64,
    /// Directions of connections that stalled, and how many segments they sent again.
    stalled: u64,
    repeats: u64,
    /// The smallest payload that they repeated, and the largest outer packet of the one whose largest is smallest.
    smallest_repeated: Option<u32>,
    lost_size: Option<u32>,
    /// The largest outer packet of those of which all was acknowledged, and nothing was sent again.
    passed_size: Option<u32>,
    /// Headers around an inner IP packet; none where there are several overlays.
    around: Option<u32>,
    /// Directions of connections with stretches that were acknowledged and never seen, those stretches, and their bytes.
    holed: u64,
    unseen_gaps: u64,
    unseen_bytes: u64,
}

impl LossRow {
    fn add(&mut self, standing: &Standing, cells: &Cells) {
        let cell = cells.get(standing.cell);
        self.wire_bytes += cell.wire_bytes;
        self.holed += u64::from(standing.unseen_gaps > 0);
        self.unseen_gaps += standing.unseen_gaps;
        self.unseen_bytes += standing.unseen_bytes;
        let (health, size) = (&cells.rare(standing.cell).health, cell.largest_on_cable);
        // One sequence number that is open may be a FIN.
        if standing.open <= 1 && health.retransmitted == 0 {
            self.passed_size = self.passed_size.max(Some(size));
        } else if let Some(smallest) = health.smallest_behind().filter(|_| standing.open > 1)
            && health.retransmitted >= LEAST_REPEATS
            && u64::from(standing.acknowledged) <= MOST_PASSED * u64::from(smallest)
        {
            self.stalled += 1;
            self.repeats += health.retransmitted;
            self.smallest_repeated =
                self.smallest_repeated.map(|known| known.min(smallest)).or(Some(smallest));
            self.lost_size = self.lost_size.map(|known| known.min(size)).or(Some(size));
        }
    }
}

fn count(number: Option<u32>) -> Value {
    Value::maybe(number, |number| Value::Count(number.into()))
}

impl Row for LossRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.from) },
        Column { name: "dst_vtep", value: |r, _| Value::Ip(r.to) },
        Column { name: "vni", value: |r, _| Value::Count(r.vni.into()) },
        Column { name: "stalled", value: |r, _| Value::Count(r.stalled) },
        Column { name: "repeats", value: |r, _| Value::Count(r.repeats) },
        Column { name: "smallest_repeated", value: |r, _| count(r.smallest_repeated) },
        Column { name: "lost_size", value: |r, _| count(r.lost_size) },
        Column { name: "passed_size", value: |r, _| count(r.passed_size) },
        Column { name: "around", value: |r, _| count(r.around) },
        Column { name: "holed", value: |r, _| Value::Count(r.holed) },
        Column { name: "unseen_gaps", value: |r, _| Value::Count(r.unseen_gaps) },
        Column { name: "unseen_bytes", value: |r, _| Value::Count(r.unseen_bytes) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        (self.from, self.to, self.vni).cmp(&(other.from, other.to, other.vni))
    }
}

/// The directions of tunnels in which data is lost, by VNI: all VNIs of one in which connections stalled, and those with
/// bytes that were never seen.
#[must_use]
pub fn losses(cells: &Cells) -> Vec<LossRow> {
    let mut rows: RollUp<LossRow> = RollUp::new();
    for standing in cells.standings() {
        let cell = cells.get(standing.cell);
        let level = cells.outermost(cell);
        let (from, to, vni) = (level.tunnel.source(), level.tunnel.destination(), cell.key.vni());
        let headers = cells.header_bytes(cell);
        let own = level.tunnel.ip_header_len() + headers.udp + headers.overlays + ETHERNET;
        let around = level.is_innermost().then_some(own);
        let new = || LossRow {
            from,
            to,
            vni,
            wire_bytes: 0,
            stalled: 0,
            repeats: 0,
            smallest_repeated: None,
            lost_size: None,
            passed_size: None,
            around,
            holed: 0,
            unseen_gaps: 0,
            unseen_bytes: 0,
        };
        rows.row(&(from, to, vni), |row| (row.from, row.to, row.vni), new).add(&standing, cells);
    }
    let mut rows = rows.into_rows();
    let stalled: HashSet<_> =
        rows.iter().filter(|row| row.stalled > 0).map(|row| (row.from, row.to)).collect();
    rows.retain(|row| row.holed > 0 || stalled.contains(&(row.from, row.to)));
    rows
}
