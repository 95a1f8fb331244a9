//! The table of all fields.

use crate::capture::NO_TIME;
use crate::encapsulation::Encapsulation;
use crate::packet::Note;
use crate::wire::ethernet::ethertype;
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::wire::tcp::flags;

use super::{
    DSCP, ECN, ETHERTYPE, Field, Kind, LENGTH, OCTET, OVERLAY, PROTOCOL, Reads, SHORT, VLAN, VNI, arp_ips,
    bit, control, destination, field, group, inner_ips, inner_ipv6s, inner_is, inner_macs, is, label, one,
    ordered, overlay, ports_of, source, tcp_control, two, udp_ports, wide,
};

/// All fields, from the outside in.
pub static FIELDS: &[Field] = &[
    field(
        "frame.time",
        Kind::Time(Reads::One(|p| Some(p.time).filter(|time| *time != NO_TIME).map(ordered))),
        r#"frame.time >= "2026-11-22 18:20:43""#,
        "when the frame was captured: RFC 3339, UTC where it names no zone, or seconds since 1970",
    ),
    field(
        "frame.len",
        one(LENGTH, |p| Some(p.wire_len.into())),
        "frame.len > 1500",
        "length of the frame on the wire, in bytes",
    ),
    field(
        "vni",
        Kind::Number(Reads::OneEach(|p| p.key.known_vni().map(u64::from), |l| Some(l.vni.into())), VNI),
        "vni in {100..199, 300}",
        "VXLAN network identifier",
    )
    .also("vxlan.vni"),
    field(
        "encapsulation",
        Kind::Number(Reads::OneEach(|p| Some(overlay(&p.tunnel)), |l| Some(overlay(&l.tunnel))), OVERLAY),
        "encapsulation == geneve",
        "the overlay: vxlan, vxlan-gpe, geneve or nvgre",
    ),
    field(
        "geneve.critical",
        control(|p| {
            let is_geneve = p.tunnel.encapsulation() == Encapsulation::Geneve;
            is_geneve.then(|| p.notes.has(Note::CriticalOptions).into())
        }),
        "geneve.critical == 1",
        "whether Geneve has an option that a receiver must know, or drop the packet",
    ),
    field(
        "nvgre.flow_id",
        Kind::Number(
            Reads::OneEach(
                |p| p.tunnel.flow_id(p.origin).map(u64::from),
                |l| l.tunnel.flow_id(l.origin).map(u64::from),
            ),
            OCTET,
        ),
        "nvgre.flow_id == 7",
        "FlowID of NVGRE: what the sender tells flows apart by, for there are no outer ports",
    ),
    field(
        "vxlan.gbp",
        Kind::Number(Reads::OneEach(|p| p.group_policy().map(group), |l| l.policy.map(group)), SHORT),
        "vxlan.gbp == 100",
        "group of the sender, of VXLAN with a group policy (GBP)",
    ),
    field(
        "vxlan.flag_d",
        Kind::Flag(Reads::OneEach(
            |p| p.group_policy().map(|policy| policy.dont_learn.into()),
            |l| l.policy.map(|policy| policy.dont_learn.into()),
        )),
        "vxlan.flag_d == 1",
        "the D flag of a group policy: a VTEP must not learn where the sender is",
    ),
    field(
        "vxlan.flag_a",
        Kind::Flag(Reads::OneEach(
            |p| p.group_policy().map(|policy| policy.applied.into()),
            |l| l.policy.map(|policy| policy.applied.into()),
        )),
        "vxlan.flag_a == 1",
        "the A flag of a group policy: it was applied already",
    ),
    field(
        "outer.eth.src",
        Kind::Mac(Reads::OneEach(|p| p.origin.mac().map(Mac::bits), |l| l.origin.mac().map(Mac::bits))),
        "outer.eth.src == 02:42:c0:00:02:01",
        "outer source MAC address, where the link layer has one",
    ),
    label("outer.ipv4", "the tunnel is one of IPv4", |p| p.tunnel.source().is_ipv4()),
    label("outer.ipv6", "the tunnel is one of IPv6", |p| p.tunnel.source().is_ipv6()),
    field(
        "outer.ip.addr",
        Kind::Address(Reads::TwoEach(
            |p| Some((p.tunnel.source(), p.tunnel.destination())),
            |l| Some((l.tunnel.source(), l.tunnel.destination())),
        )),
        "vtep == 192.0.2.1",
        "outer IP addresses, source and destination: the VTEPs",
    )
    .also("vtep"),
    field(
        "outer.ip.src",
        Kind::Address(Reads::OneEach(|p| Some(p.tunnel.source()), |l| Some(l.tunnel.source()))),
        "outer.ip.src == 192.0.2.0/24",
        "outer source address: the VTEP that sent it",
    ),
    field(
        "outer.ip.dst",
        Kind::Address(Reads::OneEach(|p| Some(p.tunnel.destination()), |l| Some(l.tunnel.destination()))),
        "outer.ip.dst == 239.0.0.0/8",
        "outer destination address: the receiving VTEP, or a multicast group",
    ),
    field(
        "outer.ip.hdr_len",
        one(LENGTH, |p| Some(p.outer_ip_header_len.into())),
        "outer.ip.hdr_len > 20",
        "outer IP header with its options or extension headers, in bytes",
    ),
    field(
        "outer.ip.len",
        one(LENGTH, |p| Some(p.outer_ip_len.into())),
        "outer.ip.len > 1500",
        "outer IP packet, in bytes; of one that was cut into fragments, the whole",
    ),
    field(
        "outer.ip.ttl",
        one(OCTET, |p| Some(p.handling.ttl().into())),
        "outer.ip.ttl < 5",
        "outer time to live, or hop limit",
    ),
    field(
        "outer.ip.dscp",
        one(DSCP, |p| Some(p.handling.dscp().into())),
        "outer.ip.dscp != inner.ip.dscp",
        "outer differentiated services code point",
    ),
    field(
        "outer.ip.ecn",
        one(ECN, |p| Some(p.handling.ecn().into())),
        "outer.ip.ecn == ce",
        "outer explicit congestion notification: 0 not-ect, 1 ect1, 2 ect0, 3 ce",
    ),
    field(
        "outer.ip.flags.df",
        control(|p| p.tunnel.source().is_ipv4().then(|| p.handling.dont_fragment().into())),
        "outer.ip.flags.df == 0",
        "whether routers may not fragment the outer IPv4 packet",
    ),
    field(
        "outer.udp.port",
        Kind::Number(
            Reads::TwoEach(|p| udp_ports(&p.tunnel, p.origin), |l| udp_ports(&l.tunnel, l.origin)),
            SHORT,
        ),
        "outer.udp.port == 8472",
        "outer UDP ports, source and destination",
    ),
    field(
        "outer.udp.srcport",
        Kind::Number(
            Reads::OneEach(
                |p| udp_ports(&p.tunnel, p.origin).map(source),
                |l| udp_ports(&l.tunnel, l.origin).map(source),
            ),
            SHORT,
        ),
        "outer.udp.srcport < 49152",
        "outer UDP source port: the flow's entropy",
    ),
    field(
        "outer.udp.dstport",
        Kind::Number(
            Reads::OneEach(|p| p.tunnel.udp_port().map(u64::from), |l| l.tunnel.udp_port().map(u64::from)),
            SHORT,
        ),
        "outer.udp.dstport == 4789",
        "outer UDP destination port: the one that makes it VXLAN",
    ),
    field(
        "inner.len",
        one(LENGTH, |p| Some(p.inner_len.into())),
        "inner.len > 1514",
        "length of the inner Ethernet frame, in bytes",
    ),
    field(
        "inner.payload_len",
        one(LENGTH, |p| Some(p.payload_len.into())),
        "inner.payload_len == 0",
        "what the inner transport protocol carries, in bytes; 0 where there is none",
    ),
    label("inner.group", "the inner destination MAC is a group's: broadcast or multicast (BUM)", |p| {
        p.key.is_bum()
    }),
    field(
        "inner.eth.addr",
        Kind::Mac(Reads::Two(inner_macs)),
        "inner.eth.addr == 02:42:0a:00:00:02",
        "inner MAC addresses, source and destination",
    ),
    field(
        "inner.eth.src",
        Kind::Mac(Reads::One(|p| inner_macs(p).map(source))),
        "inner.eth.src[0:3] == 00:50:56",
        "inner source MAC address",
    ),
    field(
        "inner.eth.dst",
        Kind::Mac(Reads::One(|p| inner_macs(p).map(destination))),
        "inner.eth.dst == ff:ff:ff:ff:ff:ff",
        "inner destination MAC address",
    ),
    field(
        "inner.eth.type",
        one(ETHERTYPE, |p| p.key.ethertype().filter(|number| *number >= ethertype::LOWEST).map(u64::from)),
        "inner.eth.type == 0x88cc",
        "inner EtherType, behind any tags, by number or as arp, ipv4, ipv6, mpls or nsh; a length (802.3) is none",
    ),
    label("inner.vlan", "the inner frame has a VLAN tag", |p| p.key.tag().is_some()),
    field(
        "inner.vlan.id",
        one(VLAN, |p| p.key.tag().map(u64::from)),
        "inner.vlan.id == 10",
        "identifier of the outermost inner VLAN tag",
    ),
    label("inner.ip", "an inner IP packet of either version", |p| p.key.protocol().is_some()),
    field(
        "inner.ip.addr",
        Kind::Address(Reads::Two(inner_ips)),
        "inner.ip.addr in {10.0.0.0/8, fd00::/8}",
        "inner IP addresses of either version, source and destination",
    ),
    field(
        "inner.ip.src",
        Kind::Address(Reads::One(|p| inner_ips(p).map(|(source, _)| source))),
        "inner.ip.src == 10.0.0.0/8",
        "inner source address of either version",
    ),
    field(
        "inner.ip.dst",
        Kind::Address(Reads::One(|p| inner_ips(p).map(|(_, destination)| destination))),
        "inner.ip.dst == 10.0.0.2",
        "inner destination address of either version",
    ),
    field(
        "inner.ip.proto",
        one(PROTOCOL, |p| p.key.protocol().map(u64::from)),
        "inner.ip.proto == ospf",
        "protocol of the inner IP packet, behind any extension headers, by number or name",
    ),
    field(
        "inner.ip.dscp",
        one(DSCP, |p| p.handling.inner_dscp().map(u64::from)),
        "inner.ip.dscp == 46",
        "inner differentiated services code point",
    ),
    field(
        "inner.ip.ecn",
        one(ECN, |p| p.handling.inner_ecn().map(u64::from)),
        "inner.ip.ecn in {ect0, ect1}",
        "inner explicit congestion notification: 0 not-ect, 1 ect1, 2 ect0, 3 ce",
    ),
    label("inner.ipv4", "an inner IPv4 packet", |p| inner_ips(p).is_some_and(|(ip, _)| ip.is_ipv4())),
    label("inner.ipv6", "an inner IPv6 packet", |p| inner_ipv6s(p).is_some()),
    field(
        "inner.ipv6.addr",
        Kind::AddressV6(Reads::Two(inner_ipv6s)),
        "inner.ipv6.addr == fe80::/10",
        "inner addresses of an IPv6 packet, source and destination",
    ),
    field(
        "inner.ipv6.src",
        Kind::AddressV6(Reads::One(|p| inner_ipv6s(p).map(|(source, _)| source))),
        "inner.ipv6.src != fe80::/10",
        "inner source address of an IPv6 packet",
    ),
    field(
        "inner.ipv6.dst",
        Kind::AddressV6(Reads::One(|p| inner_ipv6s(p).map(|(_, destination)| destination))),
        "inner.ipv6.dst == ff02::1",
        "inner destination address of an IPv6 packet",
    ),
    label("inner.arp", "inner ARP", |p| inner_is(p, ethertype::ARP)),
    field(
        "inner.arp.addr",
        Kind::Address(Reads::Two(arp_ips)),
        "inner.arp.addr == 10.0.0.2",
        "IP addresses of inner ARP, sender and target",
    ),
    field(
        "inner.arp.src",
        Kind::Address(Reads::One(|p| arp_ips(p).map(|(sender, _)| sender))),
        "inner.arp.src == 10.0.0.1",
        "IP address of inner ARP's sender",
    ),
    field(
        "inner.arp.dst",
        Kind::Address(Reads::One(|p| arp_ips(p).map(|(_, target)| target))),
        "inner.arp.dst == 10.0.0.2",
        "IP address of inner ARP's target",
    ),
    field(
        "inner.port",
        two(SHORT, |p| p.key.ports().map(wide)),
        "inner.port == 53",
        "inner TCP, UDP or SCTP ports, source and destination",
    ),
    field(
        "inner.srcport",
        one(SHORT, |p| p.key.ports().map(wide).map(source)),
        "inner.srcport == 53",
        "inner TCP, UDP or SCTP source port",
    ),
    field(
        "inner.dstport",
        one(SHORT, |p| p.key.ports().map(wide).map(destination)),
        "inner.dstport in {80, 443}",
        "inner TCP, UDP or SCTP destination port",
    ),
    label("tcp", "an inner packet of TCP", |p| is(p, protocol::TCP)),
    field(
        "tcp.port",
        two(SHORT, |p| ports_of(p, protocol::TCP)),
        "tcp.port in {80, 443, 8000..8010}",
        "inner TCP ports, source and destination",
    ),
    field(
        "tcp.srcport",
        one(SHORT, |p| ports_of(p, protocol::TCP).map(source)),
        "tcp.srcport == 443",
        "inner TCP source port",
    ),
    field(
        "tcp.dstport",
        one(SHORT, |p| ports_of(p, protocol::TCP).map(destination)),
        "tcp.dstport == 443",
        "inner TCP destination port",
    ),
    field(
        "tcp.len",
        one(LENGTH, |p| tcp_control(p).map(|_| p.payload_len.into())),
        "tcp.len > 0",
        "what an inner TCP segment carries, in bytes",
    ),
    field(
        "tcp.flags",
        one(OCTET, tcp_control),
        "tcp.flags & 0x12 == 0x02",
        "control bits of inner TCP: FIN 0x01, SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10, URG 0x20, ECE 0x40, CWR 0x80",
    ),
    field("tcp.flags.fin", control(|p| bit(p, flags::FIN)), "tcp.flags.fin == 1", "FIN of inner TCP"),
    field(
        "tcp.flags.syn",
        control(|p| bit(p, flags::SYN)),
        "tcp.flags.syn == 1 && tcp.flags.ack == 0",
        "SYN of inner TCP",
    ),
    field("tcp.flags.reset", control(|p| bit(p, flags::RST)), "tcp.flags.reset == 1", "RST of inner TCP")
        .also("tcp.flags.rst"),
    field("tcp.flags.push", control(|p| bit(p, flags::PSH)), "tcp.flags.push == 1", "PSH of inner TCP")
        .also("tcp.flags.psh"),
    field("tcp.flags.ack", control(|p| bit(p, flags::ACK)), "tcp.flags.ack == 0", "ACK of inner TCP"),
    field("tcp.flags.urg", control(|p| bit(p, flags::URG)), "tcp.flags.urg == 1", "URG of inner TCP"),
    field(
        "tcp.flags.ece",
        control(|p| bit(p, flags::ECE)),
        "tcp.flags.ece == 1",
        "ECE of inner TCP (RFC 3168)",
    ),
    field(
        "tcp.flags.cwr",
        control(|p| bit(p, flags::CWR)),
        "tcp.flags.cwr == 1",
        "CWR of inner TCP (RFC 3168)",
    ),
    label("udp", "an inner packet of UDP", |p| is(p, protocol::UDP)),
    field(
        "udp.port",
        two(SHORT, |p| ports_of(p, protocol::UDP)),
        "udp.port == 53",
        "inner UDP ports, source and destination; VXLAN's own are outer.udp.port",
    ),
    field(
        "udp.srcport",
        one(SHORT, |p| ports_of(p, protocol::UDP).map(source)),
        "udp.srcport == 53",
        "inner UDP source port",
    ),
    field(
        "udp.dstport",
        one(SHORT, |p| ports_of(p, protocol::UDP).map(destination)),
        "udp.dstport == 53",
        "inner UDP destination port",
    ),
    label("sctp", "an inner packet of SCTP", |p| is(p, protocol::SCTP)),
    field(
        "sctp.port",
        two(SHORT, |p| ports_of(p, protocol::SCTP)),
        "sctp.port == 38412",
        "inner SCTP ports, source and destination",
    ),
    field(
        "sctp.srcport",
        one(SHORT, |p| ports_of(p, protocol::SCTP).map(source)),
        "sctp.srcport == 38412",
        "inner SCTP source port",
    ),
    field(
        "sctp.dstport",
        one(SHORT, |p| ports_of(p, protocol::SCTP).map(destination)),
        "sctp.dstport == 38412",
        "inner SCTP destination port",
    ),
    label("icmp", "an inner packet of ICMP", |p| is(p, protocol::ICMP)),
    label("icmpv6", "an inner packet of ICMPv6", |p| is(p, protocol::ICMPV6)),
    label("igmp", "an inner packet of IGMP", |p| is(p, protocol::IGMP)),
    label("note.reserved_bits", "a reserved or other flag bit is set in the VXLAN header", |p| {
        p.notes.has(Note::ReservedBits)
    }),
    label("note.inner_cut", "the capture does not hold the whole inner frame", |p| {
        p.notes.has(Note::InnerCut)
    }),
    label(
        "note.inner_header_cut",
        "the capture does not hold all inner headers: a MAC, address or port is not known",
        |p| p.notes.has(Note::InnerHeaderCut),
    ),
    label("note.inner_malformed", "an inner layer contradicts its own lengths", |p| {
        p.notes.has(Note::InnerMalformed)
    }),
    label(
        "note.offload",
        "larger than any real MTU, or with its length left out: segmentation offload",
        |p| p.notes.has(Note::Offload),
    ),
    label("note.inner_fragment", "the inner IP packet is a fragment", |p| p.notes.has(Note::InnerFragment)),
    label("note.reassembled", "put together from the fragments of an outer datagram", |p| {
        p.notes.has(Note::Reassembled)
    }),
    label("note.overlapping_fragments", "some of which overlap without being the same", |p| {
        p.notes.has(Note::OverlappingFragments)
    }),
    label(
        "note.stacked",
        "more than one header wraps the inner frame: VXLAN in VXLAN, or in a carrier",
        |p| p.notes.has(Note::Stacked),
    ),
    label("note.zero_checksum_ipv6", "the UDP checksum of a tunnel is 0 over IPv6 (RFC 6935)", |p| {
        p.notes.has(Note::ZeroChecksumIpv6)
    }),
    label(
        "note.critical_options",
        "Geneve has an option that a receiver must know, or drop the packet",
        |p| p.notes.has(Note::CriticalOptions),
    ),
    label("note.group_policy", "VXLAN has a group policy (GBP)", |p| p.notes.has(Note::GroupPolicy)),
    label("note.dont_learn", "a VTEP must not learn from it where the sender is: the D flag of GBP", |p| {
        p.notes.has(Note::DontLearn)
    }),
    label("note.policy_applied", "the group policy was applied already: the A flag of GBP", |p| {
        p.notes.has(Note::PolicyApplied)
    }),
    label("note.p_flag", "the flag that is P in VXLAN-GPE is set on a port of VXLAN", |p| {
        p.notes.has(Note::PFlag)
    }),
];
