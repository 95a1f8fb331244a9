//! What an inner frame says of others, beside what its headers count: an ICMP error quotes a packet.
//!
//! Few frames say anything. The walk marks them, and they are walked once more here, off the way of all others.

use crate::packet::{Key, Packet};
use crate::wire::ethernet::ethertype;
use crate::wire::icmp::Icmp;
use crate::wire::ip::protocol;
use crate::wire::{Span, be16};

use super::header::Payload;
use super::network::{self, Network};

/// What an inner frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// It is an ICMP error, about a packet of this VNI and 5-tuple, of which the rest of the key is not told; `None`
    /// where the quote does not hold them.
    Error(Option<Key>),
}

/// What a packet says, whose notes say that it does; `data` is what it was decoded from.
#[must_use]
pub fn message(packet: &Packet, data: &[u8]) -> Option<Message> {
    if !packet.notes.tells() {
        return None;
    }
    let frame = Span::new(packet.inner(data), packet.inner_len as usize);
    let (_, ethertype, rest) = Payload::of(packet).read(frame)?;
    let ip = match ethertype {
        ethertype::IPV4 => network::v4(rest).ok()?,
        ethertype::IPV6 => network::v6(rest).and_then(Network::begun).ok()?,
        _ => return None,
    };
    error(&ip, packet.key.vni())
}

/// Whether an ICMP packet says something.
#[inline]
pub(super) fn is_icmp(ip: &Network<'_>) -> bool {
    let expected = if ip.is_v6 { protocol::ICMPV6 } else { protocol::ICMP };
    let read = Icmp::read(ip.is_v6, ip.payload).ok().filter(|_| ip.protocol == expected);
    read.is_some_and(|(icmp, _)| icmp.error().is_some())
}

fn error(ip: &Network<'_>, vni: u32) -> Option<Message> {
    let (icmp, rest) = Icmp::read(ip.is_v6, ip.payload).ok()?;
    icmp.error()?;
    let quoted = network::quoted(ip.is_v6, icmp.quote(rest)).and_then(Network::begun).ok();
    Some(Message::Error(quoted.and_then(|quoted| tuple(&quoted, vni))))
}

/// VNI and 5-tuple of a packet; `None` where its ports are not there to see.
fn tuple(ip: &Network<'_>, vni: u32) -> Option<Key> {
    let mut key = Key::of_vni(vni);
    key.set_ip(ip.is_v6, ip.source, ip.destination, ip.protocol);
    let begins = ip.fragment.is_none_or(|fragment| fragment.offset == 0);
    if begins && matches!(ip.protocol, protocol::TCP | protocol::UDP | protocol::SCTP) {
        let (ports, _) = ip.payload.split::<4>().ok()?;
        key.set_ports(be16(ports, 0), be16(ports, 2));
    }
    Some(key)
}
