//! What inner frames say of others.

use super::craft::{self, Ipv4, Ipv6, MORE, ethernet, fragment, inner, mac, over_ipv4, tag, udp};
use super::walk;
use crate::decode::{Message, message};
use crate::packet::Key;

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const UNREACHABLE: [u8; 8] = [3, 1, 0, 0, 0, 0, 0, 0];
const UNREACHABLE_V6: [u8; 8] = [1, 3, 0, 0, 0, 0, 0, 0];

/// What the inner frame of a packet in VNI 100 says, of which the capture holds all but the last bytes.
fn said(frame: &[u8], cut: usize) -> Option<Message> {
    let whole = over_ipv4(100, frame);
    let held = &whole[..whole.len() - cut];
    let answer = super::walk_as(crate::capture::LinkType::ETHERNET, held, whole.len());
    message(&answer.packet, held)
}

/// An inner frame with an ICMP error about `quote`, from 10.0.0.2 to 10.0.0.1.
fn error(header: [u8; 8], quote: &[u8]) -> Vec<u8> {
    let ip = Ipv4 { source: [10, 0, 0, 2], destination: [10, 0, 0, 1], protocol: ICMP, ..Ipv4::default() };
    ethernet(mac(2), mac(1), craft::IPV4, &ip.around(&[&header[..], quote].concat()))
}

fn error_v6(header: [u8; 8], quote: &[u8]) -> Vec<u8> {
    let ip = Ipv6 { next_header: ICMPV6, ..Ipv6::default() };
    ethernet(mac(2), mac(1), craft::IPV6, &ip.around(&[&header[..], quote].concat()))
}

/// The inner IP packet of [`inner`]: TCP from 10.0.0.1:40000 to 10.0.0.2:80.
fn quoted() -> Vec<u8> {
    inner()[14..].to_vec()
}

/// What an error is about, where it tells.
fn about(message: Option<&Message>) -> Option<Key> {
    match message {
        Some(Message::Error(about)) => *about,
        _ => None,
    }
}

fn is_error(message: Option<&Message>) -> bool {
    matches!(message, Some(Message::Error(_)))
}

/// An error is tied to the flow of what it quotes, in its own VNI; the flow is the one that the packet itself is of.
#[test]
fn an_error_is_about_the_flow_that_it_quotes() {
    let flow = walk(&over_ipv4(100, &inner())).packet.key.flow(0);
    let key = about(said(&error(UNREACHABLE, &quoted()), 0).as_ref()).unwrap();
    assert_eq!((key.flow(0), key.ports()), (flow, Some((40_000, 80))));
    // Behind a tag as well.
    let frame = error(UNREACHABLE, &quoted());
    let tagged = [&frame[..12], &[0x81, 0], &tag(7, craft::IPV4, &frame[14..])].concat();
    assert_eq!(about(said(&tagged, 0).as_ref()), Some(key));
}

/// Four bytes behind the IP header are the ports; with fewer it is an error about who knows what. The same where the
/// snap length cut the quote.
#[test]
fn every_length_of_the_quote() {
    let whole = quoted();
    for len in 0..=whole.len() {
        let quotes = [
            said(&error(UNREACHABLE, &whole[..len]), 0),
            said(&error(UNREACHABLE, &whole), whole.len() - len),
        ];
        for quote in quotes {
            assert!(is_error(quote.as_ref()));
            assert_eq!(about(quote.as_ref()).is_some(), 24 <= len, "{len}");
        }
    }
    // Without its own header whole it is no error.
    assert_eq!(said(&error(UNREACHABLE, &whole), whole.len() + 1), None);
}

/// Of IPv6, behind extension headers and in a first fragment.
#[test]
fn quotes_of_ipv6() {
    let datagram = udp(40_000, 53, &[0; 30]);
    let plain = Ipv6::default().around(&datagram);
    let extended =
        Ipv6 { next_header: 60, ..Ipv6::default() }.around(&craft::options(craft::UDP, 0, &datagram));
    let first = Ipv6 { next_header: 44, ..Ipv6::default() }.around(&fragment(
        craft::UDP,
        0,
        true,
        9,
        &datagram[..24],
    ));
    for quote in [&plain[..48], &extended[..56], &first[..52]] {
        let key = about(said(&error_v6(UNREACHABLE_V6, quote), 0).as_ref()).unwrap();
        assert_eq!((key.protocol(), key.ports()), (Some(craft::UDP), Some((40_000, 53))));
    }
}

/// A later fragment has no ports, and counts in the flow of those that have none.
#[test]
fn a_later_fragment_is_quoted_without_ports() {
    let later = Ipv4 { flags_and_offset: 5 | MORE, ..Ipv4::default() }.around(&[0; 40]);
    let key = about(said(&error(UNREACHABLE, &later), 0).as_ref()).unwrap();
    let flow = walk(&over_ipv4(100, &ethernet(mac(1), mac(2), craft::IPV4, &later))).packet.key.flow(0);
    assert_eq!((key.ports(), key.flow(0)), (None, flow));
}

/// An echo, a redirect, an error in the other version's protocol, and a later fragment of an error say nothing.
#[test]
fn what_is_no_error() {
    let frame = |protocol, flags_and_offset, message: &[u8]| {
        let ip = Ipv4 { protocol, flags_and_offset, ..Ipv4::default() };
        ethernet(mac(2), mac(1), craft::IPV4, &ip.around(message))
    };
    let whole = [&UNREACHABLE[..], &quoted()].concat();
    let as_v6 = [&UNREACHABLE_V6[..], &quoted()].concat();
    assert!(is_error(said(&frame(ICMP, 0, &whole), 0).as_ref()));
    assert!(is_error(said(&frame(ICMP, MORE, &whole), 0).as_ref()), "the first fragment has the quote");
    assert_eq!(said(&frame(ICMP, 8, &whole), 0), None);
    assert_eq!(said(&frame(ICMPV6, 0, &as_v6), 0), None);
    for kind in [0, 5, 8] {
        assert_eq!(said(&error([kind, 1, 0, 0, 0, 0, 0, 0], &quoted()), 0), None);
    }
    assert_eq!(said(&inner(), 0), None);
}
