//! How a packet went: the tunnel that it is in, and what is around that.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use super::{Origin, hash_addresses};
use crate::encapsulation::{Carriers, Encapsulation};
use crate::wire::vxlan::GroupPolicy;
use crate::wire::{ip, ipv4, ipv6, udp, vxlan};

/// One direction of a tunnel: the addresses, the UDP port and the encapsulation that its packets have, and the chain
/// of what is around them.
#[derive(Debug, Clone, Copy, Eq, Default)]
pub struct Tunnel {
    source: u128,
    destination: u128,
    // chain 32 | UDP port 16 | overlay header in units of 4 bytes 8 | encapsulation 7 | IPv6 1
    kind: u64,
}

const IPV6_BIT: u64 = 1;
const ENCAPSULATION_SHIFT: u32 = 1;
const ENCAPSULATION_MASK: u8 = 0x7f;
const HEADER_SHIFT: u32 = 8;
const HEADER_UNIT: u32 = 4;
const UDP_PORT_SHIFT: u32 = 16;
const CHAIN_SHIFT: u32 = 32;

impl PartialEq for Tunnel {
    /// All at once: nearly always they are the same.
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        let addresses = (self.source ^ other.source) | (self.destination ^ other.destination);
        addresses | u128::from(self.kind ^ other.kind) == 0
    }
}

impl Hash for Tunnel {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_addresses(self.is_v6(), self.source, self.destination, self.kind, state);
    }
}

impl Tunnel {
    /// A VXLAN tunnel with nothing around it.
    #[inline]
    pub(crate) fn new(is_v6: bool, source: u128, destination: u128, udp_port: u16) -> Self {
        let units = u64::from(vxlan::HEADER_LEN as u32 / HEADER_UNIT);
        let family = if is_v6 { IPV6_BIT } else { 0 };
        let kind = u64::from(udp_port) << UDP_PORT_SHIFT | units << HEADER_SHIFT | family;
        Self { source, destination, kind }
    }

    /// The same of another overlay, whose header has `header_len` bytes.
    #[must_use]
    pub(crate) fn of(self, encapsulation: Encapsulation, header_len: usize) -> Self {
        let udp_and_family = u64::from(self.port()) << UDP_PORT_SHIFT | self.kind & IPV6_BIT;
        let units = u64::from(header_len as u32 / HEADER_UNIT);
        let kind = udp_and_family | units << HEADER_SHIFT | (encapsulation as u64) << ENCAPSULATION_SHIFT;
        Self { kind: self.kind & !(u64::MAX >> CHAIN_SHIFT) | kind, ..self }
    }

    /// The same inside of what the chain of this number stands for; 0 for nothing.
    #[inline]
    #[must_use]
    pub(crate) fn in_chain(self, chain: u32) -> Self {
        let kind = self.kind & (u64::MAX >> CHAIN_SHIFT) | u64::from(chain) << CHAIN_SHIFT;
        Self { kind, ..self }
    }

    /// Number of the chain of what is around it; 0 for nothing.
    #[inline]
    pub(crate) fn chain(&self) -> u32 {
        (self.kind >> CHAIN_SHIFT) as u32
    }

    #[inline]
    fn is_v6(&self) -> bool {
        self.kind & IPV6_BIT != 0
    }

    /// What wraps its packets.
    #[must_use]
    pub fn encapsulation(&self) -> Encapsulation {
        Encapsulation::numbered((self.kind >> ENCAPSULATION_SHIFT) as u8 & ENCAPSULATION_MASK)
    }

    /// Length of the overlay's own header, in bytes.
    #[must_use]
    pub fn overlay_header_len(&self) -> u32 {
        u32::from((self.kind >> HEADER_SHIFT) as u8) * HEADER_UNIT
    }

    /// Outer source address: the sending VTEP.
    #[must_use]
    pub fn source(&self) -> IpAddr {
        ip::address(self.is_v6(), self.source)
    }

    /// Outer destination address: the receiving VTEP, or a multicast group.
    #[must_use]
    pub fn destination(&self) -> IpAddr {
        ip::address(self.is_v6(), self.destination)
    }

    /// Whether a UDP header is between IP and the overlay: not in NVGRE.
    #[inline]
    #[must_use]
    pub fn is_over_udp(&self) -> bool {
        self.encapsulation() != Encapsulation::Nvgre
    }

    /// Outer UDP destination port, where there is one.
    #[must_use]
    pub fn udp_port(&self) -> Option<u16> {
        self.is_over_udp().then_some(self.port())
    }

    fn port(&self) -> u16 {
        (self.kind >> UDP_PORT_SHIFT) as u16
    }

    /// Outer UDP headers, in bytes.
    #[must_use]
    pub fn udp_header_len(&self) -> u32 {
        if self.is_over_udp() { udp::HEADER_LEN as u32 } else { 0 }
    }

    /// Outer UDP source port of what came from `origin`, where there is one.
    #[must_use]
    pub fn source_port(&self, origin: Origin) -> Option<u16> {
        self.is_over_udp().then_some(origin.port())
    }

    /// Flow identifier of NVGRE that came from `origin`.
    #[must_use]
    pub fn flow_id(&self, origin: Origin) -> Option<u16> {
        (!self.is_over_udp()).then_some(origin.port())
    }

    /// Outer IP header without options or extension headers, in bytes.
    #[inline]
    #[must_use]
    pub fn ip_header_len(&self) -> u32 {
        if self.is_v6() { ipv6::HEADER_LEN as u32 } else { ipv4::HEADER_LEN as u32 }
    }
}

/// What is around a packet's innermost overlay, one header of it: another overlay, with its tunnel and its VNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer {
    /// How it went.
    pub tunnel: Tunnel,
    /// The VNI.
    pub vni: u32,
    /// Who sent it.
    pub origin: Origin,
    /// What carries it.
    pub carriers: Carriers,
    /// Its group policy.
    pub policy: Option<GroupPolicy>,
}
