//! Rows that are each other's way back in another VNI, as where the VNI is the sender's identity.
//!
//! A tenant may have the addresses of another one, and a capture may show one direction of each; so two rows are taken for
//! one only where nothing else may be meant: between the same two VTEPs their ends have these two rows, one each way, and
//! neither end sends anything in the other's VNI.

use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::cells::{Cell, Cells, PathId};

/// A row of both directions between two ends, in one VNI.
pub(super) trait BothWays {
    /// The ends and what wraps their packets, whatever the VNI.
    type Ends: Hash + Eq;
    /// Who sends.
    type Sender: Hash + Eq + Copy;

    /// Whether nothing goes the other way.
    fn is_one_way(&self) -> bool;
    /// Its first cell of one direction or the other.
    fn first_cell(&self) -> u32;
    /// The ends of a cell's packets, and whether these go from the lower one; `None` where they are not known.
    fn ends(cell: &Cell, cells: &Cells) -> Option<(Self::Ends, bool)>;
    /// Who sent a cell's packets, where that is known.
    fn sender(cell: &Cell) -> Option<Self::Sender>;
    /// Takes in the same, in another VNI.
    fn join(&mut self, other: Self, cells: &Cells);
}

/// Two rows: from the lower end, and the way back.
struct Pair {
    ahead: usize,
    back: usize,
}

/// Ends in any VNI, with the VTEPs of the lower and the higher one.
type Across<R> = (<R as BothWays>::Ends, IpAddr, IpAddr);

/// A sender in a VNI.
type Sender<R> = (PathId, u32, <R as BothWays>::Sender);

/// The rows of one direction that two ends have between two VTEPs: how many each way, and the last of them.
#[derive(Default)]
struct Candidate {
    ahead: (u64, usize),
    back: (u64, usize),
}

/// With whether it goes from the lower end.
fn across<R: BothWays>(row: &R, cells: &Cells) -> Option<(Across<R>, bool)> {
    let cell = cells.get(row.first_cell());
    let (ends, is_ahead) = R::ends(cell, cells)?;
    let tunnel = cells.tunnel(cell);
    let (from, to) = (tunnel.source(), tunnel.destination());
    let (low, high) = if is_ahead { (from, to) } else { (to, from) };
    Some(((ends, low, high), is_ahead))
}

/// How many pairs there are among `rows`.
pub(super) fn count<R: BothWays>(rows: &[R], cells: &Cells) -> u64 {
    find(rows, cells).len() as u64
}

/// The rows, but that each pair is one.
pub(super) fn joined<R: BothWays>(rows: Vec<R>, cells: &Cells) -> Vec<R> {
    let pairs = find(&rows, cells);
    let mut rows: Vec<Option<R>> = rows.into_iter().map(Some).collect();
    for Pair { ahead, back } in pairs {
        let back = rows[back].take();
        if let (Some(row), Some(back)) = (&mut rows[ahead], back) {
            row.join(back, cells);
        }
    }
    rows.into_iter().flatten().collect()
}

fn find<R: BothWays>(rows: &[R], cells: &Cells) -> Vec<Pair> {
    let mut candidates: HashMap<Across<R>, Candidate, RandomState> = HashMap::default();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.is_one_way()) {
        if let Some((key, is_ahead)) = across(row, cells) {
            let candidate = candidates.entry(key).or_default();
            let way = if is_ahead { &mut candidate.ahead } else { &mut candidate.back };
            *way = (way.0 + 1, number);
        }
    }
    candidates.retain(|_, candidate| candidate.ahead.0 == 1 && candidate.back.0 == 1);
    if candidates.is_empty() {
        return Vec::new();
    }
    // What goes both ways in one VNI has the same ends for a reason of its own.
    for row in rows.iter().filter(|row| !row.is_one_way()) {
        if let Some((key, _)) = across(row, cells) {
            candidates.remove(&key);
        }
    }
    let pairs = candidates.into_values().map(|it| Pair { ahead: it.ahead.1, back: it.back.1 });
    without_contested(pairs.collect(), rows, cells)
}

/// Those of `pairs` of which neither end sends in the other's VNI; in the order of the rows.
fn without_contested<R: BothWays>(mut pairs: Vec<Pair>, rows: &[R], cells: &Cells) -> Vec<Pair> {
    let sender = |row: usize| {
        let cell = cells.get(rows[row].first_cell());
        R::sender(cell).map(|source| (cells.path_of(cell), cell.key.vni(), source))
    };
    let mut contested: HashMap<Sender<R>, bool, RandomState> = HashMap::default();
    let elsewhere = |pair: &Pair| {
        let ends = sender(pair.ahead).zip(sender(pair.back));
        ends.map(|(ahead, back)| [(ahead.0, back.1, ahead.2), (back.0, ahead.1, back.2)])
    };
    for place in pairs.iter().filter_map(elsewhere).flatten() {
        contested.insert(place, false);
    }
    for cell in cells.iter().filter(|cell| cell.packets > 0) {
        if let Some(source) = R::sender(cell)
            && let Some(is_contested) = contested.get_mut(&(cells.path_of(cell), cell.key.vni(), source))
        {
            *is_contested = true;
        }
    }
    pairs.retain(|pair| elsewhere(pair).is_some_and(|places| places.iter().all(|place| !contested[place])));
    pairs.sort_unstable_by_key(|pair| pair.ahead);
    pairs
}
