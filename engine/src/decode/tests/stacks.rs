//! VXLAN inside of VXLAN.

use super::craft::{
    self, Ipv4, Ipv6, MORE, datagram, ethernet, inner, mac, outer, over_ipv4, over_ipv6, patched,
};
use super::{Answer, assert_is_inner, ip, notes, packet, vteps, walk, walk_as, walk_with};
use crate::capture::LinkType;
use crate::decode::Overlays;
use crate::disposition::Ending;

/// The VNIs of what is around the innermost overlay, from the outermost in.
fn around(answer: &Answer) -> Vec<u32> {
    answer.aside.around(&answer.packet).layers.iter().map(|layer| layer.vni).collect()
}

/// The walk with another bound.
fn walk_to(max_depth: usize, frame: &[u8]) -> Answer {
    walk_with(&Overlays { max_depth, ..Overlays::default() }, LinkType::ETHERNET, frame, frame.len())
}

/// The packet is the innermost's, whatever the IP versions; what is around it stands in the stack.
#[test]
fn the_innermost_counts() {
    let between = craft::udp(50_001, 4789, &craft::vxlan(200, &inner()));
    let v6 = ethernet(mac(0xb1), mac(0xb2), craft::IPV6, &Ipv6::default().around(&between));
    let frame = over_ipv4(5000, &v6);
    let answer = walk(&frame);
    assert_eq!(answer.ending, Ending::Vxlan);
    let packet = &answer.packet;
    assert_is_inner(packet);
    assert_eq!((packet.key.vni(), packet.inner_len as usize), (200, inner().len()));
    assert_eq!(vteps(packet), (ip("2001:db8::1"), ip("2001:db8::2")));
    assert_eq!(
        (packet.origin.port(), packet.origin.mac().unwrap().to_string()),
        (50_001, "02:00:00:00:00:b1".into())
    );
    assert_eq!(packet.wire_len as usize, frame.len());
    // 20 outside, 40 inside; the underlay carries all but the outermost Ethernet header.
    assert_eq!((packet.outer_ip_header_len, packet.outer_ip_len as usize), (60, frame.len() - 14));
    assert_eq!(notes(packet), ["stacked"]);
    let [layer] = answer.aside.around(packet).layers else { panic!("one layer around it") };
    assert_eq!(
        (layer.vni, layer.tunnel.source(), layer.tunnel.destination()),
        (5000, ip("192.0.2.1"), ip("192.0.2.2"))
    );
    assert_eq!(
        (layer.origin.port(), layer.origin.mac().unwrap().to_string()),
        (49_152, "02:00:00:00:00:a1".into())
    );
}

/// Plain VXLAN has nothing around it, also after a nested one was walked with the same scratch space.
#[test]
fn a_plain_packet_has_no_stack() {
    assert!(!packet(&over_ipv4(1, &inner())).notes.has(crate::packet::Note::Stacked));
}

/// Four deep by default; the fifth is one too many. The bound can be moved.
#[test]
fn the_depth_is_bounded() {
    let deep = |depth: u32| (1..=depth).fold(inner(), |frame, vni| over_ipv4(vni, &frame));
    let four = walk(&deep(4));
    assert_eq!((four.ending, four.packet.key.vni(), around(&four)), (Ending::Vxlan, 1, vec![4, 3, 2]));
    assert_eq!(walk(&deep(5)).ending, Ending::DepthExceeded);
    assert_eq!(walk_to(1, &deep(1)).ending, Ending::Vxlan);
    assert_eq!(walk_to(1, &deep(2)).ending, Ending::DepthExceeded);
    let sixteen = walk_to(16, &deep(16));
    assert_eq!((sixteen.ending, around(&sixteen).len()), (Ending::Vxlan, 15));
    assert_eq!(walk_to(16, &deep(17)).ending, Ending::DepthExceeded);
}

/// A thousand layers, more than a datagram of 64 KiB holds elsewhere, end the walk at its bound.
#[test]
fn a_thousand_layers_are_refused() {
    let thousand = (1..=1000).fold(inner(), |frame, vni| over_ipv4(vni, &frame));
    assert_eq!(walk(&thousand).ending, Ending::DepthExceeded);
    assert_eq!(walk_to(16, &thousand).ending, Ending::DepthExceeded);
}

/// The same VNI inside of itself is two layers.
#[test]
fn one_vni_inside_of_itself() {
    let answer = walk(&over_ipv4(7, &over_ipv6(7, &inner())));
    assert_eq!((answer.packet.key.vni(), around(&answer)), (7, vec![7]));
}

/// What looks like VXLAN inside of VXLAN and is none is the tenant's UDP traffic, and refuses nothing.
#[test]
fn an_inner_would_be_tunnel_is_plain_traffic() {
    let whole = over_ipv4(200, &inner());
    let fragment = Ipv4 { flags_and_offset: MORE, ..Ipv4::default() };
    for (what, frame) in [
        ("no I flag", patched(whole.clone(), 42, &[0])),
        ("another port", patched(whole.clone(), 36, &[0, 53])),
        (
            "a VXLAN port as source alone",
            outer(craft::IPV4, &Ipv4::default().around(&craft::udp(4789, 5, &craft::vxlan(1, &inner())))),
        ),
        ("a short header", outer(craft::IPV4, &Ipv4::default().around(&craft::udp(1, 4789, &[8, 0, 0])))),
        ("a short frame inside", outer(craft::IPV4, &Ipv4::default().around(&datagram(1, &inner()[..13])))),
        ("a fragment", outer(craft::IPV4, &fragment.around(&datagram(200, &inner())))),
        ("a wrong UDP length", patched(whole.clone(), 38, &[0xff, 0xff])),
    ] {
        let answer = walk(&over_ipv4(100, &frame));
        assert_eq!((answer.ending, answer.packet.key.vni()), (Ending::Vxlan, 100), "{what}");
        assert_eq!(answer.packet.key.protocol(), Some(craft::UDP), "{what}");
        assert!(!answer.packet.notes.has(crate::packet::Note::Stacked), "{what}");
    }
}

/// A snap length takes the layers one by one, and never turns them into a fault.
#[test]
fn a_snap_length_takes_the_innermost_first() {
    let frame = over_ipv4(100, &over_ipv4(200, &inner()));
    for (held, vni, told) in [
        (frame.len() - 1, 200, vec!["inner_cut", "stacked"]),
        (100 + 14, 200, vec!["inner_cut", "inner_header_cut", "stacked"]),
        (100, 200, vec!["inner_cut", "inner_header_cut", "stacked"]),
        (99, 100, vec!["inner_cut"]),
        (50 + 14, 100, vec!["inner_cut", "inner_header_cut"]),
    ] {
        let answer = walk_as(LinkType::ETHERNET, &frame[..held], frame.len());
        assert_eq!((answer.ending, answer.packet.key.vni()), (Ending::Vxlan, vni), "{held} bytes");
        assert_eq!(notes(&answer.packet), told, "{held} bytes");
    }
}

/// Reserved bits of any layer are noted; a fault of the innermost frame as well.
#[test]
fn notes_are_of_all_layers() {
    let flagged = patched(over_ipv4(200, &inner()), 42 + 7, &[1]);
    assert_eq!(notes(&packet(&over_ipv4(100, &flagged))), ["reserved_bits", "stacked"]);
    let outside = patched(over_ipv4(100, &over_ipv4(200, &inner())), 42 + 7, &[1]);
    assert_eq!(notes(&packet(&outside)), ["reserved_bits", "stacked"]);
    let malformed = patched(over_ipv4(200, &inner()), 50 + 14 + 2, &[0xff, 0xff]);
    assert_eq!(notes(&packet(&over_ipv4(100, &malformed))), ["inner_malformed", "stacked"]);
}

/// Tags are stepped over in every layer.
#[test]
fn tags_between_the_layers() {
    let network = Ipv4::default().around(&datagram(200, &inner()));
    let tagged =
        outer(craft::SERVICE_VLAN, &craft::tag(7, craft::VLAN, &craft::tag(8, craft::IPV4, &network)));
    let answer = walk(&over_ipv4(100, &tagged));
    assert_eq!((answer.packet.key.vni(), answer.packet.key.tag()), (200, None));
    assert_is_inner(&answer.packet);
}
