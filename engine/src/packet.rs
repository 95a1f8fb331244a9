//! A decoded VXLAN packet: the key of its cell, and what it adds there.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::encapsulation::{Carriers, Encapsulation};
use crate::wire::mac::Mac;
use crate::wire::{ip, ipv4, ipv6, vxlan};

/// One direction of a tunnel: the addresses, the UDP port and the encapsulation that its packets have, and the chain
/// of what is around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

impl Hash for Tunnel {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_addresses(self.is_v6(), self.source, self.destination, state);
        state.write_u64(self.kind);
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
        let udp_and_family = u64::from(self.udp_port()) << UDP_PORT_SHIFT | self.kind & IPV6_BIT;
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

    /// Outer UDP destination port.
    #[must_use]
    pub fn udp_port(&self) -> u16 {
        (self.kind >> UDP_PORT_SHIFT) as u16
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
    pub(super) const REST_OF_TCP: u64 = 2048;
}

const VNI_SHIFT: u32 = 40;
const ETHERTYPE_SHIFT: u32 = 24;
const TAG_SHIFT: u32 = 8;
const PORT_SHIFT: u32 = 48;
const TUNNEL_SHIFT: u32 = 32;

/// The tunnel's number is left out: only the table that gave it knows it.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_addresses(self.has(flag::INNER_V6), self.inner_source, self.inner_destination, state);
        state.write_u64(self.source_mac_and_port);
        state.write_u64(self.destination_mac_and_port);
        state.write_u64(self.vni_and_protocol);
        state.write_u32(self.tunnel_and_flags as u32);
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
    /// What all flows of a VNI that have no room for cells count as.
    fn rest(vni: u32, path: u32) -> Self {
        // A kind that no flow of packets has.
        const KIND: u64 = flag::MACS;
        const { assert!(KIND & (flag::INNER_V6 | flag::PORTS) == 0) }
        let vni_protocol_and_kind = u64::from(vni) << u16::BITS | KIND;
        Self { low: 0, high: 0, path_and_ports: u64::from(path) << u32::BITS, vni_protocol_and_kind }
    }
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
    /// The inner IP packet is a fragment.
    InnerFragment,
    /// Put together from the fragments of an outer datagram.
    Reassembled,
    /// ... some of which overlap without being the same.
    OverlappingFragments,
    /// Seen before, at another place of the capture; counted where copies are dropped.
    Copy,
    /// More than one header wraps the inner frame.
    Stacked,
    /// The outer UDP checksum is 0 over IPv6, as only tunnels may have it (RFC 6935).
    ZeroChecksumIpv6,
    /// The C flag of Geneve: an option is one that a receiver must know, or drop the packet.
    CriticalOptions,
}

impl Note {
    /// All of them.
    pub const ALL: [Note; 12] = [
        Note::ReservedBits,
        Note::InnerCut,
        Note::InnerHeaderCut,
        Note::InnerMalformed,
        Note::Offload,
        Note::InnerFragment,
        Note::Reassembled,
        Note::OverlappingFragments,
        Note::Copy,
        Note::Stacked,
        Note::ZeroChecksumIpv6,
        Note::CriticalOptions,
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
            Note::InnerFragment => "inner_fragment",
            Note::Reassembled => "reassembled",
            Note::OverlappingFragments => "overlapping_fragments",
            Note::Copy => "copy",
            Note::Stacked => "stacked",
            Note::ZeroChecksumIpv6 => "zero_checksum_ipv6",
            Note::CriticalOptions => "critical_options",
        }
    }
}

/// A set of [`Note`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes(u16);

/// Beyond all notes.
const TELLS: u16 = 1 << 15;

impl Notes {
    /// Adds `note` where `holds`.
    #[inline]
    pub fn set(&mut self, note: Note, holds: bool) {
        self.0 |= u16::from(holds) << note as u8;
    }

    /// Whether the inner frame says something of others, which is to be read: no note, and not counted.
    #[inline]
    #[must_use]
    pub(crate) fn tells(self) -> bool {
        self.0 & TELLS != 0
    }

    #[inline]
    pub(crate) fn set_tells(&mut self, holds: bool) {
        self.0 |= if holds { TELLS } else { 0 };
    }

    /// Whether each of them is about the packet alone, whatever came before it: whoever sees the packet can count them.
    #[inline]
    #[must_use]
    pub fn are_plain(self) -> bool {
        const PLAIN: u16 = 1 << Note::ReservedBits as u16
            | 1 << Note::InnerCut as u16
            | 1 << Note::InnerHeaderCut as u16
            | 1 << Note::InnerMalformed as u16
            | 1 << Note::Offload as u16
            | 1 << Note::ZeroChecksumIpv6 as u16;
        self.0 & !PLAIN == 0
    }

    /// Takes `note` away.
    pub fn clear(&mut self, note: Note) {
        self.0 &= !(1 << note as u8);
    }

    /// Whether `note` is among them.
    #[inline]
    #[must_use]
    pub fn has(self, note: Note) -> bool {
        self.0 >> note as u16 & 1 != 0
    }

    /// Without those that are about the inner frame.
    #[must_use]
    pub(crate) fn without_inner(self) -> Self {
        let inner = [Note::InnerCut, Note::InnerHeaderCut, Note::InnerMalformed];
        Self(inner.iter().fold(self.0 & !TELLS, |notes, note| notes & !(1 << *note as u16)))
    }

    /// Adds all of `more`.
    pub(crate) fn add(&mut self, more: Notes) {
        self.0 |= more.0;
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 & !TELLS == 0
    }
}

/// What the outer UDP checksum turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// There is none, as RFC 7348 asks for.
    Zero,
    /// Right.
    Right,
    /// Neither.
    Wrong,
    /// The pseudo-header's sum alone: the sender left the rest to its network card.
    Partial,
    /// Not all of its bytes are here.
    Unverified,
}

/// What the checksums of an inner frame turned out to be, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// All are right.
    Right,
    /// One at the least is not.
    Wrong,
    /// That of TCP or UDP is the pseudo-header's sum alone, and none is wrong.
    Partial,
    /// None is wrong, and not all of their bytes are here.
    Unverified,
    /// It has none.
    None,
}

/// What the checksums of a packet turned out to be; the default is that nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks(Option<(Outside, Inside)>);

impl Checks {
    pub(crate) fn new(outside: Outside, inside: Inside) -> Self {
        Self(Some((outside, inside)))
    }

    /// Outside and inside, where somebody looked.
    #[inline]
    #[must_use]
    pub fn verdict(self) -> Option<(Outside, Inside)> {
        self.0
    }
}

/// What an outer IP header asks of the underlay and tells of the way, beside what the inner one asks. Four bytes, which
/// are compared with the packet's before at once.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(4))]
pub struct Handling {
    ttl: u8,
    traffic_class: u8,
    inner_traffic_class: u8,
    flags: u8,
}

/// In the byte of an IPv4 header that has the flags; what is below them there is 0 but for later fragments.
pub(crate) mod handling {
    pub(crate) const DONT_FRAGMENT: u8 = 0x40;
    pub(crate) const MORE_FRAGMENTS: u8 = 0x20;
    /// Ours: the inner traffic class is there.
    pub(super) const INNER: u8 = 1;
}

/// ECN fields (RFC 3168, section 5).
pub mod ecn {
    /// Not capable of it.
    pub const NOT_ECT: u8 = 0;
    /// Capable, as experiments use it.
    pub const ECT_1: u8 = 1;
    /// Capable.
    pub const ECT_0: u8 = 2;
    /// Congestion was experienced.
    pub const CE: u8 = 3;

    /// In the order of the values.
    pub const NAMES: [&str; 4] = ["not-ect", "ect1", "ect0", "ce"];
}

impl PartialEq for Handling {
    /// At once: byte by byte it takes three times as long.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Handling {
    #[inline]
    fn bits(self) -> u32 {
        u32::from_ne_bytes([self.ttl, self.traffic_class, self.inner_traffic_class, self.flags])
    }

    /// Of an outer header: time to live, DSCP with ECN behind it, IPv4's byte of flags.
    #[inline]
    #[must_use]
    pub(crate) fn new(ttl: u8, traffic_class: u8, flags: u8) -> Self {
        Self { ttl, traffic_class, inner_traffic_class: 0, flags }
    }

    #[inline]
    pub(crate) fn set_inner(&mut self, traffic_class: u8) {
        self.inner_traffic_class = traffic_class;
        self.flags |= handling::INNER;
    }

    /// Time to live, or hop limit.
    #[must_use]
    pub fn ttl(self) -> u8 {
        self.ttl
    }

    /// Outer DSCP.
    #[must_use]
    pub fn dscp(self) -> u8 {
        self.traffic_class >> 2
    }

    /// Outer ECN field.
    #[must_use]
    pub fn ecn(self) -> u8 {
        self.traffic_class & 3
    }

    fn inner(self) -> Option<u8> {
        (self.flags & handling::INNER != 0).then_some(self.inner_traffic_class)
    }

    /// Inner DSCP, of an IP packet.
    #[must_use]
    pub fn inner_dscp(self) -> Option<u8> {
        self.inner().map(|inner| inner >> 2)
    }

    /// Inner ECN field, of an IP packet.
    #[must_use]
    pub fn inner_ecn(self) -> Option<u8> {
        self.inner().map(|inner| inner & 3)
    }

    /// Whether outer and inner DSCP differ.
    #[must_use]
    pub fn is_dscp_mismatch(self) -> bool {
        self.inner_dscp().is_some_and(|inner| inner != self.dscp())
    }

    /// Whether the outer ECN field cannot have come from the inner one: a VTEP copies it (RFC 6040, section 4.1), and
    /// the underlay then marks what is capable of it.
    #[must_use]
    pub fn is_ecn_mismatch(self) -> bool {
        self.inner_ecn().is_some_and(|inner| {
            let marked = self.ecn() == ecn::CE && inner != ecn::NOT_ECT;
            self.ecn() != inner && !marked
        })
    }

    /// Whether routers may not cut it: an IPv4 header's flag.
    #[must_use]
    pub fn dont_fragment(self) -> bool {
        self.flags & handling::DONT_FRAGMENT != 0
    }

    /// Whether it is the first piece of a datagram.
    #[must_use]
    pub fn is_fragment(self) -> bool {
        self.flags & handling::MORE_FRAGMENTS != 0
    }
}

/// Outer source MAC and outer UDP source port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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

/// One packet of an overlay: the key of its cell, and what it adds there. Lengths are in bytes. Of nested ones, tunnel, key and
/// origin are those of the innermost.
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
    /// Length of what the overlay carries, an Ethernet frame as a rule: outer UDP length - 8 - the overlay's header.
    pub inner_len: u32,
    /// Where it begins in the frame.
    pub inner_at: u32,
    /// What the inner transport protocol carries.
    pub payload_len: u32,
    /// Outer IP headers with options or extension headers, those of all layers.
    pub outer_ip_header_len: u32,
    /// Outermost IP packet.
    pub outer_ip_len: u32,
    /// Who sent it, on the outside.
    pub origin: Origin,
    /// What its outer IP header asks of the underlay, and its inner one.
    pub handling: Handling,
    /// Sequence number of inner TCP...
    pub tcp_sequence: u32,
    /// ... its acknowledgment number...
    pub tcp_acknowledgment: u32,
    /// ... its window, unscaled...
    pub tcp_window: u16,
    /// ... and its control bits. All are 0 where there is none.
    /// Which piece of an inner datagram it has inside; of any use with the note [`Note::InnerFragment`] alone.
    pub inner_piece: InnerPiece,
    /// What its checksums turned out to be, where they were verified.
    pub checks: Checks,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of ECN fields: the outer one is the inner one's copy, or the mark of congestion on what can bear it.
    #[test]
    fn ecn_follows_rfc_6040() {
        let sound = [(0, 0), (1, 1), (2, 2), (3, 3), (1, 3), (2, 3)];
        for (inner, outer) in (0..4).flat_map(|inner| (0..4).map(move |outer| (inner, outer))) {
            let mut handling = Handling::new(64, 0xb8 | outer, 0);
            assert!(
                !handling.is_ecn_mismatch() && !handling.is_dscp_mismatch(),
                "no inner header, no mismatch"
            );
            handling.set_inner(0xb8 | inner);
            assert_eq!(handling.is_ecn_mismatch(), !sound.contains(&(inner, outer)), "{inner} in {outer}");
            assert!(!handling.is_dscp_mismatch());
        }
    }

    /// The fields do not run into each other.
    #[test]
    fn handling_keeps_its_fields_apart() {
        for byte in [0, 1, 0x55, 0xfc, 0xff] {
            let mut handling = Handling::new(byte, !byte, handling::DONT_FRAGMENT);
            handling.set_inner(byte);
            assert_eq!((handling.ttl(), handling.dscp(), handling.ecn()), (byte, !byte >> 2, !byte & 3));
            assert_eq!(handling.is_dscp_mismatch(), byte >> 2 != !byte >> 2);
            assert!(handling.dont_fragment() && !handling.is_fragment());
            assert!(Handling::new(byte, byte, handling::MORE_FRAGMENTS).is_fragment());
        }
    }
}
