//! The walk against `etherparse`, which builds and takes apart the same headers independently.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeader, IpFragOffset, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions,
    Ipv6FragmentHeader, Ipv6Header, Ipv6RawExtHeader, Ipv6RoutingExtensions, LinkExtSlice, LinkSlice,
    NetSlice, PacketBuilder, PacketBuilderStep, SlicedPacket, TcpHeader, TransportSlice, VlanId,
};
use proptest::prelude::*;

use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::{Aside, Overlays, decode};
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::packet::Packet;

/// An IP header with all that may stand between it and its payload.
#[derive(Debug, Clone)]
struct Ip {
    source: IpAddr,
    destination: IpAddr,
    /// Words of IPv4 options; which IPv6 extension headers there are.
    extras: u8,
}

#[derive(Debug, Clone)]
enum Transport {
    Tcp { ports: (u16, u16), control: u8, option_words: usize },
    Udp { ports: (u16, u16) },
    Echo,
}

#[derive(Debug, Clone)]
struct Stack {
    macs: ([u8; 6], [u8; 6]),
    vlans: Vec<u16>,
    ip: Ip,
    transport: Transport,
}

fn ip() -> impl Strategy<Value = Ip> {
    let v4 = any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let v6 = any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    (prop_oneof![v4, v6], any::<u8>()).prop_map(|((source, destination), extras)| Ip {
        source,
        destination,
        extras,
    })
}

fn stack(transport: impl Strategy<Value = Transport>) -> impl Strategy<Value = Stack> {
    let vlans = prop::collection::vec(0..4096_u16, 0..=2);
    (any::<([u8; 6], [u8; 6])>(), vlans, ip(), transport).prop_map(|(macs, vlans, ip, transport)| Stack {
        macs,
        vlans,
        ip,
        transport,
    })
}

fn outer() -> impl Strategy<Value = Stack> {
    stack(any::<u16>().prop_map(|source| Transport::Udp { ports: (source, 4789) }))
}

fn inner() -> impl Strategy<Value = Stack> {
    let tcp = (any::<(u16, u16)>(), any::<u8>(), 0..=10_usize)
        .prop_map(|(ports, control, option_words)| Transport::Tcp { ports, control, option_words });
    let udp = any::<(u16, u16)>().prop_map(|ports| Transport::Udp { ports });
    stack(prop_oneof![tcp, udp, Just(Transport::Echo)])
}

impl Ip {
    fn is_v4(&self) -> bool {
        self.source.is_ipv4()
    }

    fn headers(&self) -> IpHeaders {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut header =
                    Ipv4Header::new(0, 64, IpNumber::UDP, source.octets(), destination.octets()).unwrap();
                header.options = vec![1; 4 * self.option_words()].as_slice().try_into().unwrap();
                IpHeaders::Ipv4(header, Ipv4Extensions::default())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let (source, destination) = (source.octets(), destination.octets());
                let header = Ipv6Header { source, destination, hop_limit: 64, ..Ipv6Header::default() };
                IpHeaders::Ipv6(header, self.extensions())
            }
            _ => unreachable!("both addresses are of one family"),
        }
    }

    fn option_words(&self) -> usize {
        usize::from(self.extras % 11)
    }

    /// Any of hop-by-hop and destination options, routing with more options behind it, an atomic fragment,
    /// authentication, in the order of RFC 8200.
    fn extensions(&self) -> Ipv6Extensions {
        let has = |bit: u8| self.extras >> bit & 1 != 0;
        let options = |len: usize| Ipv6RawExtHeader::new_raw(IpNumber::UDP, &vec![0; len]).unwrap();
        let atomic = Ipv6FragmentHeader::new(IpNumber::UDP, IpFragOffset::ZERO, false, 77);
        let routing = Ipv6RoutingExtensions {
            routing: options(14),
            final_destination_options: has(5).then(|| options(6)),
        };
        Ipv6Extensions {
            hop_by_hop_options: has(0).then(|| options(6)),
            destination_options: has(1).then(|| options(22)),
            routing: has(2).then_some(routing),
            fragment: has(3).then_some(atomic),
            auth: has(4).then(|| IpAuthHeader::new(IpNumber::UDP, 1, 1, &[0; 12]).unwrap()),
        }
    }

    fn header_len(&self) -> u32 {
        self.headers().header_len() as u32
    }
}

impl Transport {
    fn protocol(&self, is_v4: bool) -> u8 {
        match self {
            Transport::Tcp { .. } => 6,
            Transport::Udp { .. } => 17,
            Transport::Echo => {
                if is_v4 {
                    1
                } else {
                    58
                }
            }
        }
    }

    fn ports(&self) -> Option<(u16, u16)> {
        match self {
            Transport::Tcp { ports, .. } | Transport::Udp { ports } => Some(*ports),
            Transport::Echo => None,
        }
    }

    fn control(&self) -> u8 {
        if let Transport::Tcp { control, .. } = self { *control } else { 0 }
    }
}

fn tcp_header((source, destination): (u16, u16), control: u8, option_words: usize) -> TcpHeader {
    let has = |bit: u8| control >> bit & 1 != 0;
    let mut header = TcpHeader::new(source, destination, 1, 1024);
    (header.fin, header.syn, header.rst, header.psh) = (has(0), has(1), has(2), has(3));
    (header.ack, header.urg, header.ece, header.cwr) = (has(4), has(5), has(6), has(7));
    header.set_options_raw(&vec![1; 4 * option_words]).unwrap();
    header
}

impl Stack {
    fn with_ip(&self) -> PacketBuilderStep<IpHeaders> {
        let ethernet = PacketBuilder::ethernet2(self.macs.0, self.macs.1);
        let vid = |at: usize| VlanId::try_new(self.vlans[at]).unwrap();
        match self.vlans.len() {
            0 => ethernet.ip(self.ip.headers()),
            1 => ethernet.single_vlan(vid(0)).ip(self.ip.headers()),
            _ => ethernet.double_vlan(vid(0), vid(1)).ip(self.ip.headers()),
        }
    }

    fn build(&self, payload: &[u8]) -> Vec<u8> {
        let (mut bytes, builder) = (Vec::new(), self.with_ip());
        match &self.transport {
            Transport::Tcp { ports, control, option_words } => {
                builder.tcp_header(tcp_header(*ports, *control, *option_words)).write(&mut bytes, payload)
            }
            Transport::Udp { ports } => builder.udp(ports.0, ports.1).write(&mut bytes, payload),
            Transport::Echo if self.ip.is_v4() => {
                builder.icmpv4_echo_request(1, 2).write(&mut bytes, payload)
            }
            Transport::Echo => builder.icmpv6_echo_request(1, 2).write(&mut bytes, payload),
        }
        .unwrap();
        bytes
    }
}

fn walk(data: &[u8], link: LinkType, wire_len: usize) -> (Ending, Packet) {
    let (mut packet, mut aside) = (Packet::default(), Aside::default());
    let frame = Frame { data, wire_len: wire_len as u32, time: 0, link };
    (decode(&frame, &Overlays::default(), &mut packet, &mut aside), packet)
}

fn walk_ethernet(data: &[u8]) -> (Ending, Packet) {
    walk(data, LinkType::ETHERNET, data.len())
}

fn vxlan(vni: u32, frame: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0], &(vni << 8).to_be_bytes()[..], frame].concat()
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

fn macs(packet: &Packet) -> Option<(String, String)> {
    packet.key.macs().map(|(source, destination)| (source.to_string(), destination.to_string()))
}

/// Source and destination address of a sliced packet.
fn addresses(sliced: &SlicedPacket<'_>) -> Option<(IpAddr, IpAddr)> {
    match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            Some((ip.header().source_addr().into(), ip.header().destination_addr().into()))
        }
        Some(NetSlice::Ipv6(ip)) => {
            Some((ip.header().source_addr().into(), ip.header().destination_addr().into()))
        }
        _ => None,
    }
}

/// The VXLAN packet in a frame, as far as `etherparse` can tell: VTEPs, VNI, inner frame.
fn oracle(frame: &[u8]) -> Option<((IpAddr, IpAddr), u32, &[u8])> {
    let sliced = SlicedPacket::from_ethernet(frame).ok()?;
    let Some(TransportSlice::Udp(udp)) = &sliced.transport else {
        return None;
    };
    let (header, inner) = udp.payload().split_at_checked(8)?;
    let is_vxlan = udp.destination_port() == 4789 && header[0] & 8 != 0 && inner.len() >= 14;
    let vni = u32::from_be_bytes([0, header[4], header[5], header[6]]);
    is_vxlan.then(|| (addresses(&sliced).unwrap(), vni, inner))
}

/// The EtherType behind any tags.
fn ethertype(sliced: &SlicedPacket<'_>) -> Option<u16> {
    match (sliced.link_exts.last(), &sliced.link) {
        (Some(LinkExtSlice::Vlan(tag)), _) => Some(tag.ether_type().0),
        (None, Some(LinkSlice::Ethernet2(header))) => Some(header.ether_type().0),
        _ => None,
    }
}

/// `etherparse` also looks into MACsec and behind an IPv4 authentication header. It knows no more than three tags, no
/// IPv6 extension headers of mobility, HIP and Shim6, and no frame without sound headers. There the two are not compared.
fn differ_by_design(frame: &[u8]) -> bool {
    let Ok(sliced) = SlicedPacket::from_ethernet(frame) else {
        return true;
    };
    let authenticated = matches!(&sliced.net, Some(NetSlice::Ipv4(ip)) if ip.extensions().auth.is_some());
    let is_vlan = |it: &LinkExtSlice<'_>| matches!(it, LinkExtSlice::Vlan(_));
    let unknown_extension = sliced.ip_payload().is_some_and(|it| matches!(it.ip_number.0, 135 | 139 | 140));
    authenticated || unknown_extension || !sliced.link_exts.iter().all(is_vlan) || sliced.link_exts.len() > 2
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// What `etherparse` builds, the walk takes apart.
    #[test]
    fn built_stacks_decode(
        outside in outer(),
        inside in inner(),
        vni in 0..1_u32 << 24,
        data in 0..1200_usize,
    ) {
        let inner_frame = inside.build(&vec![0x5a; data]);
        let frame = outside.build(&vxlan(vni, &inner_frame));
        let (ending, packet) = walk_ethernet(&frame);
        prop_assert_eq!(ending, Ending::Vxlan);
        let link_len = 14 + 4 * outside.vlans.len();
        prop_assert_eq!((packet.tunnel.source(), packet.tunnel.destination()), (outside.ip.source, outside.ip.destination));
        prop_assert_eq!((packet.tunnel.udp_port(), packet.key.vni()), (Some(4789), vni));
        prop_assert_eq!(Some(packet.origin.port()), outside.transport.ports().map(|ports| ports.0));
        prop_assert_eq!((packet.outer_ip_header_len, packet.outer_ip_len as usize), (outside.ip.header_len(), frame.len() - link_len));
        prop_assert_eq!((packet.inner_len as usize, packet.payload_len as usize), (inner_frame.len(), data));
        let key = &packet.key;
        prop_assert_eq!(macs(&packet), Some((mac_text(inside.macs.0), mac_text(inside.macs.1))));
        prop_assert_eq!(key.tag(), inside.vlans.first().copied());
        prop_assert_eq!(key.ethertype(), Some(if inside.ip.is_v4() { 0x0800 } else { 0x86dd }));
        prop_assert_eq!(key.addresses(), Some((inside.ip.source, inside.ip.destination)));
        prop_assert_eq!(key.protocol(), Some(inside.transport.protocol(inside.ip.is_v4())));
        prop_assert_eq!((key.ports(), packet.tcp_control), (inside.transport.ports(), inside.transport.control()));
        prop_assert!(packet.notes.is_empty());
    }

    /// Bytes of a built frame are changed at random: where `etherparse` still finds a sound VXLAN packet, so does the
    /// walk, with the same fields; and the walk finds none where it does not.
    #[test]
    fn changed_frames_agree(
        outside in outer(),
        inside in inner(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut frame = outside.build(&vxlan(100, &inside.build(&[0; 20])));
        for (at, byte) in changes {
            *at.get_mut(&mut frame) = byte;
        }
        let (ending, packet) = walk_ethernet(&frame);
        if differ_by_design(&frame) {
            return Ok(());
        }
        let found = oracle(&frame);
        prop_assert_eq!(ending == Ending::Vxlan, found.is_some(), "{}", ending.name());
        let Some((vteps, vni, inner_frame)) = found else {
            return Ok(());
        };
        prop_assert_eq!((packet.tunnel.source(), packet.tunnel.destination()), vteps);
        prop_assert_eq!((packet.key.vni(), packet.inner_len as usize), (vni, inner_frame.len()));
        if differ_by_design(inner_frame) {
            return Ok(());
        }
        let inner = SlicedPacket::from_ethernet(inner_frame).unwrap();
        let tag = inner.vlan_ids().first().map(|vid| vid.value());
        prop_assert_eq!((packet.key.tag(), packet.key.ethertype()), (tag, ethertype(&inner)));
        if let Some(addresses) = addresses(&inner) {
            prop_assert_eq!(packet.key.addresses(), Some(addresses));
        }
        if let Some(TransportSlice::Udp(udp)) = &inner.transport {
            prop_assert_eq!(packet.key.ports(), Some((udp.source_port(), udp.destination_port())));
        }
        if let Some(TransportSlice::Tcp(tcp)) = &inner.transport {
            prop_assert_eq!(packet.key.ports(), Some((tcp.source_port(), tcp.destination_port())));
            prop_assert_eq!(packet.payload_len as usize, tcp.payload().len());
            prop_assert_eq!(packet.tcp_control, tcp.slice()[13]);
        }
    }

    /// Random bytes of any link type, cut or not, never make the walk panic.
    #[test]
    fn random_bytes_never_panic(
        data in prop::collection::vec(any::<u8>(), 0..200),
        missing in 0..100_usize,
        link in prop::sample::select(vec![0_u32, 1, 12, 101, 108, 113, 147, 228, 229, 276, u32::MAX]),
    ) {
        walk(&data, LinkType(link), data.len() + missing);
    }

    /// The same behind the headers that lead to the inner frame, and behind those that lead to it over IPv6.
    #[test]
    fn random_inner_bytes_never_panic(
        outside in outer(),
        ethertype in prop::sample::select(vec![0x0800_u16, 0x0806, 0x8100, 0x86dd, 0x88a8]),
        data in prop::collection::vec(any::<u8>(), 0..120),
        missing in 0..40_usize,
    ) {
        let inner_frame = [&[2; 12][..], &ethertype.to_be_bytes(), &data].concat();
        let frame = outside.build(&vxlan(100, &inner_frame));
        let held = &frame[..frame.len() - missing.min(data.len())];
        let (ending, packet) = walk(held, LinkType::ETHERNET, frame.len());
        prop_assert_eq!((ending, packet.inner_len as usize), (Ending::Vxlan, inner_frame.len()));
        prop_assert!(packet.payload_len <= packet.inner_len);
    }
}
