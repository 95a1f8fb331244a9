//! What a capture comes to as a whole.

use super::{Sums, tunnels, vnis, vteps};
use crate::cells::Cells;

/// How many of each there are. MACs, IP addresses and flows are those of each VNI, added up: the same address in two
/// VNIs is two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// VNIs.
    pub vnis: u64,
    /// VTEPs, multicast groups not among them.
    pub vteps: u64,
    /// Tunnels.
    pub tunnels: u64,
    /// Flows.
    pub flows: u64,
    /// Inner source MACs.
    pub macs: u64,
    /// Inner IP addresses of hosts.
    pub ips: u64,
}

/// Counts them.
#[must_use]
pub fn totals(cells: &Cells) -> Totals {
    let rows = vnis::rows(cells);
    let sum = |of: fn(&vnis::VniRow) -> u64| rows.iter().map(of).sum();
    Totals {
        vnis: rows.len() as u64,
        vteps: vteps::rows(cells).len() as u64,
        tunnels: tunnels::rows(cells).len() as u64,
        flows: sum(vnis::VniRow::flows),
        macs: sum(vnis::VniRow::macs),
        ips: sum(vnis::VniRow::ips),
    }
}

/// All packets and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Packets that were selected.
    pub packets: u64,
    /// Wire lengths.
    pub wire: u64,
    /// Inner Ethernet frames.
    pub inner: u64,
    /// What the inner transport protocols carried.
    pub payload: u64,
}

/// Adds them up.
#[must_use]
pub fn bytes(cells: &Cells) -> Bytes {
    let mut sums = Sums::default();
    cells.iter().for_each(|cell| sums.add(cell));
    Bytes {
        packets: sums.packets,
        wire: sums.wire_bytes,
        inner: sums.inner_bytes,
        payload: sums.payload_bytes,
    }
}
