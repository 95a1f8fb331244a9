//! Overlays inside each other: the walk goes on from an inner frame for as long as it finds another overlay.
//!
//! It is one loop with a bound, whatever the frame says. What looks like an overlay inside of one and is none (no I
//! flag, a header cut or too short, a fragment) is the tenant's own traffic, and no reason to refuse the packet.

use crate::disposition::Ending;
use crate::packet::{Key, Layer, Note, Notes, Origin, Packet, Tunnel};
use crate::wire::Span;
use crate::wire::ethernet::{self, Ethernet, ethertype};
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::wire::vxlan::Vxlan;

use super::network::{self, Network};
use super::overlays::Overlays;
use super::{datagram, inner, link};

/// Where the walk stands.
struct Place<'a> {
    /// An Ethernet frame.
    frame: Span<'a>,
    /// IP headers in front of it, in bytes.
    ip_header_len: u32,
}

/// An overlay that was found inside of another.
struct Found<'a> {
    layer: Layer,
    notes: Notes,
    frame: Span<'a>,
}

/// Looks for further overlays in `frame`, the inner frame of the overlay in `packet`. Where there is one, the packet
/// becomes the innermost's, and `stack` holds those around it from the outermost in; else both stay as they are.
pub(super) fn walk(
    frame: Span<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    stack: &mut Vec<Layer>,
) -> Result<(), Ending> {
    let mut place = Place { frame, ip_header_len: packet.outer_ip_header_len };
    let mut layer = Layer { tunnel: packet.tunnel, vni: packet.key.vni(), origin: packet.origin };
    let mut notes = packet.notes.without_inner();
    stack.clear();
    while let Some(found) = step(&mut place, overlays) {
        stack.push(layer);
        if stack.len() >= overlays.max_depth {
            return Err(Ending::DepthExceeded);
        }
        layer = found.layer;
        notes.add(found.notes);
        place.frame = found.frame;
        packet.outer_ip_header_len = place.ip_header_len;
    }
    if stack.is_empty() {
        return Ok(());
    }
    notes.set(Note::Stacked, true);
    let handling = packet.handling;
    notes.set(Note::InnerCut, packet.notes.has(Note::InnerCut) && place.frame.is_cut());
    let inner_at = packet.inner_at + place.frame.offset_in(frame.bytes()) as u32;
    *packet = Packet {
        tunnel: layer.tunnel,
        key: Key::of_vni(layer.vni),
        origin: layer.origin,
        inner_len: place.frame.wire_len() as u32,
        inner_at,
        payload_len: 0,
        tcp_control: 0,
        notes,
        ..*packet
    };
    inner::walk(place.frame, packet)?;
    // The underlay has the outermost packet in hand, and that one the packet directly inside.
    packet.handling = handling;
    Ok(())
}

/// The overlay in the frame where the walk stands, if there is one.
fn step<'a>(place: &mut Place<'a>, overlays: &Overlays) -> Option<Found<'a>> {
    let (header, rest) = Ethernet::read(place.frame).ok()?;
    let (_, ethertype, rest) = link::tags(header.ethertype(), rest).ok()?;
    let ip = match ethertype {
        ethertype::IPV4 => network::v4(rest).ok()?,
        ethertype::IPV6 => network::v6(rest).ok()?,
        _ => return None,
    };
    if ip.fault.is_some() || ip.fragment.is_some() || ip.protocol != protocol::UDP {
        return None;
    }
    let found = vxlan(header.source(), &ip, overlays)?;
    place.ip_header_len += ip.header_len;
    Some(found)
}

fn vxlan<'a>(mac: Mac, ip: &Network<'a>, overlays: &Overlays) -> Option<Found<'a>> {
    let (udp, data) = datagram(ip).ok()?;
    let port = udp.destination_port();
    let (vxlan, frame) = Vxlan::read(data).ok()?;
    let is_one = overlays.ports.contains(port) && vxlan.i_flag() && frame.wire_len() >= ethernet::HEADER_LEN;
    let mut notes = Notes::default();
    notes.set(Note::ReservedBits, vxlan.has_reserved_bits());
    notes.set(Note::Offload, ip.length_left_out);
    notes.set(Note::ZeroChecksumIpv6, ip.is_v6 && udp.checksum() == 0);
    let layer = Layer {
        tunnel: Tunnel::new(ip.is_v6, ip.source, ip.destination, port),
        vni: vxlan.vni(),
        origin: Origin::new(Some(mac), udp.source_port()),
    };
    is_one.then_some(Found { layer, notes, frame })
}
