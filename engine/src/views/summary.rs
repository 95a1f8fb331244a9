//! What a capture comes to as a whole.

use hashbrown::HashSet;

use super::roll_up::Members;
use super::{Sums, tunnels::Pair, vnis::VniRow};
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

/// Counts them; `vnis` are the rows of that table.
#[must_use]
pub fn totals(cells: &Cells, vnis: &[VniRow]) -> Totals {
    let sum = |of: fn(&VniRow) -> u64| vnis.iter().map(of).sum();
    let (mut vteps, mut tunnels) = (Members::default(), HashSet::new());
    for (tunnel, path) in cells.tunnels() {
        let pair = Pair::of(tunnel);
        if tunnels.insert((pair, path)) {
            let ends = [pair.vtep_a, pair.vtep_b];
            ends.into_iter().filter(|end| !end.is_multicast()).for_each(|end| vteps.add(end));
        }
    }
    Totals {
        vnis: vnis.len() as u64,
        vteps: vteps.count(),
        tunnels: tunnels.len() as u64,
        flows: sum(VniRow::flows),
        macs: sum(VniRow::macs),
        ips: sum(VniRow::ips),
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
    cells.numbered().for_each(|(id, _)| sums.add(id, cells));
    Bytes {
        packets: sums.packets,
        wire: sums.wire_bytes,
        inner: sums.inner_bytes,
        payload: sums.payload_bytes,
    }
}
