//! What ICMP errors of the underlay quote: the VXLAN packet that met them.

use super::network::{self, Network};
use super::{Aside, Overlays, carriers, relative};
use crate::capture::Frame;
use crate::disposition::Ending;
use crate::encapsulation::Encapsulation;
use crate::packet::{Packet, Tunnel};
use crate::wire::icmp::{Error, Icmp};
use crate::wire::ip::protocol;
use crate::wire::udp::{self, Udp};
use crate::wire::vxlan;

/// Whether an IP packet of protocol `number` may be such an error.
pub(super) fn is_protocol(number: u8) -> bool {
    matches!(number, protocol::ICMP | protocol::ICMPV6)
}

/// Looks whether `ip`, in `frame`, is such an error. Then `aside` says so, and `packet` is what was quoted, as far as the
/// quote goes: its tunnel at the least.
pub(super) fn look(
    ip: &Network<'_>,
    frame: &Frame<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) {
    aside.error = read(ip, frame, overlays, packet);
}

/// The least that a router must quote, an IP header and 8 bytes (RFC 792), ends before the VXLAN header: then the tunnel
/// is all that is known of the packet.
fn read(ip: &Network<'_>, frame: &Frame<'_>, overlays: &Overlays, packet: &mut Packet) -> Option<Error> {
    let errors = if ip.is_v6 { protocol::ICMPV6 } else { protocol::ICMP };
    if ip.protocol != errors || ip.fragment.is_some() {
        return None;
    }
    let (icmp, rest) = Icmp::read(ip.is_v6, ip.payload).ok()?;
    let error = icmp.error()?;
    let quoted = network::quoted(ip.is_v6, icmp.quote(rest)).and_then(Network::begun).ok()?;
    if quoted.fragment.is_some_and(|fragment| fragment.offset != 0) {
        return None;
    }
    if overlays.has_nvgre() && carriers::is_nvgre(&quoted) {
        let nvgre = relative(Encapsulation::Nvgre, frame, None, &quoted, None, quoted.payload, packet);
        return nvgre.is_ok_and(Ending::is_packet).then_some(error);
    }
    if quoted.protocol != protocol::UDP {
        return None;
    }
    let (udp, data) = Udp::read(quoted.payload).ok()?;
    let overlay = overlays.between(udp.source_port(), udp.destination_port())?;
    let length = usize::from(udp.length()).checked_sub(udp::HEADER_LEN);
    let data = length.map_or(data, |length| data.with_wire_len(length));
    if !relative(overlay, frame, None, &quoted, Some(udp), data, packet).is_ok_and(Ending::is_packet) {
        let tunnel = Tunnel::new(quoted.is_v6, quoted.source, quoted.destination, udp.destination_port());
        *packet = Packet { tunnel: tunnel.of(overlay, vxlan::HEADER_LEN), ..Packet::default() };
    }
    Some(error)
}
