//! A snap length at every byte of a frame: what is told may become less, never different.

use super::craft::{
    self, Ipv4, Ipv6, datagram, ethernet, inner, mac, options, outer, over_ipv4, over_ipv6, tag,
};
use super::craft::{tcp, udp};
use super::{Answer, vteps, walk, walk_as};
use crate::capture::LinkType;
use crate::disposition::Ending;
use crate::packet::{Note, Packet};

/// Frames of many shapes, each with the offset where its VXLAN header ends.
fn frames() -> Vec<(Vec<u8>, usize)> {
    let ip = Ipv4 { options: &[1; 8], ..Ipv4::default() };
    let tagged = ethernet(
        mac(1),
        mac(2),
        craft::SERVICE_VLAN,
        &tag(200, craft::VLAN, &tag(100, craft::IPV4, &inner()[14..])),
    );
    let with_options = Ipv4 { protocol: craft::TCP, ..ip }.around(&tcp(1, 2, 2, &[1; 12], &[0; 30]));
    let v6 = Ipv6 { next_header: 0, ..Ipv6::default() }.around(&options(craft::UDP, 1, &udp(5, 6, &[0; 30])));
    let arp = craft::arp(mac(1), [10, 0, 0, 1], [10, 0, 0, 2]);
    let inside = |ethertype, payload: &[u8]| ethernet(mac(1), mac(2), ethertype, payload);
    let padded = [over_ipv4(7, &inside(craft::ARP, &arp)), vec![0; 18]].concat();
    let behind_tag = tag(5, craft::IPV4, &ip.around(&datagram(7, &inner())));
    let extended = options(craft::UDP, 2, &datagram(7, &inner()));
    vec![
        (over_ipv4(7, &inner()), 50),
        (over_ipv4(7, &tagged), 50),
        (over_ipv6(7, &inside(craft::IPV4, &with_options)), 70),
        (over_ipv4(7, &inside(craft::IPV6, &v6)), 50),
        (over_ipv4(7, &inside(0x88cc, &[0; 40])), 50),
        (padded, 50),
        (outer(craft::VLAN, &behind_tag), 50 + 4 + 8),
        (outer(craft::IPV6, &Ipv6 { next_header: 60, ..Ipv6::default() }.around(&extended)), 70 + 24),
    ]
}

/// What is known of the inner frame, layer by layer: each layer's part, where it was read.
fn depth(packet: &Packet) -> [bool; 4] {
    let key = &packet.key;
    [key.macs().is_some(), key.ethertype().is_some(), key.addresses().is_some(), key.ports().is_some()]
}

/// What `cut` claims, `whole` claims too.
fn assert_agrees(cut: &Packet, whole: &Packet) {
    assert_eq!(
        (cut.key.vni(), vteps(cut), cut.tunnel.udp_port()),
        (whole.key.vni(), vteps(whole), whole.tunnel.udp_port())
    );
    assert_eq!(cut.origin, whole.origin);
    assert_eq!((cut.wire_len, cut.inner_len), (whole.wire_len, whole.inner_len));
    assert_eq!((cut.outer_ip_header_len, cut.outer_ip_len), (whole.outer_ip_header_len, whole.outer_ip_len));
    assert!(cut.key.macs().is_none_or(|macs| Some(macs) == whole.key.macs()));
    assert!(cut.key.tag().is_none_or(|tag| Some(tag) == whole.key.tag()));
    assert!(cut.key.ethertype().is_none_or(|ethertype| Some(ethertype) == whole.key.ethertype()));
    assert!(cut.key.addresses().is_none_or(|addresses| Some(addresses) == whole.key.addresses()));
    assert!(cut.key.protocol().is_none_or(|protocol| Some(protocol) == whole.key.protocol()));
    assert!(cut.key.ports().is_none_or(|ports| Some(ports) == whole.key.ports()));
    assert!(cut.tcp_control == 0 || cut.tcp_control == whole.tcp_control);
    assert!(cut.payload_len == 0 || cut.payload_len == whole.payload_len);
    assert!(!cut.notes.has(Note::InnerMalformed));
}

fn cut_at(frame: &[u8], at: usize) -> Answer {
    walk_as(LinkType::ETHERNET, &frame[..at], frame.len())
}

/// Cut inside the outer headers a frame says so; from the VXLAN header on it is the packet that it is.
#[test]
fn what_was_not_captured_is_no_fault() {
    for (frame, vxlan_end) in frames() {
        for at in 0..frame.len() {
            let expected = match at {
                at if at >= vxlan_end => Ending::Vxlan,
                at if at >= vxlan_end - 8 => Ending::VxlanCut,
                _ => Ending::OuterCut,
            };
            assert_eq!(cut_at(&frame, at).ending, expected, "cut at {at}");
        }
    }
}

/// Lengths come from headers, so they are those of the whole frame at every cut; the rest agrees or is absent.
#[test]
fn a_cut_changes_no_answer() {
    for (frame, vxlan_end) in frames() {
        let whole = walk(&frame).packet;
        assert!(whole.notes.is_empty());
        for at in vxlan_end..frame.len() {
            assert_agrees(&cut_at(&frame, at).packet, &whole);
        }
    }
}

/// More bytes never tell less: what is known at one cut is known at every later one.
#[test]
fn what_is_known_grows_with_the_snap_length() {
    for (frame, vxlan_end) in frames() {
        let mut known = [false; 4];
        for at in vxlan_end..=frame.len() {
            let now = depth(&cut_at(&frame, at).packet);
            assert!(known.iter().zip(now).all(|(before, now)| now || !before), "cut at {at}");
            known = now;
        }
        assert_eq!(known, depth(&walk(&frame).packet));
    }
}

/// The notes tell a cut exactly: of the frame while a byte of it is missing, of its headers while a part of them is.
#[test]
fn cuts_are_noted_exactly() {
    // Inner frame of `inner()`: Ethernet 14, IPv4 20, TCP 20, data 5.
    let frame = [over_ipv4(7, &inner()), vec![0; 4]].concat();
    let whole_len = 50 + inner().len();
    for at in 50..=frame.len() {
        let notes = cut_at(&frame, at).packet.notes;
        assert_eq!(notes.has(Note::InnerCut), at < whole_len, "cut at {at}");
        assert_eq!(notes.has(Note::InnerHeaderCut), at < 50 + 14 + 20 + 20, "cut at {at}");
    }
}

/// Each layer is told as soon as its own bytes are there, not when the next one's are.
#[test]
fn a_cut_tells_as_deep_as_the_bytes_go() {
    let frame = over_ipv4(7, &inner());
    let (ethernet, ip) = (50 + 14, 50 + 14 + 20);
    for (at, expected) in [
        (ethernet - 1, [false, false, false, false]),
        (ethernet, [true, true, false, false]),
        (ip - 1, [true, true, false, false]),
        (ip, [true, true, true, false]),
        (ip + 3, [true, true, true, false]),
        (ip + 4, [true, true, true, true]),
    ] {
        assert_eq!(depth(&cut_at(&frame, at).packet), expected, "cut at {at}");
    }
}
