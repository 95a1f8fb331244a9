//! Fragments of inner IP datagrams: the first one has the ports, the others are counted to its flow.
//!
//! What fragments have in common is theirs in a VNI alone: tenants may use the same addresses and identifications. A later
//! fragment is of the last first one before it, within 30 seconds and [`REACH`] inner fragments; where there is none, of
//! the next one within as much. So what a fragment is of depends on few others, and parts of a run merge exactly.

use std::collections::VecDeque;
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use super::fragments::is_apart;
use crate::cells::{Cells, Kept};
use crate::encapsulation::Encapsulation;
use crate::packet::{Layer, Packet, Told};
use crate::wire::ip::protocol;
use crate::wire::ipv6::Extension;

/// So many inner fragments apart a first one and a later one are still of the same datagram, at the most. It bounds how
/// many are known or wait at a time.
const REACH: u64 = 1 << 16;

/// What the fragments of one inner datagram have in common. Over IPv4 that is the protocol too (RFC 791, section 2.3), and
/// over IPv6 the first fragment alone tells it (RFC 8200, section 4.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InnerDatagram {
    /// What is around its own overlay, from the outermost in: a VNI of another encapsulation is another.
    around: Box<[(Encapsulation, u32)]>,
    overlay: (Encapsulation, u32),
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: Option<u8>,
}

impl InnerDatagram {
    fn of(packet: &Packet, around: &[Layer]) -> Option<Self> {
        let (source, destination) = packet.key.addresses()?;
        Some(Self {
            around: around.iter().map(|layer| (layer.tunnel.encapsulation(), layer.vni)).collect(),
            overlay: (packet.tunnel.encapsulation(), packet.key.vni()),
            source,
            destination,
            identification: packet.inner_piece.identification,
            protocol: packet.key.protocol().filter(|_| source.is_ipv4()),
        })
    }
}

/// A first fragment.
#[derive(Debug, Clone, Copy)]
struct First {
    /// Its place among all inner fragments.
    serial: u64,
    time: i64,
    told: Told,
}

/// A later fragment before whose arrival none was the first, or none that is near.
#[derive(Debug)]
pub(crate) struct Unknown {
    datagram: InnerDatagram,
    serial: u64,
    time: i64,
}

/// The first fragments within reach, the last one of each datagram.
#[derive(Debug, Default)]
pub(crate) struct Firsts {
    /// How many inner fragments were seen.
    seen: u64,
    known: HashMap<InnerDatagram, First>,
    order: VecDeque<(u64, InnerDatagram)>,
}

impl Firsts {
    /// Takes in an inner fragment. A later one whose first is known gets its key; any other later one, of a protocol that
    /// has ports, is handed back. `around`: what is around its overlay.
    #[cold]
    pub(crate) fn take(&mut self, packet: &mut Packet, around: &[Layer]) -> Option<Unknown> {
        self.seen += 1;
        self.forget();
        let is_v6 = packet.key.addresses()?.0.is_ipv6();
        let number = packet.key.protocol()?;
        let has_ports = matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP);
        if !(has_ports || is_v6) {
            return None;
        }
        let datagram = InnerDatagram::of(packet, around)?;
        let (serial, time) = (self.seen, packet.time);
        if !packet.inner_piece.is_later {
            let told = Told { protocol: number, ports: packet.key.ports() };
            self.add(datagram, First { serial, time, told });
            return None;
        }
        match self.known.get(&datagram) {
            Some(first) if !is_apart(first.time, time) => {
                packet.key.tell(first.told);
                None
            }
            _ => (has_ports || Extension::is(number)).then_some(Unknown { datagram, serial, time }),
        }
    }

    fn add(&mut self, datagram: InnerDatagram, first: First) {
        self.order.push_back((first.serial, datagram.clone()));
        self.known.insert(datagram, first);
    }

    /// Drops those that are out of reach.
    fn forget(&mut self) {
        while self.order.front().is_some_and(|(serial, _)| serial + REACH < self.seen) {
            let Some((serial, datagram)) = self.order.pop_front() else { break };
            if self.known.get(&datagram).is_some_and(|first| first.serial == serial) {
                self.known.remove(&datagram);
            }
        }
    }

    /// The first one of a datagram that is within reach of the fragment with this number.
    fn within_reach(&self, datagram: &InnerDatagram, serial: u64) -> Option<&First> {
        self.known.get(datagram).filter(|first| serial - first.serial <= REACH)
    }
}

/// A later fragment that waits for its first.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    serial: u64,
    time: i64,
    cell: u32,
    /// Whether an earlier part may have its first.
    is_head: bool,
    /// Whether its cell is named elsewhere, and so has to stay.
    is_named: bool,
}

/// A later fragment whose first an earlier part may have.
#[derive(Debug)]
struct Head {
    datagram: InnerDatagram,
    serial: u64,
    time: i64,
    cell: u32,
}

/// The inner fragments of a run, or of a part of one.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    firsts: Firsts,
    /// In the order in which they came: those that give up are in front.
    waiting: HashMap<InnerDatagram, VecDeque<Waiting>>,
    queue: VecDeque<(u64, InnerDatagram)>,
    /// The first ones that later fragments of an earlier part may wait for: the earliest of each datagram.
    early: HashMap<InnerDatagram, First>,
    heads: Vec<Head>,
}

impl Pieces {
    /// Takes in an inner fragment, as [`Firsts::take`] does. Those that waited for it go to their flow.
    #[cold]
    pub(super) fn take(
        &mut self,
        packet: &mut Packet,
        around: &[Layer],
        cells: &mut Cells,
    ) -> Option<Unknown> {
        let unknown = self.firsts.take(packet, around);
        self.give_up(cells);
        if !packet.inner_piece.is_later
            && let Some(datagram) = InnerDatagram::of(packet, around)
            && let Some(first) = self.firsts.known.get(&datagram).copied()
        {
            self.resolve(&datagram, first, cells);
            if first.serial <= REACH {
                self.early.entry(datagram).or_insert(first);
            }
        }
        unknown
    }

    /// Has a later fragment, which is in `cell`, wait for its first. `is_named`: its cell is named elsewhere.
    pub(super) fn wait(&mut self, unknown: Unknown, cell: u32, is_named: bool) {
        let Unknown { datagram, serial, time } = unknown;
        let is_head = serial <= REACH && !self.early.contains_key(&datagram);
        self.queue.push_back((serial, datagram.clone()));
        let waiting = Waiting { serial, time, cell, is_head, is_named };
        self.waiting.entry_ref(&datagram).or_default().push_back(waiting);
        if is_head {
            self.heads.push(Head { datagram, serial, time, cell });
        }
    }

    /// What waited for `first` is of its flow, or waited too long.
    fn resolve(&mut self, datagram: &InnerDatagram, first: First, cells: &mut Cells) {
        for waiting in self.waiting.remove(datagram).into_iter().flatten() {
            let is_near = first.serial - waiting.serial <= REACH && !is_apart(first.time, waiting.time);
            cells.resolve(waiting.cell, is_near.then_some(first.told), waiting.is_head || waiting.is_named);
        }
    }

    /// Those whose first is now out of reach wait no longer.
    fn give_up(&mut self, cells: &mut Cells) {
        let seen = self.firsts.seen;
        while self.queue.front().is_some_and(|(serial, _)| serial + REACH < seen) {
            let Some((serial, datagram)) = self.queue.pop_front() else { break };
            let Some(all) = self.waiting.get_mut(&datagram) else { continue };
            if all.front().is_some_and(|waiting| waiting.serial == serial)
                && let Some(waiting) = all.pop_front()
            {
                cells.resolve(waiting.cell, None, waiting.is_head || waiting.is_named);
            }
            if all.is_empty() {
                self.waiting.remove(&datagram);
            }
        }
    }

    /// The cells of those that wait, which stay apart.
    pub(super) fn waiting_cells(&self) -> HashMap<u32, Kept> {
        let waiting = self.waiting.values().flatten();
        waiting.map(|waiting| (waiting.cell, Kept { told: None, apart: true })).collect()
    }

    /// Cells have other numbers from now on, or are gone; those that wait are apart, and no others. Such a run has no
    /// earlier part.
    pub(super) fn renumber(&mut self, numbers: &[Option<u32>]) {
        self.heads.clear();
        self.waiting.retain(|_, all| {
            let still = |each: &Waiting| {
                numbers[each.cell as usize].map(|cell| Waiting { cell, is_head: false, ..*each })
            };
            *all = all.iter().filter_map(still).collect();
            !all.is_empty()
        });
    }

    /// What becomes of the cells of a later part that are apart there.
    pub(super) fn kept(&self, later: &Pieces) -> HashMap<u32, Kept> {
        let mut kept = later.waiting_cells();
        for head in &later.heads {
            if let Some(told) = self.told(head) {
                kept.insert(head.cell, Kept { told: Some(told), apart: false });
            } else {
                let apart = self.stays_head(head);
                kept.entry(head.cell).or_insert(Kept { told: None, apart });
            }
        }
        kept
    }

    /// What a first fragment of this part tells of a later part's.
    fn told(&self, head: &Head) -> Option<Told> {
        let first = self.firsts.within_reach(&head.datagram, self.firsts.seen + head.serial)?;
        (!is_apart(first.time, head.time)).then_some(first.told)
    }

    /// Whether a part before this one may still have the first of a later part's fragment.
    fn stays_head(&self, head: &Head) -> bool {
        self.firsts.seen + head.serial <= REACH && !self.early.contains_key(&head.datagram)
    }

    /// Takes over what a later part knows, whose cells have these `numbers`; `kept` is what became of those apart.
    pub(super) fn merge(
        &mut self,
        later: &Pieces,
        numbers: &[u32],
        kept: &HashMap<u32, Kept>,
        cells: &mut Cells,
    ) {
        let base = self.firsts.seen;
        let moved = |first: &First| First { serial: base + first.serial, ..*first };
        let heads: HashSet<u32> =
            later.heads.iter().filter(|head| self.stays_head(head)).map(|head| head.cell).collect();
        for (datagram, first) in &later.early {
            self.resolve(datagram, moved(first), cells);
        }
        for (datagram, all) in &later.waiting {
            let still = all.iter().filter(|each| kept.get(&each.cell).is_none_or(|kept| kept.told.is_none()));
            let still = still.map(|each| Waiting {
                serial: base + each.serial,
                cell: numbers[each.cell as usize],
                is_head: heads.contains(&each.cell),
                ..*each
            });
            let own = self.waiting.entry_ref(datagram).or_default();
            own.extend(still);
            if own.is_empty() {
                self.waiting.remove(datagram);
            }
        }
        self.queue.extend(later.queue.iter().map(|(serial, datagram)| (base + serial, datagram.clone())));
        for head in later.heads.iter().filter(|head| heads.contains(&head.cell)) {
            let (datagram, serial) = (head.datagram.clone(), base + head.serial);
            self.heads.push(Head { datagram, serial, cell: numbers[head.cell as usize], ..*head });
        }
        for (datagram, first) in later.early.iter().filter(|(_, first)| base + first.serial <= REACH) {
            self.early.entry_ref(datagram).or_insert(moved(first));
        }
        for (serial, datagram) in &later.firsts.order {
            if let Some(first) = later.firsts.known.get(datagram).filter(|first| first.serial == *serial) {
                self.firsts.add(datagram.clone(), moved(first));
            }
        }
        self.firsts.seen += later.firsts.seen;
        self.firsts.forget();
        self.give_up(cells);
    }
}
