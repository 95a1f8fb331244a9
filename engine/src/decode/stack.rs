//! Overlays inside each other: the walk goes on from an inner frame for as long as it finds another overlay.
//!
//! It is one loop with a bound, whatever the frame says. What looks like an overlay inside of one and is none (no I
//! flag, a header cut or too short, a fragment) is the tenant's own traffic, and no reason to refuse the packet.

use crate::disposition::Ending;
use crate::encapsulation::{Carriers, Encapsulation};
use crate::packet::{Key, Layer, Note, Notes, Origin, Packet, Tunnel};
use crate::wire::Span;
use crate::wire::ip::protocol;

use super::carriers::{self, Reached};
use super::header::{self, Payload};
use super::overlays::Overlays;
use super::{Aside, datagram, inner};

/// Where the walk stands.
struct Place<'a> {
    /// What the overlay carries.
    payload: Payload,
    inner: Span<'a>,
    /// IP headers in front of it, in bytes.
    ip_header_len: u32,
}

/// An overlay that was found inside of another.
struct Found<'a> {
    layer: Layer,
    notes: Notes,
    payload: Payload,
    inner: Span<'a>,
}

/// Looks for further overlays in `frame`, the inner frame of the overlay in `packet`. Where there is one, the packet
/// becomes the innermost's, and `aside` holds what is around it; else both stay as they are.
pub(super) fn walk(
    frame: Span<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<(), Ending> {
    let payload = Payload::of(packet);
    let mut place = Place { payload, inner: frame, ip_header_len: packet.outer_ip_header_len };
    let mut layer = Layer {
        tunnel: packet.tunnel,
        vni: packet.key.vni(),
        origin: packet.origin,
        carriers: aside.around(packet).carriers,
        policy: packet.group_policy(),
    };
    let mut notes = packet.notes.without_inner();
    let stack = &mut aside.stack;
    stack.clear();
    while let Some(found) = step(&mut place, overlays) {
        stack.push(layer);
        if stack.len() >= overlays.max_depth {
            return Err(Ending::DepthExceeded);
        }
        layer = found.layer;
        notes.add(found.notes);
        (place.payload, place.inner) = (found.payload, found.inner);
        packet.outer_ip_header_len = place.ip_header_len;
    }
    if stack.is_empty() {
        return Ok(());
    }
    notes.set(Note::Stacked, true);
    aside.carriers = layer.carriers;
    let handling = packet.handling;
    notes.set(Note::InnerCut, packet.notes.has(Note::InnerCut) && place.inner.is_cut());
    let inner_at = packet.inner_at + place.inner.offset_in(frame.bytes()) as u32;
    *packet = Packet {
        tunnel: layer.tunnel,
        key: Key::of_vni(layer.vni),
        origin: layer.origin,
        inner_len: place.inner.wire_len() as u32,
        inner_at,
        payload_len: 0,
        tcp_control: 0,
        notes,
        ..*packet
    };
    packet.set_policy(layer.policy);
    inner::walk_payload(place.payload, place.inner, packet)?;
    // The underlay has the outermost packet in hand, and that one the packet directly inside.
    packet.handling = handling;
    Ok(())
}

/// The overlay in what is carried where the walk stands, if there is one.
fn step<'a>(place: &mut Place<'a>, overlays: &Overlays) -> Option<Found<'a>> {
    let (mac, ethertype, rest) = place.payload.read(place.inner)?;
    let announced = carriers::Place::Announced(ethertype, rest);
    let reached = carriers::reach(announced, mac, Carriers::default(), overlays.has_nvgre()).ok()?;
    if reached.ip.fragment.is_some() {
        return None;
    }
    let found = overlay(&reached, overlays)?;
    place.ip_header_len += reached.ip_header_len + reached.ip.header_len;
    Some(found)
}

fn overlay<'a>(reached: &Reached<'a>, overlays: &Overlays) -> Option<Found<'a>> {
    let ip = &reached.ip;
    let (kind, udp, data) = match ip.protocol {
        protocol::UDP => {
            let (udp, data) = datagram(ip).ok()?;
            (overlays.between(udp.source_port(), udp.destination_port())?, Some(udp), data)
        }
        protocol::GRE => (Encapsulation::Nvgre, None, ip.payload),
        _ => return None,
    };
    let header = header::read(kind, data).ok()?;
    if header.inner.wire_len() < header.payload.least_len() {
        return None;
    }
    let mut notes = header.notes;
    notes.set(Note::Offload, ip.length_left_out || reached.is_offload);
    notes.set(Note::ZeroChecksumIpv6, ip.is_v6 && udp.is_some_and(|udp| udp.checksum() == 0));
    let (source_port, port) = header.ports(udp);
    let layer = Layer {
        tunnel: Tunnel::new(ip.is_v6, ip.source, ip.destination, port).of(kind, header.len),
        vni: header.vni,
        origin: Origin::new(reached.mac, source_port),
        carriers: reached.carriers,
        policy: header.policy,
    };
    Some(Found { layer, notes, payload: header.payload, inner: header.inner })
}
