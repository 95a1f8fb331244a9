//! Checksums, where they are asked for: the outer UDP's, and those of the inner frame.
//!
//! They are verified over the same layers as the walk's, in a second one: summing up all bytes costs more than the
//! headers do, and those who do not ask for it pay nothing.

use super::carriers;
use super::fragment::{self, Whole};
use super::header::Payload;
use super::network::{self, Header, Network};
use super::overlays::Overlays;
use crate::capture::Frame;
use crate::packet::{Checks, Inside, Outside, Packet};
use crate::wire::Span;
use crate::wire::checksum::Sum;
use crate::wire::ethernet::ethertype;
use crate::wire::ip::protocol;
use crate::wire::udp::{self, Udp};

/// Where the checksum stands in a message.
const TCP_FIELD: usize = 16;
const UDP_FIELD: usize = 6;
const ICMP_FIELD: usize = 2;

/// Verifies the checksums of a VXLAN packet in `frame`, which `packet` was decoded from.
#[must_use]
pub fn verify(frame: &Frame<'_>, packet: &Packet, overlays: &Overlays) -> Checks {
    let held = packet.inner(frame.data);
    let reached = carriers::through(frame, overlays.has_nvgre()).ok();
    checks(packet, held, reached.as_ref().map(|it| &it.ip))
}

/// Verifies those of a VXLAN packet that was put together, and which `packet` was decoded from.
#[must_use]
pub fn verify_whole(whole: &Whole<'_>, packet: &Packet, overlays: &Overlays) -> Checks {
    let held = packet.inner(whole.front);
    let reached = fragment::reach(whole, overlays.has_nvgre()).ok();
    checks(packet, held, reached.as_ref().map(|it| &it.ip))
}

fn checks(packet: &Packet, held: &[u8], ip: Option<&Network<'_>>) -> Checks {
    let (inside, left) = inside(Payload::of(packet), Span::new(held, packet.inner_len as usize));
    Checks::new(outside(ip, left), inside)
}

/// `left` is what the inner message adds up to, with its pseudo-header, if its checksum is left to the network card: a VTEP
/// computes the outer one for what the card will make of it, which adds up to nothing.
fn outside(ip: Option<&Network<'_>>, left: Option<Sum>) -> Outside {
    // NVGRE has no UDP header, and none with a checksum.
    if ip.is_some_and(carriers::is_nvgre) {
        return Outside::Zero;
    }
    let read = ip.and_then(|ip| Some((ip, Udp::read(ip.payload).ok()?.0)));
    match read {
        Some((ip, _)) if ip.protocol != protocol::UDP => Outside::Unverified,
        // A tunnel may leave it out over IPv6 too (RFC 6935).
        Some((_, udp)) if udp.checksum() == 0 => Outside::Zero,
        Some((ip, _)) => match datagram(ip) {
            Verdict::Right => Outside::Right,
            Verdict::Wrong(sum) if left.is_some_and(|left| sum.without(left).is_right()) => Outside::Partial,
            Verdict::Wrong(_) => Outside::Wrong,
            Verdict::Partial(_) => Outside::Partial,
            Verdict::Unverified => Outside::Unverified,
        },
        None => Outside::Unverified,
    }
}

fn internet(ethertype: u16, span: Span<'_>) -> Option<Network<'_>> {
    match ethertype {
        ethertype::IPV4 => network::v4(span).ok(),
        ethertype::IPV6 => network::v6(span).ok(),
        _ => None,
    }
}

/// What the inner checksums are, and what the inner message adds up to where its own is left to the network card.
fn inside(payload: Payload, inner: Span<'_>) -> (Inside, Option<Sum>) {
    let Some((_, ethertype, packet)) = payload.read(inner) else {
        return (Inside::Unverified, None);
    };
    if !matches!(ethertype, ethertype::IPV4 | ethertype::IPV6) {
        return (Inside::None, None);
    }
    let Some(ip) = internet(ethertype, packet) else {
        return (Inside::Unverified, None);
    };
    let (header, transport) = (header(&ip, packet), transport(&ip));
    let left = match transport {
        Some(Verdict::Partial(sum)) => Some(sum),
        _ => None,
    };
    let all = match (header, transport) {
        (Some(Verdict::Wrong(_)), _) | (_, Some(Verdict::Wrong(_))) => Inside::Wrong,
        (Some(Verdict::Unverified), _) | (_, Some(Verdict::Unverified)) => Inside::Unverified,
        (_, Some(Verdict::Partial(_))) => Inside::Partial,
        (None, None) => Inside::None,
        _ => Inside::Right,
    };
    (all, left)
}

/// What a checksum turned out to be, with what it is the sum of where that is not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong(Sum),
    /// The sum of the pseudo-header alone: the sender left the rest to its network card.
    Partial(Sum),
    /// Not all of its bytes are here.
    Unverified,
}

impl Verdict {
    fn of(sum: Sum) -> Self {
        if sum.is_right() { Verdict::Right } else { Verdict::Wrong(sum) }
    }
}

/// The checksum of an IPv4 header; IPv6 has none.
fn header(ip: &Network<'_>, packet: Span<'_>) -> Option<Verdict> {
    match ip.header {
        Header::V4(_) => {
            let header = packet.bytes().get(..ip.header_len as usize);
            Some(header.map_or(Verdict::Unverified, |header| Verdict::of(Sum::default().bytes(header))))
        }
        Header::V6(_) | Header::Kept(_) => None,
    }
}

/// The checksum of what an IP packet carries, where its protocol is one whose checksum is known.
fn transport(ip: &Network<'_>) -> Option<Verdict> {
    let verify: fn(&Network<'_>) -> Verdict = match (ip.protocol, ip.is_v6) {
        (protocol::TCP, _) => |ip| message(ip, ip.payload, TCP_FIELD, true),
        (protocol::UDP, _) => datagram,
        (protocol::ICMP, false) => |ip| message(ip, ip.payload, ICMP_FIELD, false),
        (protocol::ICMPV6, true) => |ip| message(ip, ip.payload, ICMP_FIELD, true),
        _ => return None,
    };
    Some(verify(ip))
}

/// Whether a message cannot be verified by what is here of its packet: its lengths are wrong, it is in pieces, or a routing
/// header has another destination for its pseudo-header (RFC 8200, section 8.1).
fn is_incomplete(ip: &Network<'_>) -> bool {
    ip.fault.is_some() || ip.fragment.is_some() || ip.is_routed_on
}

/// UDP: as long as its own length says, and without a checksum over IPv4 where that is 0 (RFC 768). Over IPv6 there must
/// be one (RFC 8200, section 8.1); tunnels may leave it out (RFC 6935), which is looked at outside.
fn datagram(ip: &Network<'_>) -> Verdict {
    let Ok((udp, _)) = Udp::read(ip.payload) else {
        return Verdict::Unverified;
    };
    if ip.fault.is_some() || ip.fragment.is_some_and(|fragment| fragment.offset != 0) {
        return Verdict::Unverified;
    }
    if udp.checksum() == 0 {
        return if ip.is_v6 { Verdict::Wrong(Sum::default()) } else { Verdict::Right };
    }
    match usize::from(udp.length()) {
        0 => message(ip, ip.payload, UDP_FIELD, true),
        length if (udp::HEADER_LEN..=ip.payload.wire_len()).contains(&length) => {
            message(ip, ip.payload.with_wire_len(length), UDP_FIELD, true)
        }
        _ => Verdict::Unverified,
    }
}

/// A message with its checksum at `field`; with the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1) or
/// without.
fn message(ip: &Network<'_>, message: Span<'_>, field: usize, with_pseudo_header: bool) -> Verdict {
    let field = message.bytes().get(field..field + 2).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok());
    let (Some(field), false) = (field, is_incomplete(ip) || message.is_cut()) else {
        return Verdict::Unverified;
    };
    let before = if with_pseudo_header { pseudo_header(ip, message.wire_len()) } else { Sum::default() };
    match Verdict::of(before.bytes(message.bytes())) {
        Verdict::Wrong(sum) if with_pseudo_header && before.is_in(field) => Verdict::Partial(sum),
        verdict => verdict,
    }
}

fn pseudo_header(ip: &Network<'_>, len: usize) -> Sum {
    // Where the addresses of IPv4 are 32 bits wide, the rest is 0, which adds nothing.
    let sum = Sum::default().bytes(&ip.source.to_be_bytes()).bytes(&ip.destination.to_be_bytes());
    sum.number(len as u32).number(ip.protocol.into())
}
