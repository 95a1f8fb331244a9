//! A decoded VXLAN packet: the key of its cell, and what it adds there.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::wire::mac::Mac;
use crate::wire::{ip, ipv4, ipv6};

/// One direction of a tunnel, and the UDP port it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tunnel {
    source: u128,
    destination: u128,
    udp_port: u16,
    is_v6: bool,
}

impl Hash for Tunnel {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_addresses(self.is_v6, self.source, self.destination, state);
        state.write_u32(u32::from(self.udp_port) << 1 | u32::from(self.is_v6));
    }
}

/// Two IPv4 addresses fit one word: a round of the hash less.
#[inline]
fn hash_addresses<H: Hasher>(is_v6: bool, source: u128, destination: u128, state: &mut H) {
    if is_v6 {
        state.write_u128(source);
        state.write_u128(destination);
    } else {
        state.write_u64((source << u32::BITS | destination) as u64);
    }
}

impl Tunnel {
    #[inline]
    pub(crate) fn new(is_v6: bool, source: u128, destination: u128, udp_port: u16) -> Self {
        Self { source, destination, udp_port, is_v6 }
    }

    /// Outer source address: the sending VTEP.
    #[must_use]
    pub fn source(&self) -> IpAddr {
        ip::address(self.is_v6, self.source)
    }

    /// Outer destination address: the receiving VTEP, or a multicast group.
    #[must_use]
    pub fn destination(&self) -> IpAddr {
        ip::address(self.is_v6, self.destination)
    }

    /// Outer UDP destination port.
    #[must_use]
    pub fn udp_port(&self) -> u16 {
        self.udp_port
    }

    /// Outer IP header without options or extension headers, in bytes.
    #[inline]
    #[must_use]
    pub fn ip_header_len(&self) -> u32 {
        if self.is_v6 { ipv6::HEADER_LEN as u32 } else { ipv4::HEADER_LEN as u32 }
    }
}

/// Everything that tells two packets apart for any report: the tunnel's direction, VNI, inner MACs, inner tag, EtherType,
/// inner 5-tuple. One cache line; the tunnel is in it by its number in the table of cells.
///
/// Absent parts (a cut header, no tag, no ports) are zero with their flag clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
}

const VNI_SHIFT: u32 = 40;
const ETHERTYPE_SHIFT: u32 = 24;
const TAG_SHIFT: u32 = 8;
const PORT_SHIFT: u32 = 48;
const TUNNEL_SHIFT: u32 = 32;

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_addresses(self.has(flag::INNER_V6), self.inner_source, self.inner_destination, state);
        state.write_u64(self.source_mac_and_port);
        state.write_u64(self.destination_mac_and_port);
        state.write_u64(self.vni_and_protocol);
        state.write_u64(self.tunnel_and_flags);
    }
}

impl Key {
    /// The key of a VNI, with nothing yet of the tunnel and the inner frame.
    #[inline]
    pub(crate) fn of_vni(vni: u32) -> Self {
        Self { vni_and_protocol: u64::from(vni) << VNI_SHIFT, ..Self::default() }
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

    /// VXLAN Network Identifier.
    #[inline]
    #[must_use]
    pub fn vni(&self) -> u32 {
        (self.vni_and_protocol >> VNI_SHIFT) as u32
    }

    /// Inner source and destination MAC address.
    #[inline]
    #[must_use]
    pub fn macs(&self) -> Option<(Mac, Mac)> {
        let pair = (Mac::from_bits(self.source_mac_and_port), Mac::from_bits(self.destination_mac_and_port));
        self.has(flag::MACS).then_some(pair)
    }

    /// Identifier of the outermost inner VLAN tag.
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

    /// The flow that the packets belong to, the same for both directions, and whether this one goes from its lower end;
    /// `None` where the inner addresses are not known or not an IP packet's.
    #[inline]
    #[must_use]
    pub fn flow(&self) -> Option<(FlowKey, bool)> {
        let source = (self.inner_source, self.source_mac_and_port >> PORT_SHIFT);
        let destination = (self.inner_destination, self.destination_mac_and_port >> PORT_SHIFT);
        let (low, high) = if source <= destination { (source, destination) } else { (destination, source) };
        let vni_and_protocol = u64::from(self.vni()) << u8::BITS | self.vni_and_protocol & u64::from(u8::MAX);
        let kind = self.tunnel_and_flags & (flag::INNER_V6 | flag::PORTS);
        let key = FlowKey {
            low: low.0,
            high: high.0,
            ports: low.1 << u16::BITS | high.1,
            vni_protocol_and_kind: vni_and_protocol << u8::BITS | kind,
        };
        self.has(flag::PROTOCOL).then_some((key, source <= destination))
    }

    /// Whether the inner destination is a group address: broadcast or multicast (BUM).
    #[must_use]
    pub fn is_bum(&self) -> bool {
        self.macs().is_some_and(|(_, destination)| destination.is_group())
    }
}

/// VNI and inner 5-tuple, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    low: u128,
    high: u128,
    ports: u64,
    vni_protocol_and_kind: u64,
}

/// What is remarkable about a packet; counted, and no reason to refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A reserved or other flag bit is set in the VXLAN header.
    ReservedBits,
    /// The capture does not hold the whole inner frame.
    InnerCut,
    /// ... nor all of its headers, so that a MAC, address or port is not known.
    InnerHeaderCut,
    /// An inner layer contradicts its own lengths.
    InnerMalformed,
    /// Larger than any real MTU, or with its length left out: segmentation offload at the capture point.
    Offload,
    /// The first piece of an outer datagram that was cut into fragments.
    FirstFragment,
    /// Seen before, at another place of the capture; counted where copies are dropped.
    Copy,
}

impl Note {
    /// All of them.
    pub const ALL: [Note; 7] = [
        Note::ReservedBits,
        Note::InnerCut,
        Note::InnerHeaderCut,
        Note::InnerMalformed,
        Note::Offload,
        Note::FirstFragment,
        Note::Copy,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Note::ReservedBits => "reserved_bits",
            Note::InnerCut => "inner_cut",
            Note::InnerHeaderCut => "inner_header_cut",
            Note::InnerMalformed => "inner_malformed",
            Note::Offload => "offload",
            Note::FirstFragment => "first_fragment",
            Note::Copy => "copy",
        }
    }
}

/// A set of [`Note`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes(u8);

impl Notes {
    /// Adds `note` where `holds`.
    #[inline]
    pub fn set(&mut self, note: Note, holds: bool) {
        self.0 |= u8::from(holds) << note as u8;
    }

    /// Whether `note` is among them.
    #[inline]
    #[must_use]
    pub fn has(self, note: Note) -> bool {
        self.0 >> note as u8 & 1 != 0
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Outer source MAC and outer UDP source port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin(u64);

impl Origin {
    /// No MAC is all zeros, which is no station's.
    #[inline]
    #[must_use]
    pub fn new(mac: Option<Mac>, port: u16) -> Self {
        Self(mac.map_or(0, Mac::bits) | u64::from(port) << PORT_SHIFT)
    }

    /// Outer source MAC, where the link layer tells.
    #[must_use]
    pub fn mac(self) -> Option<Mac> {
        Some(Mac::from_bits(self.0)).filter(|mac| mac.bits() != 0)
    }

    /// Outer UDP source port.
    #[must_use]
    pub fn port(self) -> u16 {
        (self.0 >> PORT_SHIFT) as u16
    }
}

/// One VXLAN packet: the key of its cell, and what it adds there. Lengths are in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packet {
    /// How it went.
    pub tunnel: Tunnel,
    /// Which cell of that tunnel it belongs to.
    pub key: Key,
    /// Nanoseconds since 1970 UTC, or [`crate::capture::NO_TIME`].
    pub time: i64,
    /// Original length of the frame.
    pub wire_len: u32,
    /// Length of the inner Ethernet frame: outer UDP length - 8 - 8.
    pub inner_len: u32,
    /// Where it begins in the frame.
    pub inner_at: u32,
    /// What the inner transport protocol carries.
    pub payload_len: u32,
    /// Outer IP header with options or extension headers.
    pub outer_ip_header_len: u32,
    /// Outer IP packet.
    pub outer_ip_len: u32,
    /// Who sent it, on the outside.
    pub origin: Origin,
    /// Control bits of inner TCP; 0 where there is none.
    pub tcp_control: u8,
    /// What is remarkable about it.
    pub notes: Notes,
}

impl Packet {
    /// What `data`, the bytes of the frame that it was decoded from, holds of the inner frame.
    #[must_use]
    pub fn inner<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let held = data.get(self.inner_at as usize..).unwrap_or_default();
        &held[..held.len().min(self.inner_len as usize)]
    }
}
