//! Outer IP, UDP and the VXLAN header.

use super::craft::{self, Ipv4, Ipv6, authentication, datagram, fragment, inner, options, outer};
use super::craft::{over_ipv4, over_ipv6, patched, udp, vxlan};
use super::{assert_is_inner, candidate, ending, ip, notes, packet, vteps, walk, walk_with};
use crate::capture::LinkType;
use crate::decode::Overlays;
use crate::disposition::Ending;
use crate::wire::vxlan::GroupPolicy;

/// Where layers begin in [`over_ipv4`].
const IP: usize = 14;
const UDP: usize = IP + 20;
const VXLAN: usize = UDP + 8;

#[test]
fn plain_ipv4() {
    let frame = over_ipv4(0x00ab_cdef, &inner());
    let found = packet(&frame);
    assert_is_inner(&found);
    assert_eq!(found.key.vni(), 0x00ab_cdef);
    assert_eq!(vteps(&found), (ip("192.0.2.1"), ip("192.0.2.2")));
    assert_eq!(found.tunnel.udp_port(), Some(4789));
    assert_eq!((found.outer_ip_header_len, found.outer_ip_len as usize), (20, frame.len() - 14));
    assert_eq!((found.wire_len as usize, found.inner_len as usize), (frame.len(), inner().len()));
}

#[test]
fn plain_ipv6() {
    let frame = over_ipv6(100, &inner());
    let found = packet(&frame);
    assert_is_inner(&found);
    assert_eq!(vteps(&found), (ip("2001:db8::1"), ip("2001:db8::2")));
    assert_eq!((found.outer_ip_header_len, found.outer_ip_len as usize), (40, frame.len() - 14));
    assert_eq!(frame.len() - found.inner_len as usize, 70);
}

/// The header length says where UDP begins.
#[test]
fn ipv4_options() {
    for units in 1..=10 {
        let options = vec![1; 4 * units];
        let outside = Ipv4 { options: &options, ..Ipv4::default() };
        let found = packet(&outer(craft::IPV4, &outside.around(&datagram(100, &inner()))));
        assert_is_inner(&found);
        assert_eq!(found.outer_ip_header_len as usize, 20 + 4 * units);
        assert_eq!(found.inner_len as usize, inner().len());
    }
}

/// Each kind of extension header tells its length in its own units.
#[test]
fn ipv6_extension_headers() {
    let (hop_by_hop, routing, authenticated, destination) = (0, 43, 51, 60);
    let last = options(craft::UDP, 0, &datagram(100, &inner()));
    let third = authentication(destination, &last);
    let second = options(authenticated, 2, &third);
    let first = options(routing, 1, &second);
    let found =
        packet(&outer(craft::IPV6, &Ipv6 { next_header: hop_by_hop, ..Ipv6::default() }.around(&first)));
    assert_is_inner(&found);
    assert_eq!(found.outer_ip_header_len, 40 + 16 + 24 + 24 + 8);
    assert_eq!(found.inner_len as usize, inner().len());
}

/// No outer UDP checksum is the rule over IPv4, and over IPv6 worth a word.
#[test]
fn udp_checksum_0() {
    let (v4, v6) = (over_ipv4(100, &inner()), over_ipv6(100, &inner()));
    assert_eq!(notes(&packet(&patched(v4, UDP + 6, &[0, 0]))), [""; 0]);
    assert_eq!(notes(&packet(&patched(v6, 14 + 40 + 6, &[0, 0]))), ["zero_checksum_ipv6"]);
}

/// A fragment header with offset 0 and nothing to follow is on a whole datagram (RFC 6946).
#[test]
fn ipv6_atomic_fragment() {
    let payload = fragment(craft::UDP, 0, false, 9, &datagram(100, &inner()));
    let found = packet(&outer(craft::IPV6, &Ipv6 { next_header: 44, ..Ipv6::default() }.around(&payload)));
    assert_is_inner(&found);
    assert!(found.notes.is_empty());
}

/// The VXLAN port is the destination's. A source port of 4789 is a sender's choice.
#[test]
fn destination_port_decides() {
    let payload = vxlan(100, &inner());
    let frame = |source, destination| {
        outer(craft::IPV4, &Ipv4::default().around(&udp(source, destination, &payload)))
    };
    assert_eq!(ending(&frame(4789, 53)), Ending::OtherPort);
    assert_eq!(ending(&frame(53, 4789)), Ending::Vxlan);
}

/// Where that is asked for, the source port is enough, if the header is VXLAN's; its port may be anybody's by chance.
#[test]
fn source_port_where_it_is_asked_for() {
    let overlays = Overlays::default().matching_source_port(true);
    let walked = |source, destination, payload: &[u8]| {
        let frame = outer(craft::IPV4, &Ipv4::default().around(&udp(source, destination, payload)));
        walk_with(&overlays, LinkType::ETHERNET, &frame, frame.len())
    };
    let found = walked(4789, 53, &vxlan(100, &inner()));
    assert_eq!((found.ending, found.packet.key.vni()), (Ending::Vxlan, 100));
    assert_is_inner(&found.packet);
    assert_eq!((found.packet.origin.port(), found.packet.tunnel.udp_port()), (4789, Some(53)));
    assert_eq!(walked(53, 4789, &vxlan(100, &inner())).ending, Ending::Vxlan);
    assert_eq!(walked(4788, 53, &vxlan(100, &inner())).ending, Ending::OtherPort);
    for payload in [&[0xf7; 60][..], &[8, 0, 0, 0, 0, 0, 1][..], &[]] {
        assert_eq!(walked(4789, 53, payload).ending, Ending::OtherPort);
    }
    // Geneve that was left out is no VXLAN for its source port.
    let geneve = [&[0, 0, 0x65, 0x58, 0, 0, 100, 0][..], &inner()].concat();
    assert_eq!(walked(4789, 6081, &geneve).ending, Ending::UnselectedGeneve);
}

/// RFC 7348, section 5: reserved bits are ignored on receipt; here they are told.
#[test]
fn reserved_bits_are_ignored_and_told() {
    assert!(packet(&over_ipv4(100, &inner())).notes.is_empty());
    for (byte, bits) in [(0, 0x78), (0, 0x09), (1, 1), (1, 0x48), (2, 0x80), (3, 0xff), (7, 1)] {
        let found = packet(&patched(over_ipv4(100, &inner()), VXLAN + byte, &[bits]));
        assert_is_inner(&found);
        assert_eq!((found.key.vni(), notes(&found)), (100, vec!["reserved_bits"]));
    }
}

/// Group policy (draft-smith-vxlan-group-policy): the G flag, and the policy where VXLAN has reserved bits.
#[test]
fn group_policy() {
    let found = packet(&patched(over_ipv4(100, &inner()), VXLAN, &[0x88, 0x48, 0x12, 0x34]));
    assert_is_inner(&found);
    let told = vec!["reserved_bits", "group_policy", "dont_learn", "policy_applied"];
    assert_eq!((found.key.vni(), notes(&found)), (100, told));
    assert_eq!(found.group_policy(), Some(GroupPolicy { id: 0x1234, dont_learn: true, applied: true }));
    assert!(found.key.is_not_to_be_learned());
    let without = packet(&patched(over_ipv4(100, &inner()), VXLAN + 1, &[0x48, 0x12, 0x34]));
    assert!(without.group_policy().is_none() && !without.key.is_not_to_be_learned());
}

/// The P flag may be VXLAN-GPE's or an error: the packet is VXLAN, whatever the next protocol would be.
#[test]
fn p_flag_on_a_vxlan_port() {
    let found = packet(&patched(over_ipv4(100, &inner()), VXLAN, &[0x0c, 0, 0, 1]));
    assert_is_inner(&found);
    assert_eq!((found.key.vni(), notes(&found)), (100, vec!["reserved_bits", "p_flag"]));
}

#[test]
fn i_flag_clear() {
    assert_eq!(ending(&patched(over_ipv4(100, &inner()), VXLAN, &[0xf7])), Ending::IFlagClear);
}

/// UDP length 0: the data ends where the IP packet ends.
#[test]
fn udp_length_0() {
    for (frame, at) in [(over_ipv4(100, &inner()), UDP + 4), (over_ipv6(100, &inner()), 14 + 40 + 4)] {
        let found = packet(&patched(frame, at, &[0, 0]));
        assert_is_inner(&found);
        assert_eq!((found.inner_len as usize, notes(&found)), (inner().len(), vec!["offload"]));
    }
}

/// IPv4 total length 0 (TSO): the lengths are the frame's, and the UDP length is no better than IP's.
#[test]
fn ipv4_length_0() {
    let frame = patched(over_ipv4(100, &inner()), IP + 2, &[0, 0]);
    let found = packet(&patched(frame.clone(), UDP + 4, &[0, 9]));
    assert_is_inner(&found);
    assert_eq!((found.inner_len as usize, notes(&found)), (inner().len(), vec!["offload"]));
    assert_eq!(found.outer_ip_len as usize, frame.len() - 14);
}

/// IPv6 payload length 0 (BIG TCP): a packet of more than 64 KiB.
#[test]
fn ipv6_payload_length_0() {
    let large = [inner(), vec![0; 100_000]].concat();
    let frame = over_ipv6(100, &large);
    let found = packet(&patched(patched(frame.clone(), 14 + 4, &[0, 0]), 14 + 40 + 4, &[0, 0]));
    assert_is_inner(&found);
    assert_eq!((found.inner_len as usize, notes(&found)), (large.len(), vec!["offload"]));
    assert_eq!(found.outer_ip_len as usize, frame.len() - 14);
}

/// A jumbogram (RFC 2675): the hop-by-hop option tells its length, so what follows it in the frame is not the packet's.
#[test]
fn ipv6_jumbo_payload_option() {
    let large = [inner(), vec![0; 100_000]].concat();
    let datagram = patched(datagram(100, &large), 4, &[0, 0]);
    let length = (8 + datagram.len() as u32).to_be_bytes();
    let jumbo = [&[craft::UDP, 0, 0xc2, 4][..], &length, &datagram].concat();
    let ip = patched(Ipv6 { next_header: 0, ..Ipv6::default() }.around(&jumbo), 4, &[0, 0]);
    let found = packet(&[&outer(craft::IPV6, &ip)[..], &[0xee; 4]].concat());
    assert_is_inner(&found);
    assert_eq!((found.inner_len as usize, notes(&found)), (large.len(), vec!["offload"]));
    assert_eq!((found.outer_ip_len as usize, found.outer_ip_header_len), (ip.len(), 48));
    let too_long = patched(outer(craft::IPV6, &ip), 14 + 40 + 4, &[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(ending(&too_long), Ending::Ipv6PayloadLength);
}

/// Hop-by-hop options without that one tell no length: it is the frame's.
#[test]
fn ipv6_length_0_behind_other_options() {
    let payload = options(craft::UDP, 1, &patched(datagram(100, &inner()), 4, &[0, 0]));
    let ip = patched(Ipv6 { next_header: 0, ..Ipv6::default() }.around(&payload), 4, &[0, 0]);
    let found = packet(&outer(craft::IPV6, &ip));
    assert_is_inner(&found);
    assert_eq!((found.inner_len as usize, notes(&found)), (inner().len(), vec!["offload"]));
}

/// No Ethernet carries an IP packet of more than 9216 bytes: such a one was cut into frames later.
#[test]
fn larger_than_any_mtu_is_offload() {
    for (ip_len, expected) in [(9216, vec![]), (9217, vec!["offload"])] {
        let frame = [inner(), vec![0; ip_len - 36 - inner().len()]].concat();
        let found = packet(&over_ipv4(100, &frame));
        assert_eq!((found.outer_ip_len as usize, notes(&found)), (ip_len, expected));
    }
}

/// Ethernet pads short frames, and a capture may hold the frame check sequence: neither is the inner frame's.
#[test]
fn ethernet_padding_is_not_inner() {
    let frame = [over_ipv4(100, &inner()), vec![0; 40]].concat();
    let found = packet(&frame);
    assert_is_inner(&found);
    assert_eq!((found.wire_len as usize, found.inner_len as usize), (frame.len(), inner().len()));
    assert!(found.notes.is_empty());
}

/// A UDP length shorter than IP's bounds the inner frame.
#[test]
fn udp_length_below_ip_length() {
    let short = patched(
        over_ipv4(100, &[inner(), vec![0; 10]].concat()),
        UDP + 4,
        &((16 + inner().len()) as u16).to_be_bytes(),
    );
    assert_eq!(packet(&short).inner_len as usize, inner().len());
}

/// VXLAN on Linux's old port is no VXLAN until that port is named, and looks like it.
#[test]
fn candidate_on_another_port() {
    let on = |port, payload: &[u8]| {
        walk(&outer(craft::IPV4, &Ipv4::default().around(&udp(49_152, port, payload))))
    };
    let found = on(8472, &vxlan(4, &inner()));
    assert_eq!((found.ending, candidate(&found)), (Ending::OtherPort, Some((8472, 4))));
    let arp = craft::ethernet(
        craft::mac(1),
        craft::BROADCAST,
        craft::ARP,
        &craft::arp(craft::mac(1), [10, 0, 0, 1], [10, 0, 0, 2]),
    );
    assert_eq!(candidate(&on(8472, &vxlan(4, &arp))), Some((8472, 4)));
    let unlike = [
        patched(vxlan(4, &inner()), 0, &[0]),
        patched(vxlan(4, &inner()), 0, &[0x0c]),
        patched(vxlan(4, &inner()), 7, &[1]),
        patched(vxlan(4, &inner()), 8 + 12, &[0x12, 0x34]),
        patched(vxlan(4, &inner()), 8 + 14, &[0x55]),
        vxlan(4, &inner()[..13]),
        vxlan(4, &[]),
        b"\x08 is how this text begins, which is no VXLAN".to_vec(),
        vec![],
    ];
    for payload in unlike {
        assert_eq!(candidate(&on(8472, &payload)), None, "{payload:?}");
    }
}

/// Time to live, traffic class and don't-fragment are the outer header's, beside the inner traffic class, in both
/// versions.
#[test]
fn handling_is_told_outside_and_inside() {
    let inside = patched(inner(), IP + 1, &[0x29]);
    let v4 = patched(patched(over_ipv4(100, &inside), IP + 1, &[0xb8]), IP + 6, &[0x40]);
    let v6 = patched(over_ipv6(100, &inside), IP, &[0x6b, 0x80]);
    for (frame, dont_fragment) in [(v4, true), (v6, false)] {
        let found = packet(&frame).handling;
        assert_eq!((found.ttl(), found.dscp(), found.ecn()), (64, 46, 0));
        assert_eq!(found.dont_fragment(), dont_fragment);
        assert!(found.is_dscp_mismatch() && found.is_ecn_mismatch() && !found.is_fragment());
    }
    // What is not IP inside asks for nothing.
    let arp = craft::ethernet(craft::mac(1), craft::BROADCAST, craft::ARP, &[0; 28]);
    let found = packet(&patched(over_ipv4(100, &arp), IP + 1, &[0xb9])).handling;
    assert!(!found.is_dscp_mismatch() && !found.is_ecn_mismatch());
}
