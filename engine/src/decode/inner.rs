//! The inner frame. What it lacks is noted, and never a reason to refuse the packet that carries it.

use crate::disposition::Ending;
use crate::packet::{InnerPiece, Note, Packet};
use crate::wire::arp::Arp;
use crate::wire::ethernet::{Ethernet, ethertype};
use crate::wire::ip::protocol;
use crate::wire::tcp::{self, Tcp};
use crate::wire::{Missing, Span, be16, icmp, igmp, sctp, udp};

use super::header::Payload;
use super::network::{self, Network};
use super::{link, message};

/// Walks the inner frame in `span` and adds to `packet` what it tells.
#[inline(always)]
pub(super) fn walk(span: Span<'_>, packet: &mut Packet) -> Result<(), Ending> {
    let (ethernet, rest) = match Ethernet::read(span) {
        Ok(read) => read,
        Err(Missing::Short) => return Err(Ending::InnerTruncatedHeader),
        Err(Missing::Cut) => {
            packet.notes.set(Note::InnerHeaderCut, true);
            return Ok(());
        }
    };
    packet.key.set_macs(ethernet.source(), ethernet.destination());
    let walked = match plain(ethernet.ethertype(), rest) {
        Some(ip) => {
            packet.key.set_ethertype(ethertype::IPV4);
            internet(&ip, packet)
        }
        None => payload(ethernet.ethertype(), rest, packet),
    };
    note(walked, packet);
    Ok(())
}

/// The same of what an overlay carries, whatever that is.
#[cold]
pub(super) fn walk_payload(carried: Payload, span: Span<'_>, packet: &mut Packet) -> Result<(), Ending> {
    let announced = match carried {
        Payload::Ethernet => return walk(span, packet),
        Payload::Network(announced) => announced,
    };
    packet.key.set_no_ethernet();
    if let Some(ethertype) = announced {
        let walked = payload(ethertype, span, packet);
        note(walked, packet);
    }
    Ok(())
}

#[inline(always)]
fn note(walked: Result<(), Missing>, packet: &mut Packet) {
    match walked {
        Ok(()) => {}
        Err(Missing::Cut) => packet.notes.set(Note::InnerHeaderCut, true),
        Err(Missing::Short) => packet.notes.set(Note::InnerMalformed, true),
    }
}

#[inline(always)]
fn plain(announced: u16, span: Span<'_>) -> Option<Network<'_>> {
    if announced == ethertype::IPV4 { network::plain_v4(span) } else { None }
}

/// What is not plain IPv4.
#[inline(never)]
fn payload(announced: u16, span: Span<'_>, packet: &mut Packet) -> Result<(), Missing> {
    let (tag, ethertype, rest) = link::tags(announced, span)?;
    if let Some(vid) = tag {
        packet.key.set_tag(vid);
    }
    packet.key.set_ethertype(ethertype);
    match ethertype {
        ethertype::IPV4 => internet(&network::v4(rest).map_err(lack)?, packet),
        ethertype::IPV6 => internet(&network::v6(rest).and_then(Network::begun).map_err(lack)?, packet),
        ethertype::ARP => {
            if let Some(arp) = Arp::read(rest)? {
                packet.key.set_arp(arp.sender_ip(), arp.target_ip());
                packet.notes.set_tells(message::is_claim(arp));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn lack(fault: Ending) -> Missing {
    if fault == Ending::OuterCut { Missing::Cut } else { Missing::Short }
}

#[inline(always)]
fn internet(ip: &Network<'_>, packet: &mut Packet) -> Result<(), Missing> {
    packet.key.set_ip(ip.is_v6, ip.source, ip.destination, ip.protocol);
    // Of other protocols there is no segmentation offload, and an IPv6 packet of nothing but its header has length 0.
    if ip.length_left_out && matches!(ip.protocol, protocol::TCP | protocol::UDP) {
        packet.notes.set(Note::Offload, true);
    }
    packet.handling.set_inner(ip.traffic_class());
    if let Some(fragment) = &ip.fragment {
        packet.notes.set(Note::InnerFragment, true);
        packet.inner_piece =
            InnerPiece { identification: fragment.identification, is_later: fragment.offset != 0 };
    }
    let read = transport(ip, packet);
    // A wrong length is told even where the headers behind it could be read.
    match ip.fault {
        Some(fault) => Err(lack(fault)),
        None => read,
    }
}

/// Reads the transport header. The length of what it carries follows from the packet's lengths alone, where the header's
/// own is fixed.
#[inline(always)]
fn transport(ip: &Network<'_>, packet: &mut Packet) -> Result<(), Missing> {
    let is_later_fragment = ip.fragment.is_some_and(|fragment| fragment.offset != 0);
    let header_len = match ip.protocol {
        _ if is_later_fragment => 0,
        protocol::TCP => return tcp(ip.payload, packet),
        protocol::UDP => udp::HEADER_LEN,
        protocol::SCTP => sctp::HEADER_LEN,
        protocol::ICMP | protocol::ICMPV6 => icmp::HEADER_LEN,
        protocol::IGMP => igmp::HEADER_LEN,
        _ => 0,
    };
    let carried = behind(ip.payload, header_len);
    packet.payload_len = carried.unwrap_or(0);
    match ip.protocol {
        _ if is_later_fragment => {}
        protocol::UDP => {
            let destination = ports(ip.payload, packet)?;
            packet.notes.set_tells(message::is_lease(destination));
        }
        protocol::SCTP => {
            ports(ip.payload, packet)?;
        }
        protocol::ICMP | protocol::ICMPV6 => packet.notes.set_tells(message::is_icmp(ip)),
        _ => {}
    }
    carried.map(|_| ())
}

#[inline(always)]
fn tcp(segment: Span<'_>, packet: &mut Packet) -> Result<(), Missing> {
    ports(segment, packet)?;
    let header = Tcp::read(segment)?;
    packet.tcp_sequence = header.sequence_number();
    packet.tcp_acknowledgment = header.acknowledgment_number();
    packet.tcp_window = header.window();
    packet.tcp_control = header.control();
    if header.header_len() < tcp::HEADER_LEN {
        return Err(Missing::Short);
    }
    packet.payload_len = behind(segment, header.header_len())?;
    Ok(())
}

/// TCP, UDP and SCTP begin with the source and the destination port alike; returned is the latter.
#[inline(always)]
fn ports(span: Span<'_>, packet: &mut Packet) -> Result<u16, Missing> {
    let (ports, _) = span.split::<4>()?;
    let destination = be16(ports, 2);
    packet.key.set_ports(be16(ports, 0), destination);
    Ok(destination)
}

/// The length behind a header, in bytes; no bytes are looked at.
#[inline(always)]
fn behind(span: Span<'_>, header_len: usize) -> Result<u32, Missing> {
    span.wire_len().checked_sub(header_len).map(|len| len as u32).ok_or(Missing::Short)
}

/// Whether `span` is an Ethernet frame that makes sense: an EtherType that is known and headers that agree with it.
#[cold]
pub(super) fn is_sound(span: Span<'_>) -> bool {
    let mut packet = Packet::default();
    let known = |ethertype| matches!(ethertype, ethertype::IPV4 | ethertype::IPV6 | ethertype::ARP);
    walk(span, &mut packet).is_ok()
        && packet.key.ethertype().is_some_and(known)
        && !packet.notes.has(Note::InnerMalformed)
}
