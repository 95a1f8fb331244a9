//! ICMP errors of the underlay, and the VXLAN packets that they quote.

use super::craft::{self, Ipv4, Ipv6, MORE, datagram, fragment, inner, outer, over_ipv4, over_ipv6, patched};
use super::{Answer, ip, vteps, walk, walk_as};
use crate::capture::LinkType;
use crate::disposition::Ending;
use crate::wire::icmp::Error;

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const TOO_BIG: [u8; 8] = [3, 4, 0, 0, 0, 0, 0x05, 0xaa];

/// An ICMP error from a router to the VTEP 192.0.2.1.
fn error(header: [u8; 8], quote: &[u8]) -> Vec<u8> {
    let router =
        Ipv4 { source: [192, 0, 2, 254], destination: [192, 0, 2, 1], protocol: ICMP, ..Ipv4::default() };
    outer(craft::IPV4, &router.around(&[&header[..], quote].concat()))
}

/// The outer IP packet of a VXLAN packet in VNI 100.
fn quoted() -> Vec<u8> {
    over_ipv4(100, &inner())[14..].to_vec()
}

/// What the error tells, and whether it quotes the VNI.
fn quote(answer: &Answer) -> Option<(Error, bool)> {
    assert_eq!(answer.ending, Ending::NonUdp);
    answer.aside.error.map(|error| (error, answer.packet.key.known_vni().is_some()))
}

/// The tunnel's direction is that of the packet that is quoted, not of the error; all that the quote holds is read.
#[test]
fn a_whole_packet() {
    let answer = walk(&error(TOO_BIG, &quoted()));
    assert_eq!(quote(&answer), Some((Error::TooBig(Some(1450)), true)));
    assert_eq!(vteps(&answer.packet), (ip("192.0.2.1"), ip("192.0.2.2")));
    assert_eq!((answer.packet.key.vni(), answer.packet.key.ports()), (100, Some((40_000, 80))));
}

/// Eight bytes behind the IP header are all that RFC 792 asks for: they tell the tunnel, and no VNI. With fewer, there is
/// no telling that it was VXLAN.
#[test]
fn every_length_of_the_quote() {
    let whole = quoted();
    for len in 0..=whole.len() {
        let answer = walk(&error(TOO_BIG, &whole[..len]));
        let has_vni = (28 <= len).then_some(36 <= len);
        assert_eq!(quote(&answer).map(|(_, has_vni)| has_vni), has_vni, "{len}");
        if has_vni.is_some() {
            assert_eq!(vteps(&answer.packet), (ip("192.0.2.1"), ip("192.0.2.2")));
        }
    }
}

/// A quote that the snap length cut is as good as one that the router cut.
#[test]
fn every_snap_length() {
    let whole = error(TOO_BIG, &quoted());
    for held in 34..=whole.len() {
        let answer = walk_as(LinkType::ETHERNET, &whole[..held], whole.len());
        let has_vni = (14 + 20 + 8 + 28 <= held).then_some(14 + 20 + 8 + 36 <= held);
        assert_eq!(quote(&answer).map(|(_, has_vni)| has_vni), has_vni, "{held}");
    }
}

/// Some hosts decrement the length in the header that they quote, or write it in their own byte order: what is quoted is
/// what is there.
#[test]
fn the_length_in_a_quoted_header_is_not_believed() {
    for length in [[0, 0], [0xff, 0xff]] {
        let answer = walk(&error(TOO_BIG, &patched(quoted(), 2, &length)));
        assert_eq!(quote(&answer).map(|(_, has_vni)| has_vni), Some(true), "{length:?}");
    }
}

/// A first fragment holds the headers, a later one does not.
#[test]
fn fragments() {
    let first = Ipv4 { flags_and_offset: MORE, ..Ipv4::default() }.around(&datagram(100, &inner())[..64]);
    assert_eq!(quote(&walk(&error(TOO_BIG, &first))).map(|(_, has_vni)| has_vni), Some(true));
    let later = Ipv4 { flags_and_offset: 8, ..Ipv4::default() }.around(&datagram(100, &inner()));
    assert_eq!(quote(&walk(&error(TOO_BIG, &later))), None);
    // The error itself in pieces.
    let router = Ipv4 { protocol: ICMP, flags_and_offset: MORE, ..Ipv4::default() };
    let piece = outer(craft::IPV4, &router.around(&[&TOO_BIG[..], &quoted()].concat()));
    assert_eq!(quote(&walk(&piece)), None);
}

/// Errors about other traffic, and messages that are no errors, are none of this.
#[test]
fn what_is_no_quote() {
    let other_port = Ipv4::default().around(&craft::udp(1, 53, &[0; 40]));
    let tcp = Ipv4 { protocol: craft::TCP, ..Ipv4::default() }.around(&craft::tcp(1, 4789, 2, &[], &[]));
    for (header, data) in [(TOO_BIG, other_port), (TOO_BIG, tcp), ([8, 0, 0, 0, 0, 0, 0, 0], quoted())] {
        assert_eq!(quote(&walk(&error(header, &data))), None);
    }
    // ICMPv6 in IPv4 is neither's.
    let odd = Ipv4 { protocol: ICMPV6, ..Ipv4::default() }.around(&[&TOO_BIG[..], &quoted()].concat());
    assert_eq!(quote(&walk(&outer(craft::IPV4, &odd))), None);
}

/// A quoted packet without the I flag has no VNI, and met the error all the same.
#[test]
fn i_flag_clear() {
    let answer = walk(&error(TOO_BIG, &patched(quoted(), 28, &[0])));
    assert_eq!(quote(&answer).map(|(_, has_vni)| has_vni), Some(false));
    assert_eq!(answer.packet.key.macs(), None);
}

#[test]
fn ipv6() {
    let packet = over_ipv6(100, &inner())[14..].to_vec();
    let message = [&[2, 0, 0, 0, 0, 0, 0x05, 0x00][..], &packet].concat();
    let router = Ipv6 { source: 0xfe, destination: (0x2001_0db8 << 96) | 1, next_header: ICMPV6 };
    let answer = walk(&outer(craft::IPV6, &router.around(&message)));
    assert_eq!(quote(&answer), Some((Error::TooBig(Some(1280)), true)));
    assert_eq!(vteps(&answer.packet), (ip("2001:db8::1"), ip("2001:db8::2")));
    let piece = Ipv6 { next_header: 44, ..router };
    let piece = piece.around(&fragment(ICMPV6, 0, true, 7, &message));
    assert_eq!(quote(&walk(&outer(craft::IPV6, &piece))), None);
}
