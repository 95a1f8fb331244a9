//! How many flows have cells of their own. Packets of others go to cells of the rest ([`crate::packet::Key::rest`]), of which each
//! direction of a tunnel has a few for each VNI: so sums stay exact, and only who talked to whom is not told.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use crate::packet::FlowKey;

/// A flow has two cells, and more where it goes over several tunnels or from several MACs. For each flow that is allowed
/// there are so many cells in all, because one flow alone could have any number.
const CELLS_PER_FLOW: u64 = 8;

/// The first flows are those that have cells.
#[derive(Debug)]
pub(super) struct Bound {
    /// So many flows at the most, and so many cells of what is in no flow, as ARP.
    most: u64,
    flows: HashSet<FlowKey, RandomState>,
    cells_of_flows: u64,
    others: u64,
}

impl Bound {
    pub(super) fn new(most: u64) -> Self {
        Self { most, flows: HashSet::default(), cells_of_flows: 0, others: 0 }
    }

    /// Whether packets of a new key, which are in this flow if in any, get a cell of their own.
    pub(super) fn admits(&mut self, flow: Option<FlowKey>) -> bool {
        let Some(flow) = flow else {
            let admitted = self.others < self.most;
            self.others += u64::from(admitted);
            return admitted;
        };
        let is_known = self.flows.contains(&flow);
        let has_room = is_known || (self.flows.len() as u64) < self.most;
        let admitted = has_room && self.cells_of_flows < self.most.saturating_mul(CELLS_PER_FLOW);
        if admitted {
            self.cells_of_flows += 1;
            if !is_known {
                self.flows.insert(flow);
            }
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Key;

    /// The flow between two stations.
    fn flow(source: u128, destination: u128) -> Option<FlowKey> {
        let mut key = Key::of_vni(7);
        key.set_ip(false, source, destination, 17);
        key.flow(0).map(|(flow, _)| flow)
    }

    /// Both directions of an admitted flow have cells, however late the second one comes; a new flow has none.
    #[test]
    fn the_first_flows_are_admitted() {
        let mut bound = Bound::new(1);
        assert!(bound.admits(flow(1, 2)) && !bound.admits(flow(1, 3)) && bound.admits(flow(2, 1)));
    }

    /// What is in no flow has a bound of its own, so that ARP takes no flow's place.
    #[test]
    fn what_is_in_no_flow_has_a_bound() {
        let mut bound = Bound::new(1);
        assert!(bound.admits(None) && !bound.admits(None) && bound.admits(flow(1, 2)));
    }

    /// One flow from ever new MACs cannot have any number of cells.
    #[test]
    fn one_flow_has_not_all_cells() {
        let mut bound = Bound::new(2);
        assert_eq!((0..99).filter(|_| bound.admits(flow(1, 2))).count(), 16);
    }
}
