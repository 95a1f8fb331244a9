//! Fragments of outer datagrams, and what is behind their headers once they are together.

use super::craft::{self, Ipv4, Ipv6, MORE, authentication, datagram, fragment, inner, options, outer, udp};
use super::{Answer, assert_is_inner, candidate, ending, ip, notes, vteps};
use crate::capture::{Frame, LinkType};
use crate::decode::{Aside, Overlays, Piece, Whole, piece, whole};
use crate::disposition::Ending;
use crate::packet::Packet;

fn v4(flags_and_offset: u16, data: &[u8]) -> Vec<u8> {
    outer(craft::IPV4, &Ipv4 { identification: 77, flags_and_offset, ..Ipv4::default() }.around(data))
}

fn v6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    outer(craft::IPV6, &Ipv6 { next_header, ..Ipv6::default() }.around(payload))
}

/// The fragment in a frame of which `held` bytes are there.
fn cut_piece(data: &[u8], held: usize) -> Piece<'_> {
    let frame = Frame { data: &data[..held], wire_len: data.len() as u32, time: 7, link: LinkType::ETHERNET };
    piece(&frame).unwrap()
}

fn piece_of(data: &[u8]) -> Piece<'_> {
    assert_eq!(ending(data), Ending::Fragment);
    cut_piece(data, data.len())
}

/// A datagram of `front` and what else there is of `len` bytes, in pieces with 20 or 48 bytes of IP header each.
fn together<'a>(piece: &Piece<'_>, front: &'a [u8], len: u32) -> Whole<'a> {
    Whole {
        datagram: piece.datagram,
        protocol: piece.protocol,
        front,
        len,
        is_complete: true,
        is_cut: false,
        overlaps: false,
        is_offload: false,
        is_routed_on: false,
        front_len: piece.front_len,
        handling: piece.handling,
        mac: piece.mac,
        header_len: piece.header_len,
        time: 9,
        wire_len: 500,
    }
}

fn walk_whole(given: &Whole<'_>) -> Answer {
    let (mut packet, mut aside) = (Packet::default(), Aside::default());
    let ending = whole(given, &Overlays::default(), &mut packet, &mut aside);
    Answer { ending, packet, aside }
}

/// What the header of an IPv4 fragment tells of it.
#[test]
fn ipv4_piece() {
    let frame = v4(MORE | 63, &[5; 64]);
    let found = piece_of(&frame);
    assert_eq!((found.offset, found.len, found.end(), found.more), (504, 64, 568, true));
    assert_eq!((found.datagram.source(), found.datagram.destination()), (ip("192.0.2.1"), ip("192.0.2.2")));
    assert_eq!((found.datagram.identification(), found.header_len), (77, 20));
    assert_eq!((found.data, found.is_cut, found.time), (&[5; 64][..], false, 7));
    assert_eq!((found.wire_len as usize, found.is_offload), (frame.len(), false));
    assert!(!piece_of(&v4(63, &[5; 64])).more);
}

/// Extension headers stand before an IPv6 fragment's header, and count as its IP header.
#[test]
fn ipv6_piece() {
    let pieced = fragment(craft::UDP, 1480, true, 0xdead_beef, &[5; 64]);
    let (hop_by_hop, routing, header) = (0, 43, 44);
    let frame = v6(hop_by_hop, &options(routing, 0, &options(header, 1, &pieced)));
    let found = piece_of(&frame);
    assert_eq!((found.offset, found.len, found.more), (1480, 64, true));
    assert_eq!((found.datagram.identification(), found.header_len), (0xdead_beef, 40 + 8 + 16 + 8));
    assert_eq!((found.datagram.source(), found.protocol), (ip("2001:db8::1"), craft::UDP));
    assert_eq!(found.data, [5; 64]);
}

/// Pieces belong together by both addresses and the identification.
#[test]
fn pieces_of_one_datagram() {
    let with = |source: u8, destination: u8, identification: u16| {
        let (source, destination) = ([192, 0, 2, source], [192, 0, 2, destination]);
        let header = Ipv4 { source, destination, identification, flags_and_offset: MORE, ..Ipv4::default() };
        piece_of(&outer(craft::IPV4, &header.around(&[0; 64]))).datagram
    };
    assert_eq!(with(1, 2, 7), with(1, 2, 7));
    for other in [with(2, 1, 7), with(1, 3, 7), with(3, 2, 7), with(1, 2, 8)] {
        assert_ne!(with(1, 2, 7), other);
    }
}

/// A snap length cuts bytes, and no lengths.
#[test]
fn cut_piece_keeps_its_length() {
    let frame = v4(63, &[5; 64]);
    let found = cut_piece(&frame, 14 + 20 + 10);
    assert_eq!((found.len, found.data, found.is_cut), (64, &[5; 10][..], true));
    assert!(cut_piece(&frame, 14 + 20).data.is_empty());
}

/// Ethernet's padding of a short piece is not the piece's.
#[test]
fn padding_is_no_data() {
    let frame = [v4(63, &[5; 9]), vec![0; 17]].concat();
    assert_eq!((piece_of(&frame).len, piece_of(&frame).data), (9, &[5; 9][..]));
}

/// Fragments of what is not UDP cannot be VXLAN's; behind options of IPv6 there may be UDP.
#[test]
fn fragments_of_something_else() {
    let v4 = |protocol, flags_and_offset| {
        ending(&outer(craft::IPV4, &Ipv4 { protocol, flags_and_offset, ..Ipv4::default() }.around(&[0; 64])))
    };
    assert_eq!((v4(craft::TCP, 20), v4(craft::TCP, MORE)), (Ending::NonUdp, Ending::NonUdp));
    let v6 = |next_header| ending(&v6(44, &fragment(next_header, 1480, false, 1, &[0xff; 100])));
    assert_eq!((v6(craft::TCP), v6(60)), (Ending::NonUdp, Ending::Fragment));
}

/// No datagram is longer than 65,535 bytes, has an empty piece, or a piece that ends off the grid of 8 bytes and is not
/// its last.
#[test]
fn impossible_fragments() {
    let ends = |offset: u16, more: bool, len: usize| {
        let v4 = ending(&v4(if more { MORE } else { 0 } | (offset / 8), &vec![0; len]));
        let v6 = ending(&v6(44, &fragment(craft::UDP, offset, more, 1, &vec![0; len])));
        assert_eq!(v4, v6);
        v4
    };
    assert_eq!(ends(65_528, false, 7), Ending::Fragment);
    assert_eq!(ends(65_528, false, 8), Ending::FragmentLength);
    assert_eq!(ends(65_520, true, 8), Ending::Fragment);
    assert_eq!(ends(65_520, true, 16), Ending::FragmentLength);
    assert_eq!(ends(8, true, 0), Ending::FragmentLength);
    assert_eq!(ends(8, false, 0), Ending::FragmentLength);
    assert_eq!(ends(0, true, 12), Ending::FragmentLength);
    assert_eq!(ends(8, false, 12), Ending::Fragment);
}

/// A whole is a packet with the lengths of the datagram; the IP header and the frame are those of its last piece.
#[test]
fn whole_ipv4() {
    let data = datagram(100, &[inner(), vec![0; 1000]].concat());
    let frame = v4(63, &data[504..]);
    let last = piece_of(&frame);
    let found = walk_whole(&together(&last, &data[..504], data.len() as u32));
    assert_eq!(found.ending, Ending::Vxlan);
    let packet = &found.packet;
    assert_is_inner(packet);
    assert_eq!((packet.inner_len as usize, packet.key.vni()), (inner().len() + 1000, 100));
    assert_eq!(vteps(packet), (ip("192.0.2.1"), ip("192.0.2.2")));
    assert_eq!((packet.wire_len, packet.time, packet.outer_ip_header_len), (500, 9, 20));
    // As large as in one piece.
    assert_eq!(packet.outer_ip_len as usize, 20 + data.len());
    assert_eq!(notes(packet), ["reassembled"]);
}

/// Behind the fragment header the datagram may begin with extension headers of its own (RFC 8200, section 4.5).
#[test]
fn whole_ipv6_that_begins_with_options() {
    let data = datagram(100, &[inner(), vec![0; 1000]].concat());
    let (destination, authenticated) = (60, 51);
    let front = options(authenticated, 2, &authentication(craft::UDP, &data));
    let frame = v6(44, &fragment(destination, 0, true, 1, &front[..8]));
    let found = walk_whole(&together(&piece_of(&frame), &front, front.len() as u32));
    assert_eq!(found.ending, Ending::Vxlan);
    assert_is_inner(&found.packet);
    assert_eq!(found.packet.outer_ip_header_len, 48 + 24 + 24);
    // In one piece it would have no fragment header.
    assert_eq!(found.packet.outer_ip_len as usize, 40 + 24 + 24 + data.len());
    let tcp = options(craft::TCP, 0, &data);
    assert_eq!(walk_whole(&together(&piece_of(&frame), &tcp, tcp.len() as u32)).ending, Ending::NonUdp);
}

/// Only a snap length makes a packet cut: that what is behind the front is not kept does not.
#[test]
fn whole_is_cut_by_a_snap_length_alone() {
    let data = datagram(100, &[inner(), vec![0; 5000]].concat());
    let frame = v4(63, &data[504..]);
    let given = together(&piece_of(&frame), &data[..1024], data.len() as u32);
    assert_eq!(notes(&walk_whole(&given).packet), ["reassembled"]);
    let cut = Whole { is_cut: true, ..given };
    assert_eq!(notes(&walk_whole(&cut).packet), ["inner_cut", "reassembled"]);
    let short = Whole { is_cut: true, front: &data[..16 + 20], ..given };
    assert_eq!(notes(&walk_whole(&short).packet), ["inner_cut", "inner_header_cut", "reassembled"]);
}

/// What a frame can end as, a whole can.
#[test]
fn endings_of_wholes() {
    let frame = v4(63, &[0; 8]);
    let last = piece_of(&frame);
    let ends = |data: &[u8]| walk_whole(&together(&last, data, data.len() as u32)).ending;
    let sound = datagram(100, &inner());
    assert_eq!(ends(&udp(1, 53, &[0; 64])), Ending::OtherPort);
    assert_eq!(ends(&craft::patched(sound.clone(), 8, &[0])), Ending::IFlagClear);
    assert_eq!(ends(&craft::patched(sound.clone(), 4, &[0xff])), Ending::UdpLength);
    assert_eq!(ends(&sound[..7]), Ending::UdpTruncated);
    let cut = |held: usize| walk_whole(&together(&last, &sound[..held], sound.len() as u32)).ending;
    assert_eq!((cut(7), cut(15)), (Ending::OuterCut, Ending::VxlanCut));
    let found = walk_whole(&together(&last, &udp(1, 8472, &sound[8..]), sound.len() as u32));
    assert_eq!((found.ending, candidate(&found)), (Ending::OtherPort, Some((8472, 100))));
}
