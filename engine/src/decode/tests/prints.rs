//! Fingerprints: what two captures of one packet may differ in, and what no two packets have in common.

use super::craft::{self, Ipv4, Ipv6, MORE, datagram, ethernet, inner, mac, outer, over_ipv4, over_ipv6};
use super::craft::{patched, tag, tcp, udp, vxlan};
use super::{Aside, decode};
use crate::capture::{Frame, LinkType};
use crate::decode::{Fingerprint, Overlays, fingerprint};
use crate::packet::Packet;

const IP: usize = 14;
const UDP: usize = IP + 20;
const INNER: usize = UDP + 16;

fn print_of(link: LinkType, data: &[u8], wire_len: usize) -> Fingerprint {
    let frame = Frame { data, wire_len: wire_len as u32, time: 7, link };
    let overlays = Overlays::default();
    let ending = decode(&frame, &overlays, &mut Packet::default(), &mut Aside::default());
    fingerprint(&frame, ending, &overlays)
}

fn print(data: &[u8]) -> Fingerprint {
    print_of(LinkType::ETHERNET, data, data.len())
}

fn whole(data: &[u8]) -> u64 {
    print(data).whole.expect("a VXLAN packet or a piece of one")
}

fn bare(data: &[u8]) -> u64 {
    print(data).bare.expect("a packet")
}

/// A router counts the TTL down and mends the checksum; a network card fills the UDP checksum in.
#[test]
fn a_router_on_the_way_changes_no_fingerprint() {
    let frame = over_ipv4(100, &inner());
    let routed = patched(patched(frame.clone(), IP + 8, &[63]), IP + 10, &[0xab, 0xcd]);
    assert_eq!(print(&routed), print(&frame));
    assert_eq!(print(&patched(frame.clone(), UDP + 6, &[0x12, 0x34])), print(&frame));
    let frame = over_ipv6(100, &inner());
    assert_eq!(print(&patched(frame.clone(), IP + 7, &[63])), print(&frame));
}

/// Each interface has its own link layer: other MACs, a tag, the interface index of a cooked capture, padding.
#[test]
fn another_interface_changes_no_fingerprint() {
    let frame = over_ipv4(100, &inner());
    let packet = &frame[IP..];
    assert_eq!(print(&patched(frame.clone(), 0, &mac(0x77))), print(&frame));
    assert_eq!(print(&ethernet(mac(1), mac(2), craft::VLAN, &tag(9, craft::IPV4, packet))), print(&frame));
    assert_eq!(print(&[&frame[..], &[0xee; 4]].concat()), print(&frame));
    for interface in [3, 9] {
        let header = [8, 0, 0, 0, 0, 0, 0, interface, 0, 1, interface, 6, 2, 0, 0, 0, 0, interface, 0, 0];
        let cooked = [&header[..], packet].concat();
        assert_eq!(print_of(LinkType::LINUX_SLL2, &cooked, cooked.len()), print(&frame));
    }
}

/// Every other byte of a VXLAN packet tells it from another: addresses, identification, ports, lengths, VNI, inner frame.
#[test]
fn every_other_byte_makes_another_packet() {
    for (frame, free) in [
        (over_ipv4(100, &inner()), vec![IP + 8, IP + 10, IP + 11, UDP + 6, UDP + 7]),
        (over_ipv6(100, &inner()), vec![IP + 7, IP + 40 + 6, IP + 40 + 7]),
    ] {
        for at in (IP..frame.len()).filter(|at| !free.contains(at)) {
            let other = patched(frame.clone(), at, &[frame[at] ^ 1]);
            assert_ne!(print(&other).whole, print(&frame).whole, "byte {at}");
        }
    }
}

/// The last byte of a full-size frame counts like the first.
#[test]
fn the_whole_captured_frame_is_compared() {
    let frame = over_ipv4(100, &[inner(), vec![0; 1400]].concat());
    let last = frame.len() - 1;
    assert_ne!(whole(&frame), whole(&patched(frame.clone(), last, &[1])));
    let cut = print_of(LinkType::ETHERNET, &frame[..last], frame.len());
    assert_ne!(cut.whole, print(&frame).whole);
}

/// Pieces of a datagram have fingerprints, and not each other's.
#[test]
fn pieces() {
    let whole_datagram = datagram(100, &[inner(), vec![0; 600]].concat());
    let piece = |flags_and_offset, ttl: u8| {
        let ip = Ipv4 { identification: 7, flags_and_offset, ..Ipv4::default() };
        whole(&outer(craft::IPV4, &patched(ip.around(&whole_datagram[..160]), 8, &[ttl])))
    };
    let prints = [piece(MORE, 64), piece(MORE | 0x14, 64), piece(MORE | 0x28, 64), piece(60, 64)];
    for (at, print) in prints.iter().enumerate() {
        assert!(!prints[at + 1..].contains(print));
    }
    assert_eq!((piece(MORE, 9), piece(60, 9)), (prints[0], prints[3]));
}

/// At the container's interface the packet is bare: the same one, though its MACs, TTL and checksums may be others.
#[test]
fn the_bare_packet_of_an_encapsulated_one() {
    for frame in [over_ipv4(100, &inner()), over_ipv6(100, &inner())] {
        assert_eq!(bare(&inner()), bare(&frame));
        assert!(print(&inner()).whole.is_none());
    }
    let routed = patched(patched(inner(), 0, &mac(9)), IP + 8, &[63]);
    let routed = patched(routed, IP + 10, &[1, 2]);
    // Where the network card is to compute it, TCP's checksum is not there yet.
    let routed = patched(routed, IP + 20 + 16, &[3, 4]);
    assert_eq!(bare(&routed), bare(&over_ipv4(100, &inner())));
    for at in [IP + 3, IP + 4, IP + 12, IP + 20, IP + 20 + 4, IP + 20 + 20] {
        assert_ne!(print(&patched(inner(), at, &[0x99])).bare, print(&inner()).bare, "byte {at}");
    }
}

/// The same over IPv6, UDP and ARP.
#[test]
fn bare_packets_of_other_kinds() {
    let ip = Ipv6 { next_header: craft::UDP, ..Ipv6::default() }.around(&udp(1, 2, &[5; 9]));
    let request = craft::arp(mac(1), [10, 0, 0, 1], [10, 0, 0, 2]);
    for (ethertype, payload, changing) in [(craft::IPV6, ip, vec![7, 46, 47]), (craft::ARP, request, vec![])]
    {
        let inside = ethernet(mac(1), mac(2), ethertype, &payload);
        let mut alone = ethernet(mac(3), mac(4), ethertype, &payload);
        for at in changing {
            alone[IP + at] ^= 0x55;
        }
        assert_eq!(bare(&alone), bare(&over_ipv4(100, &inside)));
        alone[IP + 27] ^= 1;
        assert_ne!(bare(&alone), bare(&over_ipv4(100, &inside)));
    }
    assert_eq!(print(&ethernet(mac(1), mac(2), 0x88cc, &[0; 40])), Fingerprint::default());
}

/// A snap length leaves less of a packet where it is encapsulated; its first 256 bytes are enough.
#[test]
fn bare_packets_under_a_snap_length() {
    let segment = tcp(1234, 80, 0x18, &[], &[7; 1300]);
    let ip = Ipv4 { protocol: craft::TCP, ..Ipv4::default() }.around(&segment);
    let alone = outer(craft::IPV4, &ip);
    let inside = over_ipv4(100, &alone);
    let cut = |frame: &[u8], held: usize| print_of(LinkType::ETHERNET, &frame[..held], frame.len()).bare;
    assert_eq!(cut(&alone, 320), cut(&inside, 320));
    assert_eq!(cut(&alone, 320), print(&alone).bare);
    // Below that, what is held differs, and so they are not compared as equal.
    assert_ne!(cut(&alone, 200), cut(&inside, 200));
}

/// Of VXLAN in VXLAN, what a container sees is the innermost packet.
#[test]
fn nested() {
    let middle = over_ipv4(7, &inner());
    assert_eq!(bare(&over_ipv4(100, &middle)), bare(&inner()));
    assert_eq!(bare(&middle), bare(&inner()));
    assert_ne!(whole(&over_ipv4(100, &middle)), whole(&middle));
}

/// What cannot be decoded is compared with nothing, at whatever byte it ends.
#[test]
fn frames_cut_anywhere() {
    let frame = over_ipv4(100, &over_ipv6(7, &inner()));
    for held in 0..frame.len() {
        let cut = print_of(LinkType::ETHERNET, &frame[..held], frame.len());
        let short = print_of(LinkType::ETHERNET, &frame[..held], held);
        assert!(held >= INNER || cut == Fingerprint::default() || cut.bare.is_none());
        assert!(short.whole.is_none() || held == frame.len());
    }
    let not_vxlan = outer(craft::IPV4, &Ipv4::default().around(&udp(1, 53, &vxlan(1, &inner()))));
    assert!(print(&not_vxlan).whole.is_none() && print(&not_vxlan).bare.is_some());
}

/// A packet that was mirrored twice, or seen before a carrier and in it, is one: the carrier's own headers do not count.
#[test]
fn what_a_carrier_brings_is_the_packet() {
    let frame = over_ipv4(100, &inner());
    let mirrored = |identification: u16| {
        let header = Ipv4 { identification, protocol: craft::GRE, ..Ipv4::default() };
        outer(craft::IPV4, &header.around(&craft::erspan(&frame)))
    };
    let labelled = outer(craft::MPLS, &craft::labels(&[16], &frame[IP..]));
    for carried in [mirrored(1), mirrored(2), labelled] {
        assert_eq!(print(&carried), print(&frame));
    }
    let piece = Ipv4 { flags_and_offset: MORE, ..Ipv4::default() }.around(&datagram(100, &inner())[..64]);
    let labelled = outer(craft::MPLS, &craft::labels(&[16], &piece));
    assert_eq!(whole(&labelled), whole(&outer(craft::IPV4, &piece)));
}

/// A tenant's own GRE is seen bare as the tenant sends it.
#[test]
fn a_tenant_s_carrier_stays_around_its_packet() {
    let tunnel = Ipv4 { protocol: craft::GRE, ..Ipv4::default() };
    let frame = outer(craft::IPV4, &tunnel.around(&craft::gre(craft::IPV4, [None; 3], &inner()[IP..])));
    assert_eq!(bare(&over_ipv4(100, &frame)), bare(&frame));
}
