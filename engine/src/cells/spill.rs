//! What few cells have more than one of: outer source ports and outer source MACs.
//!
//! A sender picks the outer source port from the inner flow (RFC 7348, section 5), so one is what a cell nearly always
//! sees, and what it has room for.

use hashbrown::{HashMap, HashSet};

use super::{Cell, ShortSet, mark};
use crate::packet::Origin;
use crate::wire::mac::Mac;

/// Where the packets of a cell came from, where that is not one port and one MAC.
#[derive(Debug, Default)]
struct Origins {
    /// Packets by port, but for those of the cell's own origin: each costs nothing but a comparison.
    others: HashMap<u16, u64>,
    macs: HashSet<Mac>,
}

impl Origins {
    fn add(&mut self, origin: Origin, packets: u64) {
        *self.others.entry(origin.port()).or_default() += packets;
        self.name(origin);
    }

    fn name(&mut self, origin: Origin) {
        self.macs.extend(origin.mac());
    }
}

/// The origins of all cells that have several.
#[derive(Debug, Default)]
pub(super) struct Spill {
    origins: HashMap<u32, Origins>,
}

impl Spill {
    /// Adds the origin of `packet` to cell `id`, which differs from what the cell has on record.
    #[cold]
    pub(super) fn add(&mut self, id: u32, cell: &mut Cell, origin: Origin) {
        self.of(id, cell).add(origin, 1);
    }

    /// The origins of `cell`, which from now on are kept here.
    fn of(&mut self, id: u32, cell: &mut Cell) -> &mut Origins {
        cell.mark(mark::SPILLED);
        let origins = self.origins.entry(id).or_default();
        origins.name(cell.origin);
        origins
    }

    /// Adds the origins of `later`, cell `later_id` of another table, to `cell`.
    pub(super) fn merge(&mut self, id: u32, cell: &mut Cell, theirs: &Spill, later_id: u32, later: &Cell) {
        if cell.origin == later.origin && !later.has(mark::SPILLED) {
            return;
        }
        let same = cell.origin == later.origin;
        let origins = self.of(id, cell);
        let own = theirs.own_packets(later_id, later);
        theirs.each_other_port(later_id, |port, packets| *origins.others.entry(port).or_default() += packets);
        if !same {
            origins.add(later.origin, own);
        }
        theirs.each_mac(later_id, later, |mac| {
            origins.macs.insert(mac);
        });
    }

    /// Adds the origins of `moved`, until now cell `from` of this table, to `cell`.
    pub(super) fn fold(&mut self, id: u32, cell: &mut Cell, from: u32, moved: &Cell) {
        let origins = self.origins.remove(&from).map(|origins| (from, origins));
        let theirs = Spill { origins: origins.into_iter().collect() };
        self.merge(id, cell, &theirs, from, moved);
    }

    /// Packets of a cell that came from its own origin.
    fn own_packets(&self, id: u32, cell: &Cell) -> u64 {
        let others: u64 = self.origins.get(&id).map_or(0, |origins| origins.others.values().sum());
        cell.packets - others
    }

    fn each_other_port(&self, id: u32, mut each: impl FnMut(u16, u64)) {
        let others = self.origins.get(&id).into_iter().flat_map(|origins| &origins.others);
        others.for_each(|(port, packets)| each(*port, *packets));
    }

    /// Hands over the outer source ports of a cell, with how many packets each has; a port may come twice.
    pub(super) fn each_port(&self, id: u32, cell: &Cell, mut each: impl FnMut(u16, u64)) {
        let own = if cell.has(mark::SPILLED) { self.own_packets(id, cell) } else { cell.packets };
        each(cell.origin.port(), own);
        if cell.has(mark::SPILLED) {
            self.each_other_port(id, each);
        }
    }

    /// Adds the outer source ports of a cell to `ports`.
    pub(super) fn add_ports_to(&self, ports: &mut ShortSet, id: u32, cell: &Cell) {
        self.each_port(id, cell, |port, _| ports.insert(port));
    }

    /// Hands over the outer source MACs of a cell.
    pub(super) fn each_mac(&self, id: u32, cell: &Cell, each: impl FnMut(Mac)) {
        match self.origins.get(&id) {
            Some(origins) => origins.macs.iter().copied().for_each(each),
            None => cell.origin.mac().into_iter().for_each(each),
        }
    }
}
