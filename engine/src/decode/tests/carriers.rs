//! VXLAN in carriers, and what is in carriers without being VXLAN.

use super::craft::{
    self, BRIDGED, ERSPAN, ERSPAN_III, Ipv4, Ipv6, MORE, datagram, ethernet, gre, inner, labels,
};
use super::craft::{mac, outer, over_ipv4, over_ipv6, patched, pppoe};
use super::{Answer, assert_is_inner, candidate, ending, ip, notes, vteps, walk, walk_as};
use crate::capture::LinkType;
use crate::disposition::{Disposition, Ending};
use crate::encapsulation::path;
use crate::packet::Note;
use crate::wire::icmp::Error;

/// The VTEPs' own packet: from 192.0.2.1 to 192.0.2.2.
fn carried() -> Vec<u8> {
    Ipv4::default().around(&datagram(100, &inner()))
}

/// Carriers' addresses, which are no VTEPs.
fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = ([198, 51, 100, 1], [198, 51, 100, 2]);
    Ipv4 { source, destination, protocol, ..Ipv4::default() }.around(payload)
}

fn v6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    Ipv6 { source: 0xfd00 << 112 | 1, destination: 0xfd00 << 112 | 2, next_header }.around(payload)
}

fn in_v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    outer(craft::IPV4, &v4(protocol, payload))
}

fn in_gre(protocol: u16, payload: &[u8]) -> Vec<u8> {
    in_v4(craft::GRE, &gre(protocol, [None; 3], payload))
}

fn path_of(answer: &Answer) -> String {
    path(answer.aside.around(&answer.packet), answer.packet.tunnel.encapsulation()).into_owned()
}

/// Each carrier with the path that it makes: carriers' IP headers in bytes, and their own.
fn all() -> Vec<(&'static str, &'static str, Vec<u8>, u32, u32)> {
    let (packet, frame) = (carried(), over_ipv4(100, &inner()));
    let erspan_iii = [&[0x20, 5, 0, 1][..], &[0; 8], &frame].concat();
    let with_subheader = [&[0x20, 5, 0, 1][..], &[0; 7], &[1], &[9; 8], &frame].concat();
    let word = [&[0, 0, 0, 0][..], &frame].concat();
    let type_iii = |header: &[u8]| in_v4(craft::GRE, &gre(ERSPAN_III, [None, None, Some(1)], header));
    vec![
        ("a label", "mpls/vxlan", outer(craft::MPLS, &labels(&[16], &packet)), 0, 4),
        ("labels", "mpls/vxlan", outer(craft::MPLS_MULTICAST, &labels(&[16, 17, 18], &packet)), 0, 12),
        ("a control word", "mpls/vxlan", outer(craft::MPLS, &labels(&[16, 17], &word)), 0, 12),
        ("no control word", "mpls/vxlan", outer(craft::MPLS, &labels(&[16, 17], &frame)), 0, 8),
        ("PPPoE", "pppoe/vxlan", outer(craft::PPPOE, &pppoe(0x21, &packet)), 0, 8),
        ("4in4", "ipip/vxlan", in_v4(craft::IPIP, &packet), 20, 0),
        ("4in6", "ipip/vxlan", outer(craft::IPV6, &v6(craft::IPIP, &packet)), 40, 0),
        ("GRE", "gre/vxlan", in_gre(craft::IPV4, &packet), 20, 4),
        (
            "all of GRE",
            "gre/vxlan",
            in_v4(craft::GRE, &gre(craft::IPV4, [Some(0), Some(1), Some(2)], &packet)),
            20,
            16,
        ),
        (
            "GRE over IPv6",
            "gre/vxlan",
            outer(craft::IPV6, &v6(craft::GRE, &gre(craft::IPV4, [None; 3], &packet))),
            40,
            4,
        ),
        ("bridged", "gre/vxlan", in_gre(BRIDGED, &frame), 20, 4),
        (
            "a key that NVGRE has as well",
            "gre/vxlan",
            in_v4(craft::GRE, &gre(BRIDGED, [None, Some(0x64_01), None], &frame)),
            20,
            8,
        ),
        ("MPLS in GRE", "gre/mpls/vxlan", in_gre(craft::MPLS, &labels(&[16], &packet)), 20, 8),
        ("ERSPAN I", "erspan/vxlan", in_gre(ERSPAN, &frame), 20, 4),
        ("ERSPAN II", "erspan/vxlan", in_v4(craft::GRE, &craft::erspan(&frame)), 20, 16),
        ("ERSPAN III", "erspan/vxlan", type_iii(&erspan_iii), 20, 20),
        ("ERSPAN III, longer", "erspan/vxlan", type_iii(&with_subheader), 20, 28),
        (
            "ERSPAN III of IP",
            "erspan/vxlan",
            type_iii(&[&[0x20, 5, 0, 1][..], &[0; 6], &[8, 0], &packet].concat()),
            20,
            20,
        ),
        (
            "a mirrored customer",
            "erspan/pppoe/vxlan",
            in_v4(craft::GRE, &craft::erspan(&outer(craft::PPPOE, &pppoe(0x21, &packet)))),
            20,
            24,
        ),
    ]
}

/// Whatever carries it, the packet is the VTEPs', who are the IP pair directly around its UDP header.
#[test]
fn each_carrier() {
    for (what, named, frame, ip_headers, headers) in all() {
        let answer = walk(&frame);
        let packet = &answer.packet;
        assert_eq!(answer.ending, Ending::Vxlan, "{what}");
        assert_is_inner(packet);
        assert_eq!(path_of(&answer), named, "{what}");
        assert_eq!(vteps(packet), (ip("192.0.2.1"), ip("192.0.2.2")), "{what}");
        assert_eq!((packet.key.vni(), packet.inner_len as usize), (100, inner().len()), "{what}");
        assert_eq!(packet.inner(&frame), inner(), "{what}");
        assert_eq!(packet.outer_ip_header_len, 20 + ip_headers, "{what}");
        assert_eq!(answer.aside.around(packet).carriers.header_len(), headers, "{what}");
        assert_eq!(notes(packet), ["stacked"], "{what}");
    }
}

/// The network that the frame was seen on carries the outermost IP packet, of whoever that is.
#[test]
fn the_outermost_packet_is_what_needs_the_mtu() {
    let frame = in_gre(craft::IPV4, &carried());
    assert_eq!(walk(&frame).packet.outer_ip_len as usize, frame.len() - 14);
    let labelled = outer(craft::MPLS, &labels(&[16, 17], &carried()));
    assert_eq!(walk(&labelled).packet.outer_ip_len as usize, labelled.len() - 14 - 8);
}

/// 6in4 and 6in6, and IPv6 in every carrier that says so.
#[test]
fn ipv6_inside() {
    let packet = Ipv6::default().around(&datagram(100, &inner()));
    for (named, frame) in [
        ("ipip/vxlan", in_v4(craft::IPV6_IN_IP, &packet)),
        ("ipip/vxlan", outer(craft::IPV6, &v6(craft::IPV6_IN_IP, &packet))),
        ("gre/vxlan", in_gre(craft::IPV6, &packet)),
        ("mpls/vxlan", outer(craft::MPLS, &labels(&[2], &packet))),
        ("pppoe/vxlan", outer(craft::PPPOE, &pppoe(0x57, &packet))),
        ("erspan/vxlan", in_gre(ERSPAN, &over_ipv6(100, &inner()))),
    ] {
        let answer = walk(&frame);
        assert_is_inner(&answer.packet);
        assert_eq!((path_of(&answer).as_str(), answer.packet.key.vni()), (named, 100));
        assert_eq!(vteps(&answer.packet).0, ip("2001:db8::1"));
    }
}

/// The sender of the frame that the VTEP's packet stands in: of a mirrored one its own, of a routed one none.
#[test]
fn the_outer_mac_is_that_of_the_frame_around() {
    let of = |frame: &[u8]| walk(frame).packet.origin.mac().map(|mac| mac.to_string());
    assert_eq!(of(&outer(craft::MPLS, &labels(&[16], &carried()))).as_deref(), Some("02:00:00:00:00:a1"));
    assert_eq!(of(&in_gre(craft::IPV4, &carried())), None);
    let mirrored = ethernet(mac(0xb1), mac(0xb2), craft::IPV4, &carried());
    assert_eq!(of(&in_v4(craft::GRE, &craft::erspan(&mirrored))).as_deref(), Some("02:00:00:00:00:b1"));
}

/// A carrier around, between and inside of overlays.
#[test]
fn carriers_between_overlays() {
    let inside =
        ethernet(mac(3), mac(4), craft::IPV4, &v4(craft::GRE, &gre(craft::IPV4, [None; 3], &carried())));
    let frame = outer(craft::MPLS, &labels(&[16], &Ipv4::default().around(&datagram(200, &inside))));
    let answer = walk(&frame);
    assert_is_inner(&answer.packet);
    assert_eq!(path_of(&answer), "mpls/vxlan/gre/vxlan");
    assert_eq!(answer.packet.key.vni(), 100);
    assert_eq!(answer.packet.outer_ip_header_len, 60);
    for (ethertype, payload) in
        [(craft::MPLS, labels(&[16], &carried())), (craft::PPPOE, pppoe(0x21, &carried()))]
    {
        let answer = walk(&over_ipv4(7, &ethernet(mac(3), mac(4), ethertype, &payload)));
        assert!(path_of(&answer).starts_with("vxlan/"), "{}", path_of(&answer));
        assert_is_inner(&answer.packet);
    }
}

/// What was walked before leaves nothing behind.
#[test]
fn a_plain_packet_is_in_no_carrier() {
    let (mut packet, mut aside) = (crate::packet::Packet::default(), super::Aside::default());
    let mut walk = |data: &[u8]| {
        let frame =
            crate::capture::Frame { data, wire_len: data.len() as u32, time: 7, link: LinkType::ETHERNET };
        super::decode(&frame, &super::Overlays::default(), &mut packet, &mut aside);
        path(aside.around(&packet), packet.tunnel.encapsulation()).into_owned()
    };
    assert_eq!(walk(&in_gre(craft::IPV4, &carried())), "gre/vxlan");
    assert_eq!(walk(&over_ipv4(1, &inner())), "vxlan");
    assert_eq!(walk(&in_gre(craft::IPV4, &carried())), "gre/vxlan");
    assert_eq!(walk(&over_ipv4(1, &over_ipv4(2, &inner()))), "vxlan/vxlan");
    assert_eq!(walk(&over_ipv4(1, &over_ipv4(2, &inner()))), "vxlan/vxlan");
    assert_eq!(walk(&outer(craft::MPLS, &labels(&[3], &carried()))), "mpls/vxlan");
}

/// Carriers without VXLAN, and whatever is odd inside of one, are what they are by their outermost headers.
#[test]
fn what_carries_something_else() {
    let no_bottom: Vec<u8> = (0..30).flat_map(|_| [0, 1, 0, 64]).collect();
    let truncated = patched(outer(craft::PPPOE, &pppoe(0x21, &carried())), 14 + 4, &[0x40, 0]);
    let tcp = Ipv4 { protocol: craft::TCP, ..Ipv4::default() }.around(&craft::tcp(1, 4789, 2, &[], &[]));
    for (what, expected, frame) in [
        ("a label stack without bottom", Ending::CarriersExceeded, outer(craft::MPLS, &no_bottom)),
        ("... that ends first", Ending::NonIp, outer(craft::MPLS, &no_bottom[..40])),
        (
            "an associated channel",
            Ending::NonIp,
            outer(craft::MPLS, &labels(&[16], &[0x10, 0, 0, 7, 1, 2, 3, 4])),
        ),
        ("nothing behind labels", Ending::NonIp, outer(craft::MPLS, &labels(&[16], &[]))),
        ("IPv4 too short behind labels", Ending::NonIp, outer(craft::MPLS, &labels(&[16], &carried()[..30]))),
        ("a PPPoE length beyond the frame", Ending::NonIp, truncated),
        ("PPPoE discovery", Ending::NonIp, outer(0x8863, &pppoe(0x21, &carried()))),
        ("LCP", Ending::NonIp, outer(craft::PPPOE, &pppoe(0xc021, &[1, 1, 0, 4]))),
        ("GRE with routing", Ending::NonUdp, patched(in_gre(craft::IPV4, &carried()), 34, &[0x40])),
        ("GRE version 1", Ending::NonUdp, patched(in_gre(craft::IPV4, &carried()), 35, &[1])),
        ("GRE that ends in its header", Ending::NonUdp, in_v4(craft::GRE, &[0xb0, 0, 8, 0, 0, 0])),
        ("an unknown protocol type", Ending::NonUdp, in_gre(0x2001, &carried())),
        (
            "an unknown ERSPAN version",
            Ending::NonUdp,
            in_v4(craft::GRE, &gre(ERSPAN_III, [None; 3], &[0x70; 60])),
        ),
        ("IPv4 where IPv6 is announced", Ending::NonUdp, in_v4(craft::IPV6_IN_IP, &carried())),
        ("a length beyond", Ending::NonUdp, in_gre(craft::IPV4, &patched(carried(), 2, &[0xff, 0xff]))),
        ("a UDP length beyond", Ending::NonUdp, in_gre(craft::IPV4, &patched(carried(), 24, &[0xff, 0xff]))),
        ("TCP", Ending::NonUdp, in_gre(craft::IPV4, &tcp)),
        ("another port", Ending::OtherPort, in_gre(craft::IPV4, &patched(carried(), 22, &[0, 53]))),
        ("no I flag", Ending::IFlagClear, in_gre(craft::IPV4, &patched(carried(), 28, &[0]))),
    ] {
        assert_eq!(ending(&frame), expected, "{what}");
    }
}

/// Another port whose traffic looks like VXLAN is told of in carriers as well.
#[test]
fn a_candidate_in_a_carrier() {
    let frame = in_v4(craft::GRE, &craft::erspan(&patched(over_ipv4(4, &inner()), 36, &[0x21, 0x18])));
    assert_eq!(candidate(&walk(&frame)), Some((8472, 4)));
}

/// IP in IP a thousand deep ends the walk at its bound, and so does every other loop; eight are looked into.
#[test]
fn a_thousand_carriers() {
    let nested = |count: usize| (0..count).fold(carried(), |packet, _| v4(craft::IPIP, &packet));
    assert_eq!(ending(&outer(craft::IPV4, &nested(1000))), Ending::CarriersExceeded);
    assert_eq!(ending(&outer(craft::IPV4, &nested(9))), Ending::CarriersExceeded);
    let eight = walk(&outer(craft::IPV4, &nested(8)));
    assert_eq!((eight.ending, eight.packet.outer_ip_header_len), (Ending::Vxlan, 180));
    assert_is_inner(&eight.packet);
    let mirrored =
        (0..1000).fold(over_ipv4(1, &inner()), |frame, _| in_v4(craft::GRE, &craft::erspan(&frame)));
    assert_eq!(ending(&mirrored), Ending::CarriersExceeded);
    let labelled = |count: u32| outer(craft::MPLS, &labels(&(0..count).collect::<Vec<_>>(), &carried()));
    assert_eq!(walk(&labelled(16)).ending, Ending::Vxlan);
    assert_eq!(walk(&labelled(17)).ending, Ending::CarriersExceeded);
    // Inside of an overlay it is the tenant's traffic.
    let inside = walk(&over_ipv4(7, &outer(craft::IPV4, &nested(9))));
    assert_eq!((inside.ending, inside.packet.key.protocol()), (Ending::Vxlan, Some(craft::IPIP)));
}

/// A frame that is cut at any byte is VXLAN, invalid from its UDP port on, or what it was without a look inside.
#[test]
fn cut_at_each_byte() {
    for (what, _, frame, ..) in all() {
        let mut found = Vec::new();
        for held in 0..=frame.len() {
            let ending = walk_as(LinkType::ETHERNET, &frame[..held], frame.len()).ending;
            if found.last() != Some(&ending) {
                found.push(ending);
            }
        }
        let plain =
            if frame[12..14] == [0x88, 0x47] || frame[12] == 0x88 { Ending::NonIp } else { Ending::NonUdp };
        // From its key on, before anything in it is found.
        let nvgre = (what == "a key that NVGRE has as well").then_some(Ending::UnselectedNvgre);
        let expected =
            [Ending::OuterCut, plain].into_iter().chain(nvgre).chain([Ending::VxlanCut, Ending::Vxlan]);
        assert!(found.iter().copied().eq(expected), "{what}: {found:?}");
    }
}

/// Puts something around a payload.
type Shape = fn(&[u8]) -> Vec<u8>;

/// A packet that ends anywhere inside of a carrier is never malformed for that.
#[test]
fn short_at_each_byte() {
    let frame = over_ipv4(100, &inner());
    let mirrored = craft::erspan(&frame);
    let routed = gre(craft::IPV4, [Some(0), Some(1), Some(2)], &carried());
    let shapes: [(&[u8], Shape); 5] = [
        (&mirrored, |payload| in_v4(craft::GRE, payload)),
        (&routed, |payload| in_v4(craft::GRE, payload)),
        (&carried(), |payload| in_v4(craft::IPIP, payload)),
        (&labels(&[16, 17], &frame), |payload| outer(craft::MPLS, payload)),
        (&pppoe(0x21, &carried()), |payload| outer(craft::PPPOE, payload)),
    ];
    for (payload, shape) in shapes {
        for len in 0..payload.len() {
            let found = ending(&shape(&payload[..len]));
            assert_ne!(found.disposition(), Disposition::Malformed, "{} at {len}", found.name());
        }
    }
}

/// A mirror may cut what it copies: the mirrored packet is as long as it says.
#[test]
fn a_mirror_that_truncates() {
    let frame = over_ipv4(100, &inner());
    let cut = in_v4(craft::GRE, &craft::erspan(&frame[..frame.len() - 3]));
    let answer = walk(&cut);
    assert_eq!((answer.ending, notes(&answer.packet)), (Ending::Vxlan, vec!["inner_cut", "stacked"]));
    assert_is_inner(&answer.packet);
    let answer = walk(&in_v4(craft::GRE, &craft::erspan(&frame[..52])));
    assert_eq!((answer.ending, answer.packet.inner_len as usize), (Ending::Vxlan, inner().len()));
    assert_eq!(notes(&answer.packet), ["inner_cut", "inner_header_cut", "stacked"]);
    // What is no mirror does not.
    assert_eq!(ending(&in_gre(BRIDGED, &frame[..frame.len() - 3])), Ending::NonUdp);
}

/// A trailer inside of a carrier, as a frame check sequence in a mirrored frame, is none of the packet's.
#[test]
fn a_trailer_inside() {
    let frame = [over_ipv4(100, &inner()), vec![0xee; 4]].concat();
    for frame in [in_v4(craft::GRE, &craft::erspan(&frame)), outer(craft::MPLS, &labels(&[16], &frame))] {
        assert_eq!(walk(&frame).packet.inner_len as usize, inner().len());
    }
}

/// Segmentation offload leaves lengths out of the carrier's header, of the VTEP's, or of both.
#[test]
fn lengths_left_out() {
    let zero = |packet: Vec<u8>| patched(packet, 2, &[0, 0]);
    let inside = gre(craft::IPV4, [None; 3], &carried());
    let inside_too = gre(craft::IPV4, [None; 3], &zero(carried()));
    for packet in
        [zero(v4(craft::GRE, &inside)), zero(v4(craft::GRE, &inside_too)), v4(craft::GRE, &inside_too)]
    {
        let answer = walk(&outer(craft::IPV4, &packet));
        assert_eq!((answer.ending, answer.packet.inner_len as usize), (Ending::Vxlan, inner().len()));
        assert!(answer.packet.notes.has(Note::Offload));
    }
    let large = Ipv4::default().around(&datagram(100, &[inner(), vec![0; 9216]].concat()));
    assert!(walk(&outer(craft::MPLS, &labels(&[16], &large))).packet.notes.has(Note::Offload));
}

/// A piece of a datagram, the carrier's or the VTEP's, is a fragment; of what can be no VXLAN it is not.
#[test]
fn pieces_of_datagrams() {
    let piece = |protocol: u8, offset: u16, data: &[u8]| {
        Ipv4 { protocol, flags_and_offset: offset, ..Ipv4::default() }.around(data)
    };
    for (what, expected, frame) in [
        ("of GRE", Ending::Fragment, outer(craft::IPV4, &piece(craft::GRE, MORE, &[0; 64]))),
        ("of 4in4", Ending::Fragment, outer(craft::IPV4, &piece(craft::IPIP, 8, &[0; 63]))),
        ("of TCP", Ending::NonUdp, outer(craft::IPV4, &piece(craft::TCP, MORE, &[0; 64]))),
        (
            "that no GRE datagram can have",
            Ending::NonUdp,
            outer(craft::IPV4, &piece(craft::GRE, MORE, &[0; 63])),
        ),
        ("inside of GRE", Ending::Fragment, in_gre(craft::IPV4, &piece(craft::UDP, MORE, &[0; 64]))),
        (
            "inside of labels",
            Ending::Fragment,
            outer(craft::MPLS, &labels(&[3], &piece(craft::UDP, 9, &[0; 9]))),
        ),
        ("of TCP inside of GRE", Ending::NonUdp, in_gre(craft::IPV4, &piece(craft::TCP, MORE, &[0; 64]))),
        ("impossible inside of GRE", Ending::NonUdp, in_gre(craft::IPV4, &piece(craft::UDP, MORE, &[0; 63]))),
    ] {
        assert_eq!(ending(&frame), expected, "{what}");
    }
}

/// An ICMP error in a mirrored frame is about the tunnel that it quotes.
#[test]
fn an_error_in_a_mirror() {
    let message = [&[3, 4, 0, 0, 0, 0, 5, 0xaa][..], &carried()].concat();
    let router = Ipv4 { protocol: 1, source: [192, 0, 2, 9], destination: [192, 0, 2, 1], ..Ipv4::default() };
    let answer = walk(&in_v4(craft::GRE, &craft::erspan(&outer(craft::IPV4, &router.around(&message)))));
    assert_eq!(answer.ending, Ending::NonUdp);
    assert!(matches!(answer.aside.error, Some(Error::TooBig { .. })), "{:?}", answer.aside.error);
    assert_eq!(vteps(&answer.packet), (ip("192.0.2.1"), ip("192.0.2.2")));
}

/// Each byte of each carrier set to each value, and cut: no panic, and what it claims stays inside the frame.
#[test]
fn no_byte_makes_it_panic() {
    for (_, _, mut frame, ..) in all() {
        let headers = frame.len() - inner().len() + 14;
        for at in 12..headers {
            let before = frame[at];
            for value in 0..=255 {
                frame[at] = value;
                let answer = walk(&frame);
                if answer.ending == Ending::Vxlan {
                    assert!(answer.packet.inner(&frame).len() <= frame.len());
                }
                walk_as(LinkType::ETHERNET, &frame[..at], frame.len());
            }
            frame[at] = before;
        }
    }
}
