//! Flows that are each other's way back in another VNI, as where the VNI is the sender's identity.
//!
//! A tenant may have the addresses of another one, and a capture may show one direction of each; so a pair is taken for
//! one flow only where nothing else may be meant: between the same two VTEPs the 5-tuple has these two flows, one each
//! way, and neither end sends anything in the other's VNI.

use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::flows::FlowRow;
use crate::cells::{Cell, Cells, PathId};
use crate::packet::FlowKey;

/// Two rows: the flow from the lower end, and its way back.
pub(super) struct Pair {
    pub(super) ahead: usize,
    pub(super) back: usize,
}

/// A 5-tuple in any VNI, with the VTEPs of its lower and its higher end.
type Across = (FlowKey, IpAddr, IpAddr);

/// A sender in a VNI.
type Sender = (PathId, u32, IpAddr);

/// The flows of one direction that one 5-tuple has between two VTEPs: how many each way, and the last of them.
#[derive(Default)]
struct Candidate {
    ahead: (u64, usize),
    back: (u64, usize),
}

fn across(cell: &Cell, is_ahead: bool, cells: &Cells) -> Option<Across> {
    let (flow, _) = cells.flow(cell)?;
    let tunnel = cells.tunnel(cell);
    let (from, to) = (tunnel.source(), tunnel.destination());
    let (low, high) = if is_ahead { (from, to) } else { (to, from) };
    Some((flow.across_vnis(), low, high))
}

/// The pairs among `rows`, which go forward from the lower end.
pub(super) fn find(rows: &[FlowRow], cells: &Cells) -> Vec<Pair> {
    let mut candidates: HashMap<Across, Candidate, RandomState> = HashMap::default();
    for (number, row) in rows.iter().enumerate() {
        let Some((cell, is_ahead)) = row.one_way() else {
            continue;
        };
        if let Some(key) = across(cells.get(cell), is_ahead, cells) {
            let candidate = candidates.entry(key).or_default();
            let way = if is_ahead { &mut candidate.ahead } else { &mut candidate.back };
            *way = (way.0 + 1, number);
        }
    }
    candidates.retain(|_, candidate| candidate.ahead.0 == 1 && candidate.back.0 == 1);
    if candidates.is_empty() {
        return Vec::new();
    }
    // What goes both ways in one VNI is the same 5-tuple for a reason of its own.
    for row in rows.iter().filter(|row| row.one_way().is_none()) {
        let cell = cells.get(row.first_cell());
        let is_ahead = cells.flow(cell).is_some_and(|(_, is_ahead)| is_ahead);
        if let Some(key) = across(cell, is_ahead, cells) {
            candidates.remove(&key);
        }
    }
    let pairs = candidates.into_values().map(|it| Pair { ahead: it.ahead.1, back: it.back.1 });
    without_contested(pairs.collect(), rows, cells)
}

/// Those of `pairs` of which neither end sends in the other's VNI; in the order of the rows.
fn without_contested(mut pairs: Vec<Pair>, rows: &[FlowRow], cells: &Cells) -> Vec<Pair> {
    let sender = |row: usize| {
        let cell = cells.get(rows[row].first_cell());
        cell.key.addresses().map(|(source, _)| (cells.path_of(cell), cell.key.vni(), source))
    };
    let mut contested: HashMap<Sender, bool, RandomState> = HashMap::default();
    let elsewhere = |pair: &Pair| {
        let ends = sender(pair.ahead).zip(sender(pair.back));
        ends.map(|(ahead, back)| [(ahead.0, back.1, ahead.2), (back.0, ahead.1, back.2)])
    };
    for place in pairs.iter().filter_map(elsewhere).flatten() {
        contested.insert(place, false);
    }
    for cell in cells.iter().filter(|cell| cell.packets > 0) {
        if let Some((source, _)) = cell.key.addresses()
            && let Some(is_contested) = contested.get_mut(&(cells.path_of(cell), cell.key.vni(), source))
        {
            *is_contested = true;
        }
    }
    pairs.retain(|pair| elsewhere(pair).is_some_and(|places| places.iter().all(|place| !contested[place])));
    pairs.sort_unstable_by_key(|pair| pair.ahead);
    pairs
}
