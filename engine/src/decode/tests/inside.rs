//! The inner frame.

use super::craft::{self, BROADCAST, Ipv4, Ipv6, MORE, ethernet, fragment, inner, mac, options, over_ipv4};
use super::craft::{patched, tag, tcp, udp};
use super::{assert_is_inner, ip, macs, notes, packet};
use crate::packet::Packet;

/// Where the inner IP packet begins in [`craft::inner`].
const IP: usize = 14;
const SCTP: u8 = 132;

/// The packet that carries an inner frame from station 1 to station 2.
fn frame(ethertype: u16, payload: &[u8]) -> Packet {
    packet(&over_ipv4(100, &ethernet(mac(1), mac(2), ethertype, payload)))
}

/// The packet that carries inner IPv4 from 10.0.0.1 to 10.0.0.2.
fn v4(protocol: u8, payload: &[u8]) -> Packet {
    let ip = Ipv4 { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], protocol, ..Ipv4::default() };
    frame(craft::IPV4, &ip.around(payload))
}

fn v6(next_header: u8, payload: &[u8]) -> Packet {
    frame(craft::IPV6, &Ipv6 { next_header, ..Ipv6::default() }.around(payload))
}

/// ARP has addresses and neither protocol nor ports; it is broadcast, so BUM.
#[test]
fn arp() {
    let request = craft::arp(mac(1), [10, 0, 0, 1], [10, 0, 0, 2]);
    let found = packet(&over_ipv4(100, &ethernet(mac(1), BROADCAST, craft::ARP, &request)));
    assert_eq!(macs(&found), Some(("02:00:00:00:00:01".into(), "ff:ff:ff:ff:ff:ff".into())));
    assert_eq!((found.key.ethertype(), found.key.protocol(), found.key.ports()), (Some(0x0806), None, None));
    assert_eq!(found.key.addresses(), Some((ip("10.0.0.1"), ip("10.0.0.2"))));
    assert!(found.key.is_bum() && found.notes.is_empty());
    assert_eq!((found.inner_len, found.payload_len), (42, 0));
}

/// ARP for anything but IPv4 over Ethernet binds no addresses that could be told here.
#[test]
fn arp_of_another_kind() {
    let other = patched(craft::arp(mac(1), [10, 0, 0, 1], [10, 0, 0, 2]), 2, &[0x86, 0xdd]);
    let found = frame(craft::ARP, &other);
    assert_eq!((found.key.ethertype(), found.key.addresses()), (Some(0x0806), None));
}

/// The data offset says where the payload begins.
#[test]
fn tcp_with_options() {
    for units in 0..=10 {
        let found = v4(craft::TCP, &tcp(1234, 80, 0x12, &vec![1; 4 * units], &[0; 33]));
        assert_eq!((found.key.ports(), found.tcp_control, found.payload_len), (Some((1234, 80)), 0x12, 33));
        assert!(found.notes.is_empty());
    }
}

/// A data offset below 5 words, or beyond the packet, contradicts the packet; its ports are known all the same.
#[test]
fn tcp_with_a_bad_data_offset() {
    for words in [0x00, 0x40, 0xf0] {
        let found = v4(craft::TCP, &patched(tcp(1234, 80, 0x02, &[], &[0; 8]), 12, &[words]));
        assert_eq!(
            (found.key.ports(), found.payload_len, notes(&found)),
            (Some((1234, 80)), 0, vec!["inner_malformed"])
        );
    }
}

#[test]
fn inner_udp() {
    let found = v4(craft::UDP, &udp(5353, 53, &[0; 11]));
    assert_eq!(
        (found.key.protocol(), found.key.ports(), found.payload_len),
        (Some(17), Some((5353, 53)), 11)
    );
    assert_eq!((found.tcp_control, found.notes.is_empty()), (0, true));
}

#[test]
fn sctp() {
    let common_header = [0x0b, 0x59, 0x0b, 0x5a, 0, 0, 0, 1, 0, 0, 0, 0];
    let found = v4(SCTP, &[&common_header[..], &[0; 16]].concat());
    assert_eq!(
        (found.key.protocol(), found.key.ports(), found.payload_len),
        (Some(132), Some((2905, 2906)), 16)
    );
}

/// ICMP, ICMPv6 and IGMP have no ports; what follows their eight bytes is payload.
#[test]
fn protocols_without_ports() {
    let (icmp, igmp, icmpv6) = (1, 2, 58);
    let message = [[8; 8].as_slice(), &[0; 56]].concat();
    for (found, protocol) in
        [(v4(icmp, &message), icmp), (v4(igmp, &message), igmp), (v6(icmpv6, &message), icmpv6)]
    {
        assert_eq!((found.key.protocol(), found.key.ports(), found.payload_len), (Some(protocol), None, 56));
        assert!(found.notes.is_empty());
    }
}

/// Another protocol, GRE say, is known by its number; all of it is payload.
#[test]
fn unknown_protocol() {
    let found = v4(47, &[0; 24]);
    assert_eq!((found.key.protocol(), found.key.ports(), found.payload_len), (Some(47), None, 24));
}

/// Another EtherType, LLDP say, is known by its number.
#[test]
fn unknown_ethertype() {
    let found = frame(0x88cc, &[0; 50]);
    assert_eq!((found.key.ethertype(), found.key.addresses(), found.payload_len), (Some(0x88cc), None, 0));
    assert!(found.notes.is_empty());
}

#[test]
fn inner_ipv6_with_extension_headers() {
    let hop_by_hop = 0;
    let found = v6(hop_by_hop, &options(60, 1, &options(craft::TCP, 0, &tcp(1234, 80, 0x02, &[], &[0; 9]))));
    assert_eq!(found.key.addresses(), Some((ip("2001:db8::1"), ip("2001:db8::2"))));
    assert_eq!((found.key.protocol(), found.key.ports(), found.payload_len), (Some(6), Some((1234, 80)), 9));
}

/// Bytes of a later fragment that stand where ports would be are data.
#[test]
fn later_inner_fragment_has_no_ports() {
    let ip = |flags_and_offset| Ipv4 { protocol: craft::UDP, flags_and_offset, ..Ipv4::default() };
    let later = frame(craft::IPV4, &ip(185).around(&[0xab; 100]));
    assert_eq!((later.key.protocol(), later.key.ports(), later.payload_len), (Some(17), None, 100));
    let first = frame(craft::IPV4, &ip(MORE).around(&udp(1, 2, &[0; 92])));
    assert_eq!((first.key.ports(), first.payload_len), (Some((1, 2)), 92));
    let v6_later = v6(44, &fragment(craft::UDP, 1480, false, 1, &[0xab; 100]));
    assert_eq!((v6_later.key.protocol(), v6_later.key.ports(), v6_later.payload_len), (Some(17), None, 100));
    for found in [later, first, v6_later] {
        assert_eq!(notes(&found), ["inner_fragment"]);
    }
}

/// Nor are they an extension header, where one comes first in the whole datagram.
#[test]
fn later_inner_fragment_has_no_extension_headers() {
    let found = v6(44, &fragment(60, 1480, false, 1, &[0xff; 100]));
    assert_eq!(
        (found.key.protocol(), found.payload_len, notes(&found)),
        (Some(60), 100, vec!["inner_fragment"])
    );
}

/// An inner IP packet said to be longer than the frame that holds it.
#[test]
fn inner_length_beyond_the_frame() {
    let found = packet(&over_ipv4(100, &patched(inner(), IP + 2, &[0xff, 0xff])));
    assert_is_inner(&found);
    assert_eq!((found.inner_len as usize, notes(&found)), (inner().len(), vec!["inner_malformed"]));
}

/// Inner Ethernet padding is inner bytes, and no payload.
#[test]
fn inner_padding_is_no_payload() {
    let padded = [inner(), vec![0; 20]].concat();
    let found = packet(&over_ipv4(100, &padded));
    assert_is_inner(&found);
    assert_eq!(found.inner_len as usize, padded.len());
}

/// An inner IPv4 header that is none: the MACs and the EtherType are known.
#[test]
fn bad_inner_ip() {
    for (at, byte) in [(IP, 0x65), (IP, 0x42)] {
        let found = packet(&over_ipv4(100, &patched(inner(), at, &[byte])));
        assert_eq!((found.key.ethertype(), found.key.addresses()), (Some(0x0800), None));
        assert_eq!(notes(&found), ["inner_malformed"]);
    }
}

/// The frame ends inside the inner IP or TCP header, and not by a snap length.
#[test]
fn inner_headers_that_end_early() {
    let in_ip = packet(&over_ipv4(100, &inner()[..IP + 19]));
    assert_eq!((in_ip.key.addresses(), notes(&in_ip)), (None, vec!["inner_malformed"]));
    let in_tcp = v4(craft::TCP, &tcp(1234, 80, 2, &[], &[])[..19]);
    assert_eq!((in_tcp.key.ports(), notes(&in_tcp)), (Some((1234, 80)), vec!["inner_malformed"]));
    let in_ports = v4(craft::UDP, &[0, 1, 0]);
    assert_eq!((in_ports.key.ports(), notes(&in_ports)), (None, vec!["inner_malformed"]));
}

/// Of a stack of inner tags the outermost is the one that counts.
#[test]
fn stacks_of_inner_tags() {
    let ip = inner()[IP..].to_vec();
    let one = frame(craft::VLAN, &tag(0x6064, craft::IPV4, &ip));
    assert_is_inner(&one);
    assert_eq!((one.key.tag(), one.inner_len as usize), (Some(100), inner().len() + 4));
    let two = frame(craft::SERVICE_VLAN, &tag(200, craft::VLAN, &tag(100, craft::IPV4, &ip)));
    assert_is_inner(&two);
    assert_eq!(two.key.tag(), Some(200));
    let priority_only = frame(craft::VLAN, &tag(0xe000, craft::IPV4, &ip));
    assert_eq!(priority_only.key.tag(), Some(0));
}

/// An inner Ethernet header with nothing behind it is a frame.
#[test]
fn inner_frame_of_a_header_only() {
    let found = frame(0x88cc, &[]);
    assert_eq!((found.inner_len, notes(&found)), (14, vec![]));
    let arp = frame(craft::ARP, &[]);
    assert_eq!(notes(&arp), ["inner_malformed"]);
}

/// Inner length 0 (TSO or BIG TCP inside a guest): the length is the frame's, and the packet met segmentation offload.
#[test]
fn inner_length_0() {
    let ip = Ipv4 { protocol: craft::TCP, ..Ipv4::default() }.around(&tcp(1234, 80, 0x18, &[], &[0; 33]));
    let found = frame(craft::IPV4, &patched(ip, 2, &[0, 0]));
    assert_eq!((found.payload_len, notes(&found)), (33, vec!["offload"]));
    let ip = Ipv6 { next_header: craft::TCP, ..Ipv6::default() }.around(&tcp(1234, 80, 0x18, &[], &[0; 33]));
    let found = frame(craft::IPV6, &patched(ip, 4, &[0, 0]));
    assert_eq!((found.payload_len, notes(&found)), (33, vec!["offload"]));
}

/// An inner jumbogram: what follows its length is padding.
#[test]
fn inner_jumbo_payload_option() {
    let segment = tcp(1234, 80, 0x18, &[], &vec![0; 70_000]);
    let length = (8 + segment.len() as u32).to_be_bytes();
    let jumbo = [&[craft::TCP, 0, 0xc2, 4][..], &length, &segment].concat();
    let ip = patched(Ipv6 { next_header: 0, ..Ipv6::default() }.around(&jumbo), 4, &[0, 0]);
    let inside = ethernet(mac(1), mac(2), craft::IPV6, &[&ip[..], &[0; 9]].concat());
    let outside = patched(Ipv4::default().around(&craft::datagram(100, &inside)), 2, &[0, 0]);
    let found = packet(&craft::outer(craft::IPV4, &outside));
    assert_eq!((found.payload_len, found.inner_len as usize), (70_000, inside.len()));
    assert_eq!(notes(&found), ["offload"]);
}

/// An IPv6 packet that is nothing but its header has payload length 0, and met no offload.
#[test]
fn inner_ipv6_without_payload() {
    let found = v6(59, &[]);
    assert_eq!((found.payload_len, notes(&found)), (0, vec![]));
}
