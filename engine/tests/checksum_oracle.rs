//! Checksums by etherparse, an encoder of others: what it sums up is right, and one bit beside that is wrong.

mod craft;

use etherparse::{Icmpv4Type, Icmpv6Type};
use etherparse::{IpNumber, Ipv4Header, PacketBuilder, PacketBuilderStep, ip_number};

use craft::{Ipv4, Ipv6};
use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::{Aside, Overlays, decode, verify};
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::packet::{Inside, Outside, Packet};

const ETHERNET: usize = 14;

/// What the checksums of the first bytes of a frame are found to be.
fn verdict_of(data: &[u8], wire_len: usize) -> (Outside, Inside) {
    let (mut packet, mut aside) = (Packet::default(), Aside::default());
    let frame = Frame { data, wire_len: wire_len as u32, time: 1, link: LinkType::ETHERNET };
    assert_eq!(decode(&frame, &Overlays::default(), &mut packet, &mut aside), Ending::Vxlan);
    verify(&frame, &packet, &Overlays::default()).verdict().unwrap()
}

fn verdict(data: &[u8]) -> (Outside, Inside) {
    verdict_of(data, data.len())
}

fn inside(frame: &[u8]) -> Inside {
    verdict(&craft::over_ipv4(100, frame)).1
}

fn ethernet() -> PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2(craft::mac(1), craft::mac(2))
}

const V4: ([u8; 4], [u8; 4]) = ([10, 0, 0, 1], [10, 0, 0, 2]);
const V6: ([u8; 16], [u8; 16]) = ([0xfd; 16], [0xfe; 16]);

/// An inner frame of each kind with `payload`, all of its checksums right; where the last of them stands behind the IP
/// header, and that header's length.
fn sound(payload: &[u8]) -> Vec<(&'static str, Vec<u8>, usize, usize)> {
    let v4 = || ethernet().ipv4(V4.0, V4.1, 64);
    let v6 = || ethernet().ipv6(V6.0, V6.1, 64);
    let mut frames = Vec::new();
    let mut add = |name, header_len, field, write: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = Vec::new();
        write(&mut frame);
        frames.push((name, frame, header_len, field));
    };
    add("tcp", 20, 16, &|to| v4().tcp(40_000, 80, 7, 512).ack(9).write(to, payload).unwrap());
    add("udp", 20, 6, &|to| v4().udp(40_000, 53).write(to, payload).unwrap());
    add("icmp", 20, 2, &|to| v4().icmpv4(Icmpv4Type::EchoRequest(echo())).write(to, payload).unwrap());
    add("tcp over IPv6", 40, 16, &|to| v6().tcp(40_000, 80, 7, 512).write(to, payload).unwrap());
    add("udp over IPv6", 40, 6, &|to| v6().udp(40_000, 53).write(to, payload).unwrap());
    add("icmpv6", 40, 2, &|to| v6().icmpv6(Icmpv6Type::EchoReply(echo())).write(to, payload).unwrap());
    frames
}

fn echo() -> etherparse::IcmpEchoHeader {
    etherparse::IcmpEchoHeader { id: 7, seq: 9 }
}

/// Right as etherparse has it, for even and odd lengths; wrong with any bit of the message or its addresses turned.
#[test]
fn right_and_wrong() {
    for len in [0_u32, 1, 2, 3, 64, 65, 1400] {
        let payload: Vec<u8> = (0..len).map(|n| (n * 37 % 251) as u8).collect();
        for (name, frame, header_len, _) in sound(&payload) {
            assert_eq!(inside(&frame), Inside::Right, "{name} of {len}");
            // Behind the IP header each byte is in the sum but for UDP's own length, which says where the sum ends.
            let message = ETHERNET + header_len;
            for at in (message..frame.len())
                .filter(|at| !name.starts_with("udp") || !(4..6).contains(&(at - message)))
            {
                // TCP's data offset says where nothing ends, and is in the sum.
                let spoilt = craft::patched(frame.clone(), at, &[frame[at] ^ 0x04]);
                assert_eq!(inside(&spoilt), Inside::Wrong, "{name} of {len} at {at}");
            }
        }
    }
}

/// The IPv4 header has a checksum of its own, options included, and is wrong though TCP is right.
#[test]
fn ipv4_header() {
    let (_, frame, ..) = sound(b"hello").swap_remove(0);
    // The time to live is in the header's sum alone.
    assert_eq!(inside(&craft::patched(frame.clone(), ETHERNET + 8, &[63])), Inside::Wrong);
    let mut header = Ipv4Header::new(4, 64, IpNumber(253), V4.0, V4.1).unwrap();
    header.options = [1, 1, 1, 0].into();
    header.header_checksum = header.calc_header_checksum();
    let mut packet = Vec::new();
    header.write(&mut packet).unwrap();
    packet.extend([1, 2, 3, 4]);
    let unknown = craft::ethernet(craft::mac(1), craft::mac(2), craft::IPV4, &packet);
    assert_eq!(inside(&unknown), Inside::Right, "an unknown protocol is not looked into");
    assert_eq!(inside(&craft::patched(unknown, ETHERNET + 21, &[2])), Inside::Wrong, "an option");
}

/// What a sender leaves to its network card in a message behind an IP header: the pseudo-header's sum, not complemented.
fn left_to_the_card(frame: &[u8], header_len: usize) -> [u8; 2] {
    let message = ETHERNET + header_len;
    let (addresses, protocol) = match header_len {
        20 => (&frame[ETHERNET + 12..message], frame[ETHERNET + 9]),
        _ => (&frame[ETHERNET + 8..message], frame[ETHERNET + 6]),
    };
    let mut sum = (frame.len() - message) as u32 + u32::from(protocol);
    sum += addresses.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>();
    sum = (sum & 0xffff) + (sum >> 16);
    (sum as u16).to_be_bytes()
}

/// The kernel computes an outer checksum for what the card will make of the inner message (local checksum offload).
#[test]
fn outside_for_what_the_card_will_fill_in() {
    for (name, frame, header_len, field) in sound(b"hello!").into_iter().filter(|(name, ..)| *name != "icmp")
    {
        let mut outer = Vec::new();
        ethernet()
            .ipv6(V6.0, V6.1, 64)
            .udp(50_000, 4789)
            .write(&mut outer, &craft::vxlan(100, &frame))
            .unwrap();
        let at = outer.len() - frame.len() + ETHERNET + header_len + field;
        let left = craft::patched(outer.clone(), at, &left_to_the_card(&frame, header_len));
        assert_eq!(verdict(&left), (Outside::Partial, Inside::Partial), "{name}");
        // An outer header is in the one sum and not in the other; what is right for the message as it is, is right.
        let spoilt = craft::patched(left.clone(), 54, &[left[54] ^ 1]);
        assert_eq!(verdict(&spoilt), (Outside::Wrong, Inside::Partial), "{name}");
        let mut whole = Vec::new();
        let inner = &left[left.len() - frame.len()..];
        ethernet()
            .ipv6(V6.0, V6.1, 64)
            .udp(50_000, 4789)
            .write(&mut whole, &craft::vxlan(100, inner))
            .unwrap();
        assert_eq!(verdict(&whole), (Outside::Right, Inside::Partial), "{name}");
    }
}

/// It is neither right nor wrong.
#[test]
fn pseudo_header_only() {
    for (name, frame, header_len, field) in sound(b"hello!") {
        let sum = left_to_the_card(&frame, header_len);
        let partial = craft::patched(frame, ETHERNET + header_len + field, &sum);
        // ICMP of IPv4 has no pseudo-header, and so nothing to leave to anybody.
        let expected = if name == "icmp" { Inside::Wrong } else { Inside::Partial };
        assert_eq!(inside(&partial), expected, "{name}");
    }
}

/// No checksum of UDP is none over IPv4 and an error over IPv6; outside it is what RFC 7348 asks for.
#[test]
fn zero() {
    let frames = sound(b"hello");
    let zero = |at: usize| {
        let (_, frame, header_len, field) = &frames[at];
        craft::patched(frame.clone(), ETHERNET + header_len + field, &[0, 0])
    };
    assert_eq!(inside(&zero(1)), Inside::Right);
    assert_eq!(inside(&zero(4)), Inside::Wrong);
    let frame = craft::inner();
    for (packet, udp) in [(craft::over_ipv4(100, &frame), 34), (craft::over_ipv6(100, &frame), 54)] {
        assert_eq!(verdict(&craft::patched(packet.clone(), udp + 6, &[0, 0])).0, Outside::Zero);
        assert_eq!(verdict(&packet).0, Outside::Wrong);
    }
}

/// The outer checksum, as etherparse sums it up over the whole inner frame.
#[test]
fn outside() {
    let (_, frame, ..) = sound(b"hello").swap_remove(0);
    let payload = craft::vxlan(100, &frame);
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    ethernet().ipv4(V4.0, V4.1, 64).udp(50_000, 4789).write(&mut v4, &payload).unwrap();
    ethernet().ipv6(V6.0, V6.1, 64).udp(50_000, 4789).write(&mut v6, &payload).unwrap();
    for frame in [v4, v6] {
        assert_eq!(verdict(&frame).0, Outside::Right);
        let last = frame.len() - 1;
        assert_eq!(verdict(&craft::patched(frame.clone(), last, &[frame[last] ^ 1])).0, Outside::Wrong);
        // Padding behind the IP packet is none of UDP's.
        assert_eq!(verdict(&[&frame[..], &[7; 4]].concat()).0, Outside::Right);
        assert_eq!(verdict_of(&frame[..last], frame.len()), (Outside::Unverified, Inside::Unverified));
    }
}

/// What the snap length cut, what is in pieces, and what is routed on cannot be verified, and is no error. A header that
/// is whole and wrong is one even so.
#[test]
fn not_all_is_here() {
    for (name, frame, header_len, _) in sound(&[5; 40]) {
        let whole = craft::over_ipv4(100, &frame);
        for held in 50..whole.len() {
            assert_eq!(verdict_of(&whole[..held], whole.len()).1, Inside::Unverified, "{name} cut at {held}");
        }
        if header_len == 20 {
            let spoilt = craft::patched(whole.clone(), 50 + ETHERNET + 8, &[1]);
            assert_eq!(verdict_of(&spoilt[..50 + ETHERNET + 20], spoilt.len()).1, Inside::Wrong);
        }
    }
    let piece = Ipv4 { flags_and_offset: craft::MORE, ..Ipv4::default() };
    let packet = checksummed(piece.around(&craft::udp(1, 2, &[0; 16])));
    let spoilt = craft::patched(packet, 26, &[1, 1]);
    assert_eq!(
        inside(&craft::ethernet(craft::mac(1), craft::mac(2), craft::IPV4, &spoilt)),
        Inside::Unverified
    );
    // A routing header of type 253 with one segment left.
    let routing =
        craft::patched(craft::options(ip_number::TCP.0, 0, &craft::tcp(1, 2, 0x10, &[], &[])), 2, &[253, 1]);
    let packet = Ipv6 { next_header: ip_number::IPV6_ROUTE_HEADER.0, ..Ipv6::default() }.around(&routing);
    let frame = craft::ethernet(craft::mac(1), craft::mac(2), craft::IPV6, &packet);
    assert_eq!(inside(&frame), Inside::Unverified);
}

/// An IPv4 packet with the checksum of its header.
fn checksummed(packet: Vec<u8>) -> Vec<u8> {
    let (header, _) = Ipv4Header::from_slice(&packet).unwrap();
    craft::patched(packet, 10, &header.calc_header_checksum().to_be_bytes())
}

/// What has no checksum that is known counts as none.
#[test]
fn none() {
    let arp = craft::arp(craft::mac(1), [10, 0, 0, 1], [10, 0, 0, 2]);
    assert_eq!(inside(&craft::ethernet(craft::mac(1), craft::BROADCAST, craft::ARP, &arp)), Inside::None);
    let esp = Ipv6 { next_header: ip_number::ENCAPSULATING_SECURITY_PAYLOAD.0, ..Ipv6::default() };
    let frame = craft::ethernet(craft::mac(1), craft::mac(2), craft::IPV6, &esp.around(&[9; 40]));
    assert_eq!(inside(&frame), Inside::None);
}

/// Behind VLAN tags and extension headers the sums are the same.
#[test]
fn tags_and_extension_headers() {
    let (_, frame, ..) = sound(b"hello").swap_remove(0);
    let tagged = craft::ethernet(
        craft::mac(1),
        craft::mac(2),
        craft::VLAN,
        &craft::tag(100, craft::IPV4, &frame[ETHERNET..]),
    );
    assert_eq!(inside(&tagged), Inside::Right);
    let (_, frame, ..) = sound(b"hello").swap_remove(3);
    let packet = &frame[ETHERNET..];
    let extended = craft::options(packet[6], 0, &packet[40..]);
    let mut header = packet[..40].to_vec();
    header[4..6].copy_from_slice(&(extended.len() as u16).to_be_bytes());
    header[6] = ip_number::IPV6_DEST_OPTIONS.0;
    let packet = [header, extended].concat();
    assert_eq!(inside(&craft::ethernet(craft::mac(1), craft::mac(2), craft::IPV6, &packet)), Inside::Right);
}
