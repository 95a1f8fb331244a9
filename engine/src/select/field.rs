//! The fields of a filter: what is known of a packet when it is selected.
//!
//! Each is declared once, in [`FIELDS`]: its name, what it holds, what that means, an example, and how to read it.
//! `vxinspect fields` and docs/expressions.md print this table. Absent is what the packet lacks, and what the capture's
//! snap length took.

mod table;

pub use table::FIELDS;

use std::net::IpAddr;

use crate::encapsulation::Encapsulation;
use crate::packet::{Layer, Note, Origin, Packet, Tunnel, ecn};
use crate::wire::ethernet::ethertype;
use crate::wire::ip::{protocol, protocol_number};
use crate::wire::vxlan::GroupPolicy;

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name in a filter.
    pub name: &'static str,
    /// Another name for it, or "".
    pub also: &'static str,
    /// What it means.
    pub text: &'static str,
    /// A filter with it.
    pub example: &'static str,
    pub(super) kind: Kind,
}

/// What a field holds, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Nothing: it is there or not.
    Label(fn(&Packet) -> bool),
    /// 0 or 1.
    Flag(Reads<u64>),
    /// A number, and what its literals may be.
    Number(Reads<u64>, Scale),
    /// Some octets of a MAC address; only a slice makes these.
    Octets(Reads<u64>, u32),
    /// A MAC address, as [`crate::wire::mac::Mac::bits`].
    Mac(Reads<u64>),
    /// A time, as [`ordered`].
    Time(Reads<u64>),
    /// An IP address of either version.
    Address(Reads<IpAddr>),
    /// An IPv6 address.
    AddressV6(Reads<IpAddr>),
}

/// How to read a field: one value, or two of them (source and destination); of VXLAN in VXLAN, of each layer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reads<T: 'static> {
    One(fn(&Packet) -> Option<T>),
    Two(fn(&Packet) -> Option<(T, T)>),
    /// One of each layer: of the innermost overlay, and of those around it.
    OneEach(fn(&Packet) -> Option<T>, fn(&Layer) -> Option<T>),
    /// Two of each layer.
    TwoEach(fn(&Packet) -> Option<(T, T)>, fn(&Layer) -> Option<(T, T)>),
}

/// The numbers of a field: the largest, and names for some.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) largest: u64,
    pub(super) named: Option<fn(&str) -> Option<u64>>,
}

impl Field {
    /// What it holds, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Label(_) => "presence",
            Kind::Flag(_) => "boolean",
            Kind::Number(..) => "number",
            Kind::Octets(..) => "octets",
            Kind::Mac(_) => "MAC address",
            Kind::Time(_) => "time",
            Kind::Address(_) => "IP address",
            Kind::AddressV6(_) => "IPv6 address",
        }
    }

    /// What it holds, in a sentence.
    pub(super) fn holds(&self) -> &'static str {
        match self.kind {
            Kind::Label(_) => "there or not",
            Kind::Flag(_) => "true or false",
            Kind::Number(..) => "a number",
            Kind::Octets(..) => "octets",
            Kind::Mac(_) => "a MAC address",
            Kind::Time(_) => "a time",
            Kind::Address(_) => "an IP address",
            Kind::AddressV6(_) => "an IPv6 address",
        }
    }

    const fn also(self, also: &'static str) -> Self {
        Self { also, ..self }
    }
}

/// The field of that name.
pub(super) fn named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name || (field.also == name && !name.is_empty()))
}

/// A time in nanoseconds since 1970, as a number of the same order.
pub(super) fn ordered(time: i64) -> u64 {
    time.cast_unsigned() ^ 1 << 63
}

const fn field(name: &'static str, kind: Kind, example: &'static str, text: &'static str) -> Field {
    Field { name, also: "", text, example, kind }
}

/// There or not; its example is the field alone.
const fn label(name: &'static str, text: &'static str, holds: fn(&Packet) -> bool) -> Field {
    field(name, Kind::Label(holds), name, text)
}

const fn up_to(largest: u64) -> Scale {
    Scale { largest, named: None }
}

const fn one(scale: Scale, read: fn(&Packet) -> Option<u64>) -> Kind {
    Kind::Number(Reads::One(read), scale)
}

const fn two(scale: Scale, read: fn(&Packet) -> Option<(u64, u64)>) -> Kind {
    Kind::Number(Reads::Two(read), scale)
}

const fn control(read: fn(&Packet) -> Option<u64>) -> Kind {
    Kind::Flag(Reads::One(read))
}

const OCTET: Scale = up_to(u8::MAX as u64);
const SHORT: Scale = up_to(u16::MAX as u64);
const LENGTH: Scale = up_to(u32::MAX as u64);
const VNI: Scale = up_to((1 << 24) - 1);
/// 12 bits (IEEE 802.1Q).
const VLAN: Scale = up_to((1 << 12) - 1);
/// 6 bits (RFC 2474).
const DSCP: Scale = up_to((1 << 6) - 1);
/// 2 bits (RFC 3168).
const ECN: Scale = Scale { largest: 3, named: Some(ecn_number) };
const PROTOCOL: Scale = Scale { named: Some(|name| protocol_number(name).map(u64::from)), ..OCTET };
const ETHERTYPE: Scale = Scale { named: Some(|name| ethertype_number(name).map(u64::from)), ..SHORT };

/// By the names of overlays.
const OVERLAY: Scale = Scale { largest: Encapsulation::ALL.len() as u64 - 1, named: Some(named_overlay) };

fn named_overlay(name: &str) -> Option<u64> {
    Encapsulation::named(&name.to_ascii_lowercase()).map(|one| one as u64)
}

/// Outer UDP ports, source and destination.
fn udp_ports(tunnel: &Tunnel, origin: Origin) -> Option<(u64, u64)> {
    tunnel.source_port(origin).zip(tunnel.udp_port()).map(wide)
}

fn group(policy: GroupPolicy) -> u64 {
    policy.id.into()
}

fn overlay(tunnel: &Tunnel) -> u64 {
    tunnel.encapsulation() as u64
}

/// The EtherTypes that have a name in a selection.
pub(super) fn ethertype_number(name: &str) -> Option<u16> {
    match name.to_ascii_lowercase().as_str() {
        "arp" => Some(ethertype::ARP),
        "ipv4" | "ip" => Some(ethertype::IPV4),
        "ipv6" => Some(ethertype::IPV6),
        "mpls" => Some(ethertype::MPLS),
        "nsh" => Some(ethertype::NSH),
        _ => None,
    }
}

fn ecn_number(name: &str) -> Option<u64> {
    ecn::NAMES.iter().zip(0..).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| number)
}

fn wide((a, b): (u16, u16)) -> (u64, u64) {
    (a.into(), b.into())
}

fn is(packet: &Packet, protocol: u8) -> bool {
    packet.key.protocol() == Some(protocol)
}

fn ports_of(packet: &Packet, protocol: u8) -> Option<(u64, u64)> {
    packet.key.ports().filter(|_| is(packet, protocol)).map(wide)
}

fn source(pair: (u64, u64)) -> u64 {
    pair.0
}

fn destination(pair: (u64, u64)) -> u64 {
    pair.1
}

fn inner_macs(packet: &Packet) -> Option<(u64, u64)> {
    packet.key.macs().map(|(source, destination)| (source.bits(), destination.bits()))
}

/// Of an IP packet; not ARP's.
fn inner_ips(packet: &Packet) -> Option<(IpAddr, IpAddr)> {
    packet.key.addresses().filter(|_| packet.key.protocol().is_some())
}

fn inner_ipv6s(packet: &Packet) -> Option<(IpAddr, IpAddr)> {
    inner_ips(packet).filter(|(source, _)| source.is_ipv6())
}

fn arp_ips(packet: &Packet) -> Option<(IpAddr, IpAddr)> {
    packet.key.addresses().filter(|_| packet.key.protocol().is_none())
}

fn inner_is(packet: &Packet, ethertype: u16) -> bool {
    packet.key.ethertype() == Some(ethertype)
}

/// Control bits of TCP whose header could be read. Where it could not they are 0, and a note says why.
fn tcp_control(packet: &Packet) -> Option<u64> {
    let unread = packet.tcp_control == 0
        && (packet.notes.has(Note::InnerHeaderCut) || packet.notes.has(Note::InnerMalformed));
    ports_of(packet, protocol::TCP).filter(|_| !unread).map(|_| packet.tcp_control.into())
}

fn bit(packet: &Packet, bit: u8) -> Option<u64> {
    tcp_control(packet).map(|control| u64::from(control & u64::from(bit) != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::filter;

    /// Each name is one field's, and each example is a filter that says something of the field.
    #[test]
    fn names_are_unique_and_examples_parse() {
        let mut names: Vec<&str> = FIELDS.iter().flat_map(|field| [field.name, field.also]).collect();
        names.retain(|name| !name.is_empty());
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for field in FIELDS {
            filter::parse(field.example).unwrap_or_else(|error| panic!("{}: {error}", field.name));
            let names_it = field.example.contains(field.name);
            assert!(names_it || (!field.also.is_empty() && field.example.contains(field.also)), "{field:?}");
            assert!(!field.text.is_empty() && !field.text.ends_with('.'), "{field:?}");
        }
    }

    /// What is counted can be looked for; but for copies, which are dropped before packets are selected.
    #[test]
    fn every_note_is_a_field() {
        for note in Note::ALL.into_iter().filter(|note| *note != Note::Copy) {
            let field = named(&format!("note.{}", note.name())).unwrap_or_else(|| panic!("{}", note.name()));
            let Kind::Label(holds) = field.kind else { panic!("{field:?}") };
            let mut packet = Packet::default();
            assert!(!holds(&packet), "{field:?}");
            packet.notes.set(note, true);
            assert!(holds(&packet), "{field:?}");
        }
    }

    #[test]
    fn times_keep_their_order() {
        let times = [i64::MIN, -1, 0, 1, i64::MAX].map(ordered);
        assert!(times.is_sorted_by(|a, b| a < b));
    }
}
