//! What tells packets apart: the key of a cell, and that of a flow.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use super::{PORT_SHIFT, hash_addresses};
use crate::wire::ip;
use crate::wire::mac::Mac;

/// Everything that tells two packets apart for any report: the tunnel's direction, VNI, inner MACs, inner tag, EtherType,
/// inner 5-tuple. One cache line; the tunnel is in it by its number in the table of cells.
///
/// Absent parts (a cut header, no tag, no ports) are zero with their flag clear.
#[derive(Debug, Clone, Copy, Eq, Default)]
#[repr(C)]
pub struct Key {
    inner_source: u128,
    inner_destination: u128,
    source_mac_and_port: u64,
    destination_mac_and_port: u64,
    // vni 24 | ethertype 16 | inner VLAN identifier 16 | protocol 8
    vni_and_protocol: u64,
    // tunnel 32 | flags 32
    tunnel_and_flags: u64,
}

mod flag {
    pub(super) const MACS: u64 = 1;
    pub(super) const TAG: u64 = 2;
    pub(super) const ETHERTYPE: u64 = 4;
    /// The inner addresses are there...
    pub(super) const ADDRESSES: u64 = 8;
    /// ... and are IPv6.
    pub(super) const INNER_V6: u64 = 16;
    /// They are an IP packet's, with its protocol; not ARP's.
    pub(super) const PROTOCOL: u64 = 32;
    pub(super) const PORTS: u64 = 64;
    /// There is no Ethernet header inside; a packet of the network layer is.
    pub(super) const NO_ETHERNET: u64 = 2048;
    /// The VNI is there; it is in every VXLAN packet, and not in everything that an ICMP error quotes.
    pub(super) const VNI: u64 = 128;
    /// It is no packet's key, but that of the rest ([`super::Key::rest`])...
    pub(super) const REST: u64 = 256;
    /// ... of IP packets...
    pub(super) const REST_OF_IP: u64 = 512;
    /// ... to group addresses...
    pub(super) const REST_OF_GROUPS: u64 = 1024;
    /// ... with ports of TCP.
    pub(super) const REST_OF_TCP: u64 = 4096;
    /// A VTEP must not learn from it where the sender is.
    pub(super) const DONT_LEARN: u64 = 8192;
}

const VNI_SHIFT: u32 = 40;
const ETHERTYPE_SHIFT: u32 = 24;
const TAG_SHIFT: u32 = 8;
const TUNNEL_SHIFT: u32 = 32;

impl PartialEq for Key {
    /// All at once: nearly always they are the same.
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        let addresses =
            (self.inner_source ^ other.inner_source) | (self.inner_destination ^ other.inner_destination);
        let macs_and_ports = (self.source_mac_and_port ^ other.source_mac_and_port)
            | (self.destination_mac_and_port ^ other.destination_mac_and_port);
        let others = (self.vni_and_protocol ^ other.vni_and_protocol)
            | (self.tunnel_and_flags ^ other.tunnel_and_flags);
        addresses | u128::from(macs_and_ports | others) == 0
    }
}

/// The tunnel's number is left out: only the table that gave it knows it.
impl Hash for Key {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (is_v6, source) = (self.has(flag::INNER_V6), self.source_mac_and_port);
        hash_addresses(is_v6, self.inner_source, self.inner_destination, source, state);
        // Flags tell only what parts there are, which the parts tell nearly as well.
        let rest = self.vni_and_protocol ^ self.tunnel_and_flags & u64::from(u32::MAX);
        state.write_u128(u128::from(self.destination_mac_and_port) << u64::BITS | u128::from(rest));
    }
}

impl Key {
    /// The key of a VNI, with nothing yet of the tunnel and the inner frame.
    #[inline]
    pub(crate) fn of_vni(vni: u32) -> Self {
        let vni_and_protocol = u64::from(vni) << VNI_SHIFT;
        Self { vni_and_protocol, tunnel_and_flags: flag::VNI, ..Self::default() }
    }

    #[inline]
    pub(crate) fn set_tunnel(&mut self, number: u32) {
        self.tunnel_and_flags =
            u64::from(number) << TUNNEL_SHIFT | self.tunnel_and_flags & u64::from(u32::MAX);
    }

    #[inline]
    pub(crate) fn tunnel(&self) -> u32 {
        (self.tunnel_and_flags >> TUNNEL_SHIFT) as u32
    }

    #[inline]
    pub(crate) fn set_macs(&mut self, source: Mac, destination: Mac) {
        self.source_mac_and_port |= source.bits();
        self.destination_mac_and_port |= destination.bits();
        self.tunnel_and_flags |= flag::MACS;
    }

    #[inline]
    pub(crate) fn set_no_ethernet(&mut self) {
        self.tunnel_and_flags |= flag::NO_ETHERNET;
    }

    pub(crate) fn set_dont_learn(&mut self, holds: bool) {
        self.tunnel_and_flags |= if holds { flag::DONT_LEARN } else { 0 };
    }

    #[inline]
    pub(crate) fn set_tag(&mut self, vid: u16) {
        self.vni_and_protocol |= u64::from(vid) << TAG_SHIFT;
        self.tunnel_and_flags |= flag::TAG;
    }

    #[inline]
    pub(crate) fn set_ethertype(&mut self, ethertype: u16) {
        self.vni_and_protocol |= u64::from(ethertype) << ETHERTYPE_SHIFT;
        self.tunnel_and_flags |= flag::ETHERTYPE;
    }

    #[inline]
    pub(crate) fn set_ip(&mut self, is_v6: bool, source: u128, destination: u128, protocol: u8) {
        self.inner_source = source;
        self.inner_destination = destination;
        self.vni_and_protocol |= u64::from(protocol);
        let family = if is_v6 { flag::INNER_V6 } else { 0 };
        self.tunnel_and_flags |= flag::ADDRESSES | flag::PROTOCOL | family;
    }

    #[inline]
    pub(crate) fn set_arp(&mut self, sender: u32, target: u32) {
        self.inner_source = u128::from(sender);
        self.inner_destination = u128::from(target);
        self.tunnel_and_flags |= flag::ADDRESSES;
    }

    #[inline]
    pub(crate) fn set_ports(&mut self, source: u16, destination: u16) {
        self.source_mac_and_port |= u64::from(source) << PORT_SHIFT;
        self.destination_mac_and_port |= u64::from(destination) << PORT_SHIFT;
        self.tunnel_and_flags |= flag::PORTS;
    }

    #[inline]
    fn has(&self, flag: u64) -> bool {
        self.tunnel_and_flags & flag != 0
    }

    /// The key of what has no room for a cell of its own: the same tunnel and VNI, and as much more as sums by those need.
    #[must_use]
    pub(crate) fn rest(&self) -> Self {
        let group = if self.is_bum() { flag::REST_OF_GROUPS } else { 0 };
        let ip = if self.protocol().is_some() { flag::REST_OF_IP } else { 0 };
        let is_tcp = self.protocol() == Some(ip::protocol::TCP) && self.has(flag::PORTS);
        let tcp = if is_tcp { flag::REST_OF_TCP } else { 0 };
        let kept = self.tunnel_and_flags & (u64::from(u32::MAX) << TUNNEL_SHIFT | flag::VNI | flag::TAG);
        let mut rest = Self::of_vni(self.vni());
        rest.tunnel_and_flags = kept | flag::REST | ip | group | tcp;
        rest
    }

    /// Whether its packets are TCP's, those of a rest included.
    #[must_use]
    pub fn is_of_tcp(&self) -> bool {
        self.has(flag::REST_OF_TCP) || self.protocol() == Some(ip::protocol::TCP)
    }

    /// Whether it is the key of a rest.
    #[must_use]
    pub fn is_rest(&self) -> bool {
        self.has(flag::REST)
    }

    /// Whether it is the key of a rest of IP packets, whose flows are not known.
    #[must_use]
    pub fn is_rest_of_ip(&self) -> bool {
        self.has(flag::REST_OF_IP)
    }

    /// VXLAN Network Identifier.
    #[inline]
    #[must_use]
    pub fn vni(&self) -> u32 {
        (self.vni_and_protocol >> VNI_SHIFT) as u32
    }

    /// The same, where it is known.
    #[must_use]
    pub fn known_vni(&self) -> Option<u32> {
        self.has(flag::VNI).then(|| self.vni())
    }

    /// Inner source and destination MAC address.
    #[inline]
    #[must_use]
    pub fn macs(&self) -> Option<(Mac, Mac)> {
        let pair = (Mac::from_bits(self.source_mac_and_port), Mac::from_bits(self.destination_mac_and_port));
        self.has(flag::MACS).then_some(pair)
    }

    /// Whether a packet of the network layer is inside, without an Ethernet header.
    #[inline]
    #[must_use]
    pub fn is_without_ethernet(&self) -> bool {
        self.has(flag::NO_ETHERNET)
    }

    /// Whether a VTEP must not learn from it where the sender is.
    #[inline]
    #[must_use]
    pub fn is_not_to_be_learned(&self) -> bool {
        self.has(flag::DONT_LEARN)
    }

    /// Identifier of the outermost inner VLAN tag; of a rest only whether there is any.
    #[must_use]
    pub fn tag(&self) -> Option<u16> {
        self.has(flag::TAG).then_some((self.vni_and_protocol >> TAG_SHIFT) as u16)
    }

    /// Inner EtherType, behind any tags.
    #[must_use]
    pub fn ethertype(&self) -> Option<u16> {
        self.has(flag::ETHERTYPE).then_some((self.vni_and_protocol >> ETHERTYPE_SHIFT) as u16)
    }

    /// Inner source and destination address of an IP packet, or sender and target address of ARP.
    #[must_use]
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        let is_v6 = self.has(flag::INNER_V6);
        let pair = (ip::address(is_v6, self.inner_source), ip::address(is_v6, self.inner_destination));
        self.has(flag::ADDRESSES).then_some(pair)
    }

    /// Protocol number of an inner IP packet whose addresses are known.
    #[inline]
    #[must_use]
    pub fn protocol(&self) -> Option<u8> {
        self.has(flag::PROTOCOL).then_some(self.vni_and_protocol as u8)
    }

    /// Source and destination port of inner TCP, UDP or SCTP.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        let pair = (self.source_mac_and_port >> PORT_SHIFT, self.destination_mac_and_port >> PORT_SHIFT);
        self.has(flag::PORTS).then_some((pair.0 as u16, pair.1 as u16))
    }

    /// Protocol number of an inner IP packet, 0 where there is none.
    #[inline]
    pub(crate) fn protocol_number(&self) -> u8 {
        self.vni_and_protocol as u8
    }

    /// Source port of inner TCP, UDP or SCTP; 0 where there is none.
    #[inline]
    pub(crate) fn source_port(&self) -> u16 {
        (self.source_mac_and_port >> PORT_SHIFT) as u16
    }

    /// Destination port of inner TCP, UDP or SCTP; 0 where there is none.
    #[inline]
    pub(crate) fn destination_port(&self) -> u16 {
        (self.destination_mac_and_port >> PORT_SHIFT) as u16
    }

    /// Makes the key of a later inner fragment that of its datagram, as the first one tells it.
    pub(crate) fn tell(&mut self, told: Told) {
        self.vni_and_protocol = self.vni_and_protocol & !u64::from(u8::MAX) | u64::from(told.protocol);
        // It may have been told of another first fragment before, by a part of the run that did not know this one.
        let no_port = u64::MAX >> (u64::BITS - PORT_SHIFT);
        self.source_mac_and_port &= no_port;
        self.destination_mac_and_port &= no_port;
        self.tunnel_and_flags &= !flag::PORTS;
        if let Some((source, destination)) = told.ports {
            self.set_ports(source, destination);
        }
    }

    /// The flow that the packets belong to, the same for both directions, and whether this one goes from its lower end;
    /// `None` where the inner addresses are not known or not an IP packet's. `path` is the number of what they are
    /// wrapped in: one VNI of two encapsulations is two.
    #[inline]
    #[must_use]
    pub fn flow(&self, path: u32) -> Option<(FlowKey, bool)> {
        let source = (self.inner_source, self.source_mac_and_port >> PORT_SHIFT);
        let destination = (self.inner_destination, self.destination_mac_and_port >> PORT_SHIFT);
        let (low, high) = if source <= destination { (source, destination) } else { (destination, source) };
        let vni_and_protocol = u64::from(self.vni()) << u8::BITS | self.vni_and_protocol & u64::from(u8::MAX);
        let kind = self.tunnel_and_flags & (flag::INNER_V6 | flag::PORTS);
        let key = FlowKey {
            low: low.0,
            high: high.0,
            path_and_ports: u64::from(path) << u32::BITS | low.1 << u16::BITS | high.1,
            vni_protocol_and_kind: vni_and_protocol << u8::BITS | kind,
        };
        self.has(flag::PROTOCOL).then_some((key, source <= destination))
    }

    /// As [`Self::flow`]; the IP packets of a VNI's rest count as one flow.
    #[must_use]
    pub fn flow_or_rest(&self, path: u32) -> Option<(FlowKey, bool)> {
        self.flow(path).or_else(|| self.is_rest_of_ip().then(|| (FlowKey::rest(self.vni(), path), true)))
    }

    /// Whether the inner destination is the broadcast address.
    #[inline]
    #[must_use]
    pub fn is_to_all(&self) -> bool {
        Mac::from_bits(self.destination_mac_and_port) == Mac::BROADCAST
    }

    /// Whether the inner destination is a group address: broadcast or multicast (BUM).
    #[must_use]
    pub fn is_bum(&self) -> bool {
        self.has(flag::REST_OF_GROUPS) || self.macs().is_some_and(|(_, destination)| destination.is_group())
    }
}

/// Which piece of an inner IP datagram a packet has inside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InnerPiece {
    /// Identification of the datagram: 16 bits over IPv4, 32 over IPv6.
    pub identification: u32,
    /// It is not the first piece, and so without the header that has the ports.
    pub is_later: bool,
}

/// What the first fragment of an inner datagram tells of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Protocol, behind the IPv6 extension headers that the datagram begins with.
    pub protocol: u8,
    /// Source and destination port, where there are any and the capture holds them.
    pub ports: Option<(u16, u16)>,
}

/// Path, VNI and inner 5-tuple, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    low: u128,
    high: u128,
    path_and_ports: u64,
    vni_protocol_and_kind: u64,
}

impl FlowKey {
    /// The same in any VNI.
    #[must_use]
    pub fn across_vnis(self) -> Self {
        // VNI 24 | protocol 8 | kind 8
        Self { vni_protocol_and_kind: self.vni_protocol_and_kind & u64::from(u16::MAX), ..self }
    }

    /// What all flows of a VNI that have no room for cells count as.
    fn rest(vni: u32, path: u32) -> Self {
        // A kind that no flow of packets has.
        const KIND: u64 = flag::MACS;
        const { assert!(KIND & (flag::INNER_V6 | flag::PORTS) == 0) }
        let vni_protocol_and_kind = u64::from(vni) << u16::BITS | KIND;
        Self { low: 0, high: 0, path_and_ports: u64::from(path) << u32::BITS, vni_protocol_and_kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a rest too, each flag says one thing: what is of TCP is not without Ethernet for that.
    #[test]
    fn flags_do_not_stand_for_each_other() {
        let mut key = Key::of_vni(7);
        key.set_no_ethernet();
        assert!(key.is_without_ethernet() && !key.is_of_tcp() && !key.is_rest());
        let mut key = Key::of_vni(7);
        key.set_ip(false, 1, 2, ip::protocol::TCP);
        key.set_ports(1, 2);
        let rest = key.rest();
        assert!(rest.is_of_tcp() && rest.is_rest() && !rest.is_without_ethernet() && !rest.is_bum());
    }
}
