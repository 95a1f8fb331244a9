//! An encoder of frames, header by header as the RFCs draw them. It shares nothing with the walk that it tests.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

/// EtherTypes.
pub const IPV4: u16 = 0x0800;
pub const ARP: u16 = 0x0806;
pub const VLAN: u16 = 0x8100;
pub const SERVICE_VLAN: u16 = 0x88a8;
pub const IPV6: u16 = 0x86dd;
pub const MPLS: u16 = 0x8847;
pub const MPLS_MULTICAST: u16 = 0x8848;
pub const PPPOE: u16 = 0x8864;

/// GRE's protocol types that are none of those.
pub const BRIDGED: u16 = 0x6558;
pub const ERSPAN: u16 = 0x88be;
pub const ERSPAN_III: u16 = 0x22eb;

/// Protocol numbers.
pub const IPIP: u8 = 4;
pub const IPV6_IN_IP: u8 = 41;
pub const GRE: u8 = 47;
pub const UDP: u8 = 17;
pub const TCP: u8 = 6;

/// The port that IANA assigned to VXLAN.
pub const VXLAN: u16 = 4789;

/// More fragments, in the field of flags and offset.
pub const MORE: u16 = 0x2000;

/// The locally administered unicast address with this last octet.
pub fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

pub const BROADCAST: [u8; 6] = [0xff; 6];

/// What follows an Ethernet header's two addresses.
pub fn typed(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&ethertype.to_be_bytes()[..], payload].concat()
}

pub fn ethernet(source: [u8; 6], destination: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&destination[..], &source, &typed(ethertype, payload)].concat()
}

/// What follows the EtherType that announces a VLAN tag.
pub fn tag(control: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&control.to_be_bytes()[..], &typed(ethertype, payload)].concat()
}

/// An IPv4 header; its length fields are those of what it is put around.
#[derive(Debug, Clone, Copy)]
pub struct Ipv4<'a> {
    pub source: [u8; 4],
    pub destination: [u8; 4],
    pub protocol: u8,
    pub identification: u16,
    pub flags_and_offset: u16,
    /// A multiple of four bytes.
    pub options: &'a [u8],
}

impl Default for Ipv4<'_> {
    fn default() -> Self {
        let (source, destination) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        Self { source, destination, protocol: UDP, identification: 0, flags_and_offset: 0, options: &[] }
    }
}

impl Ipv4<'_> {
    pub fn around(&self, payload: &[u8]) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let mut header = vec![0x40 | (header_len / 4) as u8, 0];
        header.extend(((header_len + payload.len()) as u16).to_be_bytes());
        header.extend(self.identification.to_be_bytes());
        header.extend(self.flags_and_offset.to_be_bytes());
        header.extend([64, self.protocol, 0, 0]);
        [&header[..], &self.source, &self.destination, self.options, payload].concat()
    }
}

/// An IPv6 header; its payload length is that of what it is put around.
#[derive(Debug, Clone, Copy)]
pub struct Ipv6 {
    pub source: u128,
    pub destination: u128,
    pub next_header: u8,
}

impl Default for Ipv6 {
    fn default() -> Self {
        let network = 0x2001_0db8 << 96;
        Self { source: network | 1, destination: network | 2, next_header: UDP }
    }
}

impl Ipv6 {
    pub fn around(&self, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x60, 0, 0, 0];
        header.extend((payload.len() as u16).to_be_bytes());
        header.extend([self.next_header, 64]);
        header.extend(self.source.to_be_bytes());
        header.extend(self.destination.to_be_bytes());
        [&header[..], payload].concat()
    }
}

/// Hop-by-hop options, destination options or a routing header, `units` times 8 bytes longer than the least.
pub fn options(next_header: u8, units: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![next_header, units];
    header.resize(8 + 8 * usize::from(units), 0);
    [&header[..], payload].concat()
}

/// An authentication header with a check value of 12 bytes (RFC 4302).
pub fn authentication(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![next_header, 4];
    header.resize(24, 0);
    [&header[..], payload].concat()
}

/// An IPv6 fragment header; `offset` is in bytes.
pub fn fragment(next_header: u8, offset: u16, more: bool, identification: u32, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![next_header, 0];
    header.extend((offset | u16::from(more)).to_be_bytes());
    header.extend(identification.to_be_bytes());
    [&header[..], payload].concat()
}

/// Its checksum is some number: 0 would be remarkable over IPv6.
pub fn udp(source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let fields = [source_port, destination_port, length, 0xbeef];
    fields.into_iter().flat_map(u16::to_be_bytes).chain(payload.iter().copied()).collect()
}

pub fn vxlan(vni: u32, frame: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0][..], &(vni << 8).to_be_bytes(), frame].concat()
}

/// A GRE header (RFC 2784, RFC 2890) with those of checksum, key and sequence number that are given.
pub fn gre(protocol: u16, optional: [Option<u32>; 3], payload: &[u8]) -> Vec<u8> {
    let flags =
        [0x80, 0x20, 0x10].iter().zip(optional).map(|(flag, word)| if word.is_some() { *flag } else { 0 });
    let mut header = vec![flags.sum(), 0];
    header.extend(protocol.to_be_bytes());
    header.extend(optional.into_iter().flatten().flat_map(u32::to_be_bytes));
    [&header[..], payload].concat()
}

/// A mirrored frame of ERSPAN type II, from GRE on.
pub fn erspan(frame: &[u8]) -> Vec<u8> {
    gre(ERSPAN, [None, None, Some(7)], &[&[0x10, 5, 0x08, 0x64, 0, 0, 0, 1][..], frame].concat())
}

/// A label stack of these labels.
pub fn labels(labels: &[u32], payload: &[u8]) -> Vec<u8> {
    let entry = |(at, label): (usize, &u32)| {
        let bottom = if at + 1 == labels.len() { 0x100 } else { 0 };
        (label << 12 | bottom | 64).to_be_bytes()
    };
    [labels.iter().enumerate().flat_map(entry).collect(), payload.to_vec()].concat()
}

/// A PPPoE session frame's payload, of that PPP protocol.
pub fn pppoe(protocol: u16, payload: &[u8]) -> Vec<u8> {
    let fields = [0x1100, 0x2a, (payload.len() + 2) as u16, protocol];
    fields.into_iter().flat_map(u16::to_be_bytes).chain(payload.iter().copied()).collect()
}

/// `options` is a multiple of four bytes.
pub fn tcp(source_port: u16, destination_port: u16, control: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut header = source_port.to_be_bytes().to_vec();
    header.extend(destination_port.to_be_bytes());
    header.extend([0, 0, 0, 1, 0, 0, 0, 2]);
    header.extend([(((20 + options.len()) / 4) << 4) as u8, control, 0xff, 0xff, 0, 0, 0, 0]);
    [&header[..], options, payload].concat()
}

pub fn arp(sender_mac: [u8; 6], sender_ip: [u8; 4], target_ip: [u8; 4]) -> Vec<u8> {
    let kind = [0, 1, 8, 0, 6, 4, 0, 1];
    [&kind[..], &sender_mac, &sender_ip, &[0; 6], &target_ip].concat()
}

/// Inner TCP from 10.0.0.1:40000 to 10.0.0.2:80 with five bytes of data, from station 1 to station 2.
pub fn inner() -> Vec<u8> {
    let ip = Ipv4 { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], protocol: TCP, ..Ipv4::default() };
    ethernet(mac(1), mac(2), IPV4, &ip.around(&tcp(40_000, 80, 0x18, &[], b"hello")))
}

/// The UDP datagram of a VXLAN packet.
pub fn datagram(vni: u32, frame: &[u8]) -> Vec<u8> {
    udp(49_152, VXLAN, &vxlan(vni, frame))
}

/// An Ethernet frame between the two VTEPs' machines.
pub fn outer(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(mac(0xa1), mac(0xa2), ethertype, payload)
}

/// A VXLAN packet over IPv4 with nothing unusual on the outside: the inner frame begins at byte 50.
pub fn over_ipv4(vni: u32, frame: &[u8]) -> Vec<u8> {
    outer(IPV4, &Ipv4::default().around(&datagram(vni, frame)))
}

/// The same over IPv6: the inner frame begins at byte 70.
pub fn over_ipv6(vni: u32, frame: &[u8]) -> Vec<u8> {
    outer(IPV6, &Ipv6::default().around(&datagram(vni, frame)))
}

/// `bytes` with others in place from `at` on.
pub fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}
