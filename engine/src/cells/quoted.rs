//! Inner ICMP errors, by the flow whose packets they quote.
//!
//! The flow may be seen before its errors, after them or never, so they are tied together only when a table is rolled up.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::chains::PathId;
use crate::packet::{FlowKey, Key};

/// Errors are kept for so many flows, which takes some 15 MB; those about others count in their VNI alone. An error can
/// quote anything, so that nothing else bounds them.
const MOST_FLOWS: usize = 1 << 16;

/// What is known of a flow that is quoted.
#[derive(Debug)]
struct About {
    key: Key,
    /// The cell of the first error.
    cell: u32,
    errors: u64,
}

/// How many errors quote packets of each flow.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    flows: HashMap<FlowKey, About, RandomState>,
}

impl Quoted {
    /// Counts errors of cell `cell`, with that path, that quote packets of the flow of `about`.
    pub(super) fn add(&mut self, about: &Key, path: PathId, cell: u32, errors: u64) {
        let Some((flow, _)) = about.flow(path.0) else {
            return;
        };
        let full = self.flows.len() >= MOST_FLOWS;
        match self.flows.get_mut(&flow) {
            Some(known) => known.errors += errors,
            None if full => {}
            None => {
                self.flows.insert(flow, About { key: *about, cell, errors });
            }
        }
    }

    /// How many errors quote packets of `flow`.
    pub(super) fn about(&self, flow: &FlowKey) -> u64 {
        self.flows.get(flow).map_or(0, |known| known.errors)
    }

    /// Whom errors are about, a cell that they are of, and how many they are.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, u32, u64)> {
        self.flows.values().map(|about| (&about.key, about.cell, about.errors))
    }
}
