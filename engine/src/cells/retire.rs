//! Cells taken out of the table, so that a run without end has a table that ends.

use hashbrown::HashMap;

use super::{Books, Cells, Kept, NONE};
use crate::capture::NO_TIME;
use crate::packet::FlowKey;

impl Cells {
    /// For each cell whether its flow had a packet at `since` or later; of what is in no flow, whether itself had one.
    /// What has no time, and the rest, stay. With `across_vnis` a flow is one whatever its VNI.
    #[must_use]
    pub fn active(&self, since: i64, across_vnis: bool) -> Vec<bool> {
        let flow_of = |cell| {
            let flow = self.flow(cell).map(|(flow, _)| flow);
            if across_vnis { flow.map(FlowKey::across_vnis) } else { flow }
        };
        let last = |id| self.seen(id).ends().map_or(i64::MAX, |(_, last)| last);
        let mut flows: HashMap<FlowKey, i64> = HashMap::new();
        for (id, cell) in self.numbered().filter(|(_, cell)| cell.packets > 0) {
            if let Some(flow) = flow_of(cell) {
                let latest = flows.entry(flow).or_insert(NO_TIME);
                *latest = last(id).max(*latest);
            }
        }
        let active = self.numbered().map(|(id, cell)| match flow_of(cell) {
            Some(flow) => cell.packets > 0 && flows[&flow] >= since,
            None => cell.key.is_rest() || last(id) >= since,
        });
        active.collect()
    }

    /// Those that `stay`, with all that is known of them and the tunnels, within a bound of `most` flows; and the number
    /// that each has there, as far as it stays. All cells of a flow must stay, or none. How often stations moved, and what
    /// ICMP errors told, does not stay. `kept` are those that stay apart.
    #[must_use]
    pub fn retained(
        &self,
        stay: &[bool],
        most: Option<u64>,
        kept: &HashMap<u32, Kept>,
    ) -> (Cells, Vec<Option<u32>>) {
        let mut cells = Cells::new(self.checked.is_some(), most);
        cells.tunnels.merge(&self.tunnels);
        let chains = cells.tunnels.chain_numbers(&self.tunnels);
        let numbers: Vec<u32> = (0..)
            .zip(stay)
            .map(|(id, stays)| {
                let kept = kept.get(&id).copied();
                if *stays { cells.counterpart(id, self, &chains, kept) } else { NONE }
            })
            .collect();
        cells.merge_arrivals(self, &numbers, 0);
        for (number, (id, cell)) in numbers.iter().zip(self.numbered()) {
            if *number != NONE {
                cells.take_in(*number, self, id, cell);
            }
        }
        let Cells { all, links, rare, tunnels, connections, heard, .. } = &mut cells;
        // What was said is kept for so few that it may stay, as long as the cell that said it first does.
        heard.merge(&self.heard, |cell| tunnels.stack_of(all[cell].key.tunnel()), &numbers);
        let mut books = Books { cells: all, links, rare, tunnels };
        for (number, id) in numbers.iter().zip(0..) {
            if *number != NONE && self.links[id].side != NONE {
                connections.side_of(*number, &mut books);
            }
        }
        connections.merge(&self.connections, &self.all, &numbers, &mut books);
        let numbers = numbers.into_iter().map(|number| Some(number).filter(|number| *number != NONE));
        (cells, numbers.collect())
    }
}
