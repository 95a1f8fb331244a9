//! Cells of packets that were decoded from frames built by hand. Expectations are counted from the frames' plan.

// One encoder for two modules of tests.
#[allow(clippy::duplicate_mod)]
#[path = "../../tests/craft/mod.rs"]
mod craft;
mod errors;
mod merging;
mod moving;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Cells, ShortSet};
use crate::capture::{Frame, LinkType};
use crate::decode::{Aside, Overlays, decode};
use crate::disposition::Ending;
use crate::packet::Packet;
use craft::Ipv4;

/// The plan of a packet: who sends what, on the outside and on the inside.
#[derive(Debug, Clone, Copy)]
struct Plan {
    vtep: u8,
    peer: u8,
    vni: u32,
    station: [u8; 6],
    to: [u8; 6],
    /// Outer source port and last octet of the outer source MAC.
    origin: (u16, u8),
    /// Inner UDP source port.
    port: u16,
    data: usize,
}

impl Default for Plan {
    fn default() -> Self {
        let (station, to) = (craft::mac(1), craft::mac(2));
        Self { vtep: 1, peer: 200, vni: 100, station, to, origin: (50_000, 0xa1), port: 1000, data: 10 }
    }
}

impl Plan {
    fn frame(&self) -> Vec<u8> {
        let inside = Ipv4 { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], ..Ipv4::default() };
        let datagram = craft::udp(self.port, 53, &vec![0; self.data]);
        let frame = craft::ethernet(self.station, self.to, craft::IPV4, &inside.around(&datagram));
        let outside =
            Ipv4 { source: [192, 0, 2, self.vtep], destination: [192, 0, 2, self.peer], ..Ipv4::default() };
        let datagram = craft::udp(self.origin.0, craft::VXLAN, &craft::vxlan(self.vni, &frame));
        craft::ethernet(craft::mac(self.origin.1), craft::mac(0xff), craft::IPV4, &outside.around(&datagram))
    }

    fn packet(&self) -> Packet {
        let data = self.frame();
        let (mut packet, mut aside) = (Packet::default(), Aside::default());
        let frame = Frame { data: &data, wire_len: data.len() as u32, time: 1, link: LinkType::ETHERNET };
        assert_eq!(decode(&frame, &Overlays::default(), &mut packet, &mut aside), Ending::Vxlan);
        packet
    }

    /// The planned packet of a cell of its own for each number.
    fn numbered(number: u32) -> Self {
        Self { vni: number >> 8, port: number as u16, vtep: (number >> 4) as u8 & 0x3f, ..Self::default() }
    }
}

fn vtep(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn cells(plans: &[Plan]) -> Cells {
    let mut cells = Cells::default();
    let mut packets: Vec<_> = plans.iter().map(Plan::packet).collect();
    cells.add(&mut packets);
    cells
}

fn source_ports(cells: &Cells, id: u32) -> usize {
    let mut ports = ShortSet::default();
    cells.source_ports(id, &cells.innermost(cells.get(id)), &mut ports);
    ports.len()
}

/// Packets of each outer source port of a cell.
fn port_loads(cells: &Cells, id: u32) -> BTreeMap<u16, u64> {
    let mut loads = BTreeMap::new();
    cells.port_loads(id, |port, packets| *loads.entry(port).or_default() += packets);
    loads
}

fn outer_macs(cells: &Cells, id: u32) -> Vec<String> {
    let mut macs = Vec::new();
    cells.outer_macs(id, &cells.innermost(cells.get(id)), |mac| macs.push(mac.to_string()));
    macs.sort();
    macs
}

/// A cell is what its packets add up to.
#[test]
fn counters_add_up() {
    let cells = cells(&[Plan { data: 10, ..Plan::default() }, Plan { data: 25, ..Plan::default() }]);
    assert_eq!(cells.len(), 1);
    let cell = cells.get(0);
    // Inner Ethernet 14, IPv4 20, UDP 8; 50 more on the outside.
    assert_eq!((cell.packets, cell.payload_bytes, cell.inner_bytes, cell.wire_bytes), (2, 35, 119, 219));
    assert_eq!(cells.tunnel(cell).source(), vtep(1));
    assert_eq!(cell.largest_on_cable, 14 + 20 + 8 + 25 + 36);
}

/// All that a key is made of makes another cell, and the outer source port does not.
#[test]
fn what_makes_a_cell() {
    let plain = Plan::default();
    let others = [
        plain,
        Plan { origin: (50_001, 0xa1), ..plain },
        Plan { data: 99, ..plain },
        Plan { vtep: 2, ..plain },
        Plan { peer: 201, ..plain },
        Plan { vni: 101, ..plain },
        Plan { station: craft::mac(3), ..plain },
        Plan { to: craft::mac(3), ..plain },
        Plan { port: 1001, ..plain },
    ];
    let cells = cells(&others);
    assert_eq!(cells.iter().map(|cell| cell.packets).collect::<Vec<_>>(), [3, 1, 1, 1, 1, 1, 1]);
}

/// Distinct keys keep their cells, beyond the first chunk of them and across every growth of the index, and each is
/// found again, in the order of the first packets.
#[test]
fn a_hundred_thousand_keys_are_found_again() {
    const KEYS: u32 = 100_000;
    let mut packets: Vec<_> = (0..KEYS).map(|number| Plan::numbered(number).packet()).collect();
    let mut cells = Cells::default();
    cells.add(&mut packets);
    assert_eq!(cells.len(), KEYS as usize);
    packets.reverse();
    cells.add(&mut packets);
    for packet in &packets {
        cells.add_alone(packet);
    }
    assert_eq!((cells.len(), cells.iter().count()), (KEYS as usize, KEYS as usize));
    for (number, cell) in cells.numbered() {
        assert_eq!((cell.packets, cell.key.vni()), (3, number >> 8));
        assert_eq!(cell.key.ports(), Some((number as u16, 53)));
        assert_eq!(cells.tunnel(cell).source(), vtep((number >> 4) as u8 & 0x3f));
        assert_eq!(cells.get(number).key, cell.key);
    }
}

/// In batches of any size or one by one, the cells are the same.
#[test]
fn batches_change_nothing() {
    let plans: Vec<_> = (0..100).map(|number| Plan::numbered(number * number % 37)).collect();
    let mut packets: Vec<_> = plans.iter().map(Plan::packet).collect();
    let whole = cells(&plans);
    for size in [1, 2, 31, 32, 33, 64] {
        let mut batched = Cells::default();
        for packets in packets.chunks_mut(size) {
            batched.add(packets);
        }
        assert_eq!(merging::told(&batched), merging::told(&whole));
    }
    let mut alone = Cells::default();
    for packet in &packets {
        alone.add_alone(packet);
    }
    assert_eq!(merging::told(&alone), merging::told(&whole));
}

/// Outer source ports and MACs are counted exactly, one or very many.
#[test]
fn origins_are_distinct() {
    for count in [1, 2, 64, 65, 66, 300] {
        let plans: Vec<_> = (0..2 * count)
            .map(|n| Plan { origin: (49_152 + n % count, (n % 3) as u8), ..Plan::default() })
            .collect();
        let cells = cells(&plans);
        assert_eq!((cells.len(), source_ports(&cells, 0)), (1, usize::from(count)));
        let mut loads = BTreeMap::new();
        for plan in &plans {
            *loads.entry(plan.origin.0).or_default() += 1;
        }
        assert_eq!(port_loads(&cells, 0), loads);
        let macs: BTreeSet<_> =
            plans.iter().map(|plan| format!("02:00:00:00:00:{:02x}", plan.origin.1)).collect();
        assert_eq!(outer_macs(&cells, 0), macs.into_iter().collect::<Vec<_>>());
    }
}
