//! What few cells have more than one of: outer source ports and outer source MACs.
//!
//! A sender picks the outer source port from the inner flow (RFC 7348, section 5), so one is what a cell nearly always
//! sees, and what it has room for.

use hashbrown::HashMap;

use super::{Cell, mark};
use crate::packet::Origin;
use crate::wire::mac::Mac;

/// A set of UDP ports: a short list, or a bit for each.
#[derive(Debug, Clone, Default)]
pub struct PortSet {
    few: Vec<u16>,
    many: Option<Box<[u64; 1024]>>,
}

const FEW: usize = 64;

impl PortSet {
    /// Adds `port`.
    pub fn insert(&mut self, port: u16) {
        if let Some(bits) = &mut self.many {
            bits[usize::from(port >> 6)] |= 1 << (port & 63);
        } else if !self.few.contains(&port) {
            self.few.push(port);
            if self.few.len() > FEW {
                self.spread();
            }
        }
    }

    fn spread(&mut self) {
        self.many = Some(Box::new([0; 1024]));
        for port in std::mem::take(&mut self.few) {
            self.insert(port);
        }
    }

    /// Adds all of `other`.
    pub fn union(&mut self, other: &PortSet) {
        other.few.iter().for_each(|port| self.insert(*port));
        if let Some(theirs) = &other.many {
            if self.many.is_none() {
                self.spread();
            }
            let mine = self.many.iter_mut().flat_map(|bits| bits.iter_mut());
            mine.zip(theirs.iter()).for_each(|(mine, theirs)| *mine |= theirs);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let many = self.many.as_ref().map(|bits| bits.iter().map(|word| word.count_ones() as usize).sum());
        many.unwrap_or(self.few.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the packets of a cell came from, where that is not one port and one MAC.
#[derive(Debug, Default)]
struct Origins {
    ports: PortSet,
    macs: Vec<Mac>,
}

impl Origins {
    fn add(&mut self, origin: Origin) {
        self.ports.insert(origin.port());
        origin.mac().into_iter().for_each(|mac| self.add_mac(mac));
    }

    fn add_mac(&mut self, mac: Mac) {
        if !self.macs.contains(&mac) {
            self.macs.push(mac);
        }
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
        self.of(id, cell).add(origin);
    }

    /// The origins of `cell`, which from now on are kept here.
    fn of(&mut self, id: u32, cell: &mut Cell) -> &mut Origins {
        cell.marks |= mark::SPILLED;
        let origins = self.origins.entry(id).or_default();
        origins.add(cell.origin);
        origins
    }

    /// Adds the origins of `later`, cell `later_id` of another table, to `cell`.
    pub(super) fn merge(&mut self, id: u32, cell: &mut Cell, theirs: &Spill, later_id: u32, later: &Cell) {
        if cell.origin == later.origin && later.marks & mark::SPILLED == 0 {
            return;
        }
        let origins = self.of(id, cell);
        theirs.add_ports_to(&mut origins.ports, later_id, later);
        theirs.each_mac(later_id, later, |mac| origins.add_mac(mac));
    }

    /// Adds the outer source ports of a cell to `ports`.
    pub(super) fn add_ports_to(&self, ports: &mut PortSet, id: u32, cell: &Cell) {
        match self.origins.get(&id) {
            Some(origins) => ports.union(&origins.ports),
            None => ports.insert(cell.origin.port()),
        }
    }

    /// Hands over the outer source MACs of a cell.
    pub(super) fn each_mac(&self, id: u32, cell: &Cell, each: impl FnMut(Mac)) {
        match self.origins.get(&id) {
            Some(origins) => origins.macs.iter().copied().for_each(each),
            None => cell.origin.mac().into_iter().for_each(each),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few or many, a set counts each port once, and a union is a union.
    #[test]
    fn port_sets() {
        let set = |ports: std::ops::Range<u32>| {
            let mut set = PortSet::default();
            ports.clone().chain(ports).for_each(|port| set.insert(port as u16));
            set
        };
        for (a, b, both) in
            [(0..10, 5..20, 20), (0..10, 0..65_536, 65_536), (0..100, 50..60, 100), (0..70, 60..200, 200)]
        {
            let mut union = set(a.clone());
            union.union(&set(b.clone()));
            assert_eq!((set(a.clone()).len(), set(b.clone()).len(), union.len()), (a.len(), b.len(), both));
            let mut reverse = set(b);
            reverse.union(&set(a));
            assert_eq!(reverse.len(), both);
        }
    }
}
