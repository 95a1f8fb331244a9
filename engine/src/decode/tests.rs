//! The walk on frames built by hand: one trap a test. Expectations are those of the RFCs and of the bytes themselves.

mod carriers;
#[path = "../../tests/craft/mod.rs"]
mod craft;
mod cut;
mod endings;
mod fragments;
mod inside;
mod links;
mod messages;
mod outside;
mod prints;
mod quotes;
mod stacks;

use std::net::IpAddr;

use super::{Aside, Overlays, decode};
use crate::capture::{Frame, LinkType};
use crate::disposition::Ending;
use crate::packet::{Note, Packet};

/// What the walk came to.
struct Answer {
    ending: Ending,
    packet: Packet,
    aside: Aside,
}

/// The walk over the first bytes of a frame that was `wire_len` bytes long.
fn walk_as(link: LinkType, data: &[u8], wire_len: usize) -> Answer {
    walk_with(&Overlays::default(), link, data, wire_len)
}

fn walk_with(overlays: &Overlays, link: LinkType, data: &[u8], wire_len: usize) -> Answer {
    let (mut packet, mut aside) = (Packet::default(), Aside::default());
    let frame = Frame { data, wire_len: wire_len as u32, time: 7, link };
    let ending = decode(&frame, overlays, &mut packet, &mut aside);
    Answer { ending, packet, aside }
}

/// The walk over a whole Ethernet frame.
fn walk(data: &[u8]) -> Answer {
    walk_as(LinkType::ETHERNET, data, data.len())
}

/// The packet in a whole Ethernet frame, which must be VXLAN.
fn packet(data: &[u8]) -> Packet {
    let answer = walk(data);
    assert_eq!(answer.ending, Ending::Vxlan);
    answer.packet
}

/// The ending of a whole Ethernet frame.
fn ending(data: &[u8]) -> Ending {
    walk(data).ending
}

/// Port and VNI of what looks like VXLAN.
fn candidate(answer: &Answer) -> Option<(u16, u32)> {
    answer.aside.candidate.map(|found| (found.port, found.vni))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Source and destination VTEP.
fn vteps(packet: &Packet) -> (IpAddr, IpAddr) {
    (packet.tunnel.source(), packet.tunnel.destination())
}

/// Inner source and destination MAC address in text.
fn macs(packet: &Packet) -> Option<(String, String)> {
    packet.key.macs().map(|(source, destination)| (source.to_string(), destination.to_string()))
}

/// The notes on a packet, by name.
fn notes(packet: &Packet) -> Vec<&'static str> {
    Note::ALL.iter().filter(|note| packet.notes.has(**note)).map(|note| note.name()).collect()
}

/// The inner frame of [`craft::inner`] was decoded in full.
fn assert_is_inner(packet: &Packet) {
    let key = &packet.key;
    assert_eq!(macs(packet), Some(("02:00:00:00:00:01".into(), "02:00:00:00:00:02".into())));
    assert_eq!((key.ethertype(), key.protocol()), (Some(craft::IPV4), Some(craft::TCP)));
    assert_eq!(key.addresses(), Some((ip("10.0.0.1"), ip("10.0.0.2"))));
    assert_eq!(key.ports(), Some((40_000, 80)));
    assert_eq!((packet.tcp_control, packet.payload_len), (0x18, 5));
}
