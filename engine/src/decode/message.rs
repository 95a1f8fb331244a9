//! What an inner frame says of others, beside what its headers count: an ICMP error quotes a packet, ARP and Neighbor
//! Discovery tell who has an address, DHCP grants one.
//!
//! Few frames say anything. The walk marks them, and they are walked once more here, off the way of all others.

use std::net::IpAddr;

use crate::packet::{Key, Packet};
use crate::wire::arp::{self, Arp};
use crate::wire::dhcp::{self, Dhcp};
use crate::wire::dhcpv6::{self, Dhcpv6};
use crate::wire::ethernet::ethertype;
use crate::wire::icmp::Icmp;
use crate::wire::ip::{self, is_host, protocol};
use crate::wire::mac::Mac;
use crate::wire::ndp::{self, Ndp};
use crate::wire::udp::Udp;
use crate::wire::{Span, be16};

use super::header::Payload;
use super::network::{self, Network};

/// So many addresses of one message are looked at.
const MOST_LEASES: usize = 8;

/// What an inner frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It is an ICMP error, about a packet of this VNI and 5-tuple, of which the rest of the key is not told; `None`
    /// where the quote does not hold them.
    Error(Option<Key>),
    /// Somebody has an address.
    Claim(Binding),
    /// A server grants addresses.
    Grant(Vec<Grant>),
    /// A client has a name.
    Name(Mac, String),
}

/// Which way a binding was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// ARP (RFC 826).
    Arp,
    /// Neighbor Discovery (RFC 4861).
    Nd,
    /// A lease that was granted on the link.
    Dhcp,
}

impl By {
    /// All, each with its name in reports.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Arp, "arp"), (Self::Nd, "nd"), (Self::Dhcp, "dhcp")];

    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// An address is at a MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Which address.
    pub ip: IpAddr,
    /// Who has it.
    pub mac: Mac,
    /// By which protocol.
    pub by: By,
    /// Whether it moves the address there, if it was elsewhere.
    pub is_firm: bool,
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which address.
    pub ip: IpAddr,
    /// To whom.
    pub client: Mac,
    /// By whom.
    pub server: IpAddr,
    /// For so many seconds.
    pub seconds: Option<u32>,
    /// Whether the client is on this link: not where the message goes to a relay.
    pub is_here: bool,
}

/// What a packet says, whose notes say that it may; `data` is what it was decoded from.
#[must_use]
pub fn message(packet: &Packet, data: &[u8]) -> Option<Message> {
    if !packet.notes.tells() {
        return None;
    }
    let frame = Span::new(packet.inner(data), packet.inner_len as usize);
    let (_, ethertype, rest) = Payload::of(packet).read(frame)?;
    let ip = match ethertype {
        ethertype::ARP => return Arp::read(rest).ok().flatten().and_then(claim).map(Message::Claim),
        ethertype::IPV4 => network::v4(rest).ok()?,
        ethertype::IPV6 => network::v6(rest).and_then(Network::begun).ok()?,
        _ => return None,
    };
    match ip.protocol {
        protocol::UDP => lease(packet, &ip),
        protocol::ICMPV6 if ip.is_v6 && is_ndp(&ip) => neighbor(&ip).map(Message::Claim),
        _ => error(&ip, packet.key.vni()),
    }
}

/// Whether an ARP packet says something.
#[inline]
pub(super) fn is_claim(arp: Arp<'_>) -> bool {
    claim(arp).is_some()
}

/// Whether an ICMP packet says something.
// Nothing refers to `ip` as a whole: so its parts stay in registers on the way of plain packets.
#[inline(always)]
pub(super) fn is_icmp(ip: &Network<'_>) -> bool {
    let expected = if ip.is_v6 { protocol::ICMPV6 } else { protocol::ICMP };
    ip.protocol == expected && (is_error(ip.is_v6, ip.payload) || is_ndp(ip))
}

#[inline(never)]
fn is_error(is_v6: bool, payload: Span<'_>) -> bool {
    Icmp::read(is_v6, payload).is_ok_and(|(icmp, _)| icmp.error().is_some())
}

/// Whether a UDP datagram to this port says something.
#[inline]
pub(super) fn is_lease(destination_port: u16) -> bool {
    matches!(
        destination_port,
        dhcp::SERVER_PORT | dhcp::CLIENT_PORT | dhcpv6::CLIENT_PORT | dhcpv6::SERVER_PORT
    )
}

/// Whether an ICMPv6 packet may be of Neighbor Discovery. It is not where it came from beyond the link, or in pieces
/// (RFC 6980).
#[inline(always)]
fn is_ndp(ip: &Network<'_>) -> bool {
    let of_kind =
        |kind: &u8| (ndp::kind::ROUTER_SOLICITATION..=ndp::kind::NEIGHBOR_ADVERTISEMENT).contains(kind);
    ip.is_v6
        && ip.fragment.is_none()
        && ip.payload.bytes().first().is_some_and(of_kind)
        && ip.handling().ttl() == ndp::HOP_LIMIT
}

/// What is claimed, where one host claims what can be one's.
fn sound(binding: Binding) -> Option<Binding> {
    (is_host(binding.ip) && binding.mac.is_learnable()).then_some(binding)
}

/// A request and a reply alike bind their sender. A probe has none (RFC 5227, section 1.1).
fn claim(arp: Arp<'_>) -> Option<Binding> {
    if !matches!(arp.operation(), arp::REQUEST | arp::REPLY) {
        return None;
    }
    let ip = ip::address(false, arp.sender_ip().into());
    sound(Binding { ip, mac: arp.sender_mac(), by: By::Arp, is_firm: true })
}

/// The sender of a solicitation that looks for duplicates is unspecified, and binds nothing (RFC 4862, section 5.4).
fn neighbor(ip: &Network<'_>) -> Option<Binding> {
    let ndp = Ndp::read(ip.payload).ok()??;
    let (address, mac) = (ndp.address(ip.source)?, ndp.link_layer_address()?);
    sound(Binding { ip: ip::address(true, address), mac, by: By::Nd, is_firm: ndp.overrides() })
}

/// What DHCP of either version says.
fn lease(packet: &Packet, ip: &Network<'_>) -> Option<Message> {
    let (udp, data) = Udp::read(ip.payload).ok()?;
    let port = udp.destination_port();
    if !ip.is_v6 {
        let dhcp = Dhcp::read(data).ok()??;
        let Some(granted) = dhcp.granted() else {
            return dhcp.client_name().map(|name| Message::Name(dhcp.client(), name));
        };
        let grant = Grant {
            ip: ip::address(false, granted.into()),
            client: dhcp.client(),
            server: ip::address(false, dhcp.server().map_or(ip.source, u128::from)),
            seconds: dhcp.lease_time(),
            is_here: port == dhcp::CLIENT_PORT,
        };
        return grants([grant].into_iter());
    }
    let dhcp = Dhcpv6::read(data).ok()?;
    let (source, client) = packet.key.macs()?;
    if port == dhcpv6::SERVER_PORT {
        return dhcp.client_name().map(|name| Message::Name(source, name));
    }
    let server = ip::address(true, ip.source);
    grants(dhcp.granted().map(|(address, seconds)| Grant {
        ip: ip::address(true, address),
        client,
        server,
        seconds: Some(seconds),
        is_here: true,
    }))
}

fn grants(all: impl Iterator<Item = Grant>) -> Option<Message> {
    let sound = |grant: &Grant| is_host(grant.ip) && grant.client.is_learnable();
    let sound: Vec<_> = all.filter(sound).take(MOST_LEASES).collect();
    (!sound.is_empty()).then_some(Message::Grant(sound))
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
