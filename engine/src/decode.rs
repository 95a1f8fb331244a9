//! The walk over a frame. Nothing else decodes.
//!
//! Each frame, outer or inner, is walked by the same functions: link layer and tags ([`link`]), IP ([`network`]), then
//! UDP; on the way there may be [`carriers`]. Where UDP leads to VXLAN the inner frame is walked in the same way, and what it lacks is a note on the packet
//! rather than a reason to refuse it: its VTEP would have delivered it. Where that inner frame is VXLAN again, [`stack`]
//! goes on.
//!
//! A fragment of an outer datagram ends the walk; once the datagram is whole ([`fragment`]), the walk goes on behind its IP
//! headers.

mod carriers;
mod checksums;
mod fingerprint;
mod fragment;
mod header;
mod inner;
mod link;
mod message;
mod network;
mod overlays;
mod quote;
mod stack;
#[cfg(test)]
mod tests;

use crate::capture::{Frame, LinkType};
use crate::disposition::Ending;
use crate::encapsulation::{Around, Carriers, Encapsulation};
use crate::packet::{Checks, Key, Layer, Note, Notes, Origin, Packet, Tunnel};
use crate::wire::ethernet::{Ethernet, ethertype};
use crate::wire::icmp::Error;
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::wire::udp::{self, Udp};
use crate::wire::vxlan::Vxlan;
use crate::wire::{Missing, Span};

pub(crate) use carriers::is_protocol as is_carrier;
pub use checksums::{verify, verify_whole};
pub use fingerprint::{Fingerprint, Way, fingerprint};
pub use fragment::{Datagram, Piece, Whole, piece, whole};
pub use message::{Binding, By, Grant, Message, message};
use network::Network;
pub use overlays::{Overlays, Ports, VXLAN_PORT};

/// Frames whose outer IP packet is larger than this came from segmentation offload: no Ethernet MTU in use is larger
/// than the 9216 bytes of jumbo frames.
pub const LARGEST_MTU: u32 = 9216;

/// A datagram to another port than VXLAN's that looks like VXLAN.
#[derive(Debug, Clone, Copy)]
pub struct Lookalike {
    /// Destination port.
    pub port: u16,
    /// What would be its VNI.
    pub vni: u32,
    /// Whether its source port is VXLAN's.
    pub is_from_vxlan_port: bool,
}

/// What the walk found beside the packet. Written only where the ending says so.
#[derive(Debug, Clone, Default)]
pub struct Aside {
    /// Of an [`Ending::OtherPort`]: that the datagram looks like VXLAN all the same.
    pub candidate: Option<Lookalike>,
    /// Of an [`Ending::NonUdp`]: the ICMP error that it is, about a VXLAN packet. That one, as far as it is quoted, is
    /// then in `packet`.
    pub error: Option<Error>,
    /// See [`Self::around`].
    stack: Vec<Layer>,
    /// The carriers inside of the stack.
    carriers: Carriers,
}

impl Aside {
    /// What is around the innermost overlay of `packet`, the last that was walked.
    #[must_use]
    pub fn around(&self, packet: &Packet) -> Around<'_> {
        if packet.notes.has(Note::Stacked) {
            Around { layers: &self.stack, carriers: self.carriers }
        } else {
            Around::default()
        }
    }

    /// The packet that is being walked has no more around it than `carriers`.
    fn carried_in(&mut self, carriers: Carriers) {
        self.stack.clear();
        self.carriers = carriers;
    }
}

/// Walks `frame`. The packet in `packet` is the frame's if, and only if, the ending says so
/// ([`Ending::is_packet`]).
// Plain IPv4 in plain Ethernet has the functions on its way inlined into one, with all that the compiler then knows, and
// leaves that way before it ends otherwise; the rest goes the same way through copies of their own.
#[inline(always)]
pub fn decode(frame: &Frame<'_>, overlays: &Overlays, packet: &mut Packet, aside: &mut Aside) -> Ending {
    let ending = match plain(frame, overlays) {
        Some((mac, ip, udp, data)) => vxlan(frame, Some(mac), &ip, udp, data, packet),
        None => behind_any(frame, overlays, packet, aside),
    };
    let ending = ending.unwrap_or_else(|ending| ending);
    // Nearly all that overlays carry is TCP, and none of that another overlay.
    if ending.is_packet() && packet.key.protocol_number() != protocol::TCP {
        return inside(ending, frame, overlays, packet, aside);
    }
    ending
}

/// Goes on inside of a packet whose inner frame may hold another overlay, and whose walk ended with `outermost`.
#[inline(never)]
fn inside(
    outermost: Ending,
    frame: &Frame<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Ending {
    let may_hold_one = match packet.key.protocol_number() {
        protocol::UDP => overlays.between(packet.key.source_port(), packet.key.destination_port()).is_some(),
        number => {
            carriers::is_protocol(number) || packet.key.ethertype().is_some_and(carriers::is_announced_by)
        }
    };
    if !may_hold_one {
        return outermost;
    }
    let held = frame.data.get(packet.inner_at as usize..).unwrap_or_default();
    let inner_frame = Span::new(held, packet.inner_len as usize);
    let walked = stack::walk(inner_frame, overlays, packet, aside);
    walked.map_or_else(|ending| ending, |()| outermost)
}

/// The sender, the packet and the datagram of VXLAN in plain IPv4 in an Ethernet frame without tags.
#[inline(always)]
fn plain<'a>(frame: &Frame<'a>, overlays: &Overlays) -> Option<(Mac, Network<'a>, Udp<'a>, Span<'a>)> {
    if frame.link != LinkType::ETHERNET {
        return None;
    }
    let span = Span::new(frame.data, frame.wire_len as usize);
    let (header, payload) = Ethernet::read(span).ok()?;
    if header.ethertype() != ethertype::IPV4 {
        return None;
    }
    let ip = network::plain_v4(payload).filter(|ip| ip.protocol == protocol::UDP)?;
    let (udp, data) = datagram(&ip).ok()?;
    overlays.ports.contains(udp.destination_port()).then(|| (header.source(), ip, udp, data))
}

#[inline(never)]
fn behind_any(
    frame: &Frame<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<Ending, Ending> {
    let link = link::read(frame)?;
    let ip = match link.ethertype {
        Some(ethertype::IPV4) => network::v4(link.payload)?,
        Some(ethertype::IPV6) => network::v6(link.payload)?,
        Some(other) if carriers::is_announced_by(other) => {
            return Ok(carriers::look(frame, None, overlays, packet, aside));
        }
        _ => return Err(Ending::NonIp),
    };
    if let Some(fault) = ip.fault {
        return Err(fault);
    }
    if let Some(fragment) = &ip.fragment {
        return Err(fragment::ending(&ip, fragment));
    }
    if ip.protocol != protocol::UDP {
        return Ok(carriers::look(frame, Some(ip.protocol), overlays, packet, aside));
    }
    behind_headers(frame, link.source, &ip, overlays, packet, aside)
}

/// The UDP datagram of an IP packet that is no fragment, or that was put together.
#[inline(always)]
fn behind_headers(
    frame: &Frame<'_>,
    mac: Option<Mac>,
    ip: &Network<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<Ending, Ending> {
    let (udp, data) = datagram(ip)?;
    if !overlays.ports.contains(udp.destination_port()) {
        return elsewhere(frame, mac, ip, udp, data, overlays, packet, aside);
    }
    vxlan(frame, mac, ip, udp, data, packet)
}

/// A datagram to a port that is not VXLAN's: another overlay's, or anybody's.
#[inline(never)]
#[expect(
    clippy::too_many_arguments,
    reason = "what the walk has in hand, which is in registers but for here"
)]
fn elsewhere(
    frame: &Frame<'_>,
    mac: Option<Mac>,
    ip: &Network<'_>,
    udp: Udp<'_>,
    data: Span<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<Ending, Ending> {
    let port = udp.destination_port();
    if let Some(overlay) = overlays.at(port) {
        return relative(overlay, frame, mac, ip, Some(udp), data, packet);
    }
    if let Some(overlay) = overlays.left_out_at(port).filter(|overlay| header::read(*overlay, data).is_ok()) {
        return Err(Ending::unselected(overlay));
    }
    let source = udp.source_port();
    if overlays.is_from(source, port) && header::read(Encapsulation::Vxlan, data).is_ok() {
        return relative(Encapsulation::Vxlan, frame, mac, ip, Some(udp), data, packet);
    }
    let is_from_vxlan_port = overlays.ports.contains(source);
    aside.candidate = look(data).map(|vni| Lookalike { port, vni, is_from_vxlan_port });
    Err(Ending::OtherPort)
}

/// The same as [`vxlan`], of any overlay; `data` is what UDP carries, or IP where there is none.
fn relative(
    overlay: Encapsulation,
    frame: &Frame<'_>,
    mac: Option<Mac>,
    ip: &Network<'_>,
    udp: Option<Udp<'_>>,
    data: Span<'_>,
    packet: &mut Packet,
) -> Result<Ending, Ending> {
    let header = header::read(overlay, data)?;
    let mut notes = header.notes;
    notes.set(Note::InnerCut, header.inner.is_cut());
    let length_left_out = ip.length_left_out || udp.is_some_and(|udp| udp.length() == 0);
    notes.set(Note::Offload, length_left_out || ip.total_len > LARGEST_MTU);
    notes.set(Note::ZeroChecksumIpv6, ip.is_v6 && udp.is_some_and(|udp| udp.checksum() == 0));
    let (source_port, port) = header.ports(udp);
    let tunnel = Tunnel::new(ip.is_v6, ip.source, ip.destination, port);
    *packet = Packet {
        tunnel: tunnel.of(overlay, header.len),
        key: Key::of_vni(header.vni),
        time: frame.time,
        wire_len: frame.wire_len,
        inner_len: header.inner.wire_len() as u32,
        inner_at: header.inner.offset_in(frame.data) as u32,
        outer_ip_header_len: ip.header_len,
        outer_ip_len: ip.total_len,
        origin: Origin::new(mac, source_port),
        handling: ip.handling(),
        notes,
        ..Packet::default()
    };
    packet.set_policy(header.policy);
    inner::walk_payload(header.payload, header.inner, packet)?;
    Ok(Ending::of(overlay))
}

/// The UDP header, and its data as long as the lengths say.
#[inline(always)]
fn datagram<'a>(ip: &Network<'a>) -> Result<(Udp<'a>, Span<'a>), Ending> {
    let (udp, rest) = Udp::read(ip.payload).map_err(|missing| match missing {
        Missing::Cut => Ending::OuterCut,
        Missing::Short => Ending::UdpTruncated,
    })?;
    let length = usize::from(udp.length());
    if length == 0 || ip.length_left_out {
        return Ok((udp, rest));
    }
    if length < udp::HEADER_LEN || length > ip.payload.wire_len() {
        return Err(Ending::UdpLength);
    }
    Ok((udp, rest.with_wire_len(length - udp::HEADER_LEN)))
}

/// Walks `inner_frame` as if VXLAN had brought it: what it is goes into `packet`. An error where it is too short for an
/// Ethernet header.
pub(crate) fn inner_frame(inner_frame: Span<'_>, packet: &mut Packet) -> Result<(), Ending> {
    inner::walk(inner_frame, packet)
}

#[inline(always)]
fn vxlan(
    frame: &Frame<'_>,
    mac: Option<Mac>,
    ip: &Network<'_>,
    udp: Udp<'_>,
    data: Span<'_>,
    packet: &mut Packet,
) -> Result<Ending, Ending> {
    let (vxlan, inner_frame) = Vxlan::read(data).map_err(header::lack)?;
    if !vxlan.i_flag() {
        return Err(Ending::IFlagClear);
    }
    let mut notes = Notes::default();
    notes.set(Note::InnerCut, inner_frame.is_cut());
    let length_left_out = ip.length_left_out || udp.length() == 0;
    notes.set(Note::Offload, length_left_out || ip.total_len > LARGEST_MTU);
    notes.set(Note::ZeroChecksumIpv6, ip.is_v6 && udp.checksum() == 0);
    *packet = Packet {
        tunnel: Tunnel::new(ip.is_v6, ip.source, ip.destination, udp.destination_port()),
        key: Key::of_vni(vxlan.vni()),
        time: frame.time,
        wire_len: frame.wire_len,
        inner_len: inner_frame.wire_len() as u32,
        inner_at: inner_frame.offset_in(frame.data) as u32,
        payload_len: 0,
        outer_ip_header_len: ip.header_len,
        outer_ip_len: ip.total_len,
        origin: Origin::new(mac, udp.source_port()),
        handling: ip.handling(),
        tcp_sequence: 0,
        tcp_acknowledgment: 0,
        tcp_window: 0,
        tcp_control: 0,
        // Whatever it was: it is looked at where there is a note alone.
        inner_piece: packet.inner_piece,
        policy: packet.policy,
        checks: Checks::default(),
        notes,
    };
    if vxlan.has_reserved_bits() {
        extend(vxlan, packet);
    }
    inner::walk(inner_frame, packet)?;
    Ok(Ending::Vxlan)
}

/// Takes in what a VXLAN header says beyond RFC 7348.
#[cold]
fn extend(vxlan: Vxlan<'_>, packet: &mut Packet) {
    let (notes, policy) = header::extensions(vxlan);
    packet.notes.add(notes);
    packet.set_policy(policy);
}

/// The VNI of a datagram that looks like VXLAN: I flag, zero reserved bits, a sound inner frame.
#[inline]
fn look(data: Span<'_>) -> Option<u32> {
    if data.bytes().first() != Some(&8) {
        return None;
    }
    let (vxlan, frame) = Vxlan::read(data).ok()?;
    let plausible = vxlan.i_flag() && !vxlan.has_reserved_bits() && inner::is_sound(frame);
    plausible.then(|| vxlan.vni())
}
