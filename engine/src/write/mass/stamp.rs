//! A packet from a template: fields patched, and checksums from the template's sum and what was patched.

use std::net::IpAddr;

use super::plan::{Flow, Mass};
use crate::wire::ip::protocol;
use crate::wire::tcp::{self, flags};
use crate::wire::{ipv4, udp};
use crate::write::checksum::{fold, sum, udp_checksum};

/// Where layers begin in a template, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Offsets {
    /// Outer IP header.
    pub outer_ip: usize,
    /// Outer UDP header.
    pub udp: usize,
    /// VXLAN header.
    pub vxlan: usize,
    /// Inner Ethernet header.
    pub ethernet: usize,
    /// Inner IPv4 header.
    pub inner_ip: usize,
    /// TCP or UDP header.
    pub transport: usize,
}

/// A frame that packets are stamped from, the patched fields zeroed.
#[derive(Debug, Clone)]
pub struct Template {
    protocol: u8,
    is_control: bool,
    inner_len: u32,
    bytes: Vec<u8>,
    at: Offsets,
    has_outer_checksum: bool,
    outer_ip_sum: u64,
    inner_ip_sum: u64,
    transport_sum: u64,
}

/// A template whose bytes do not have the layers that it is said to have.
#[derive(Debug, thiserror::Error)]
#[error("expected the layers of a template one behind the other")]
pub struct UnusableTemplate;

/// Within an Ethernet, IPv4, IPv6, UDP or TCP header.
mod field {
    pub(super) const ETHERNET_SOURCE: usize = 6;
    pub(super) const IPV4_IDENTIFICATION: usize = 4;
    pub(super) const IPV4_CHECKSUM: usize = 10;
    pub(super) const IPV4_SOURCE: usize = 12;
    pub(super) const IPV6_SOURCE: usize = 8;
    pub(super) const UDP_CHECKSUM: usize = 6;
    pub(super) const VNI: usize = 4;
    pub(super) const TCP_SEQUENCE: usize = 4;
    pub(super) const TCP_CONTROL: usize = 13;
    pub(super) const TCP_CHECKSUM: usize = 16;
}

const HANDSHAKE: u32 = 3;
const CLOSE: u32 = 3;

impl Template {
    /// A template of frames with inner frames of `inner_len` bytes; checks that the layers are there.
    pub fn new(
        protocol: u8,
        is_control: bool,
        inner_len: u32,
        bytes: Vec<u8>,
        at: Offsets,
    ) -> Result<Self, UnusableTemplate> {
        let header = if protocol == protocol::TCP { tcp::HEADER_LEN } else { udp::HEADER_LEN };
        let order = [12, at.outer_ip, at.udp, at.vxlan, at.ethernet, at.inner_ip, at.transport, bytes.len()];
        let lengths = [2, ipv4::HEADER_LEN, 8, 8, 14, ipv4::HEADER_LEN, header];
        let fits = order.windows(2).zip(lengths).all(|(pair, len)| pair[0] + len <= pair[1]);
        if !fits || bytes.len() - at.ethernet != inner_len as usize {
            return Err(UnusableTemplate);
        }
        let mut template = Self {
            protocol,
            is_control,
            inner_len,
            has_outer_checksum: bytes[at.udp + field::UDP_CHECKSUM..][..2] != [0; 2],
            bytes,
            at,
            outer_ip_sum: 0,
            inner_ip_sum: 0,
            transport_sum: 0,
        };
        template.clear();
        Ok(template)
    }

    /// Zeroes what is patched and sums up the rest.
    fn clear(&mut self) {
        let (at, bytes) = (self.at, &mut self.bytes);
        let is_v4 = bytes[at.outer_ip] >> 4 == 4;
        bytes[..12].fill(0);
        if is_v4 {
            bytes[at.outer_ip + field::IPV4_IDENTIFICATION..][..2].fill(0);
            bytes[at.outer_ip + field::IPV4_CHECKSUM..][..10].fill(0);
        } else {
            bytes[at.outer_ip + field::IPV6_SOURCE..][..32].fill(0);
        }
        bytes[at.udp..][..2].fill(0);
        bytes[at.udp + field::UDP_CHECKSUM..][..2].fill(0);
        bytes[at.vxlan + field::VNI..][..3].fill(0);
        bytes[at.ethernet..][..12].fill(0);
        bytes[at.inner_ip + field::IPV4_IDENTIFICATION..][..2].fill(0);
        bytes[at.inner_ip + field::IPV4_CHECKSUM..][..10].fill(0);
        bytes[at.transport..][..4].fill(0);
        if self.protocol == protocol::TCP {
            bytes[at.transport + field::TCP_SEQUENCE..][..8].fill(0);
            bytes[at.transport + field::TCP_CONTROL] = 0;
            bytes[at.transport + field::TCP_CHECKSUM..][..2].fill(0);
        } else {
            bytes[at.transport + field::UDP_CHECKSUM..][..2].fill(0);
        }
        self.outer_ip_sum = sum(&bytes[at.outer_ip..][..ipv4::HEADER_LEN]);
        self.inner_ip_sum = sum(&bytes[at.inner_ip..][..ipv4::HEADER_LEN]);
        let segment = &bytes[at.transport..];
        self.transport_sum = sum(segment) + u64::from(self.protocol) + segment.len() as u64;
    }
}

/// What a packet of a flow is: its direction, and of TCP its control bits.
struct Role {
    is_reply: bool,
    control: u8,
    size: Option<u32>,
}

fn role(flow: &Flow, number: u32, sizes: &[u32]) -> Role {
    let size =
        |at: u32| Some(sizes[((u64::from(flow.offset) + u64::from(at)) % sizes.len() as u64) as usize]);
    if flow.protocol == protocol::UDP {
        return Role { is_reply: number % 2 == 1, control: 0, size: size(number) };
    }
    let control = |is_reply, control| Role { is_reply, control, size: None };
    let closes = flow.packets > HANDSHAKE + CLOSE;
    match number {
        0 => control(false, flags::SYN),
        1 => control(true, flags::SYN | flags::ACK),
        2 => control(false, flags::ACK),
        _ if closes && number == flow.packets - 3 => control(false, flags::FIN | flags::ACK),
        _ if closes && number == flow.packets - 2 => control(true, flags::FIN | flags::ACK),
        _ if closes && number == flow.packets - 1 => control(false, flags::ACK),
        _ => {
            let data = number - HANDSHAKE;
            Role { is_reply: data % 2 == 1, control: flags::PSH | flags::ACK, size: size(data) }
        }
    }
}

impl Mass {
    fn template(&self, flow: &Flow, size: Option<u32>) -> &Template {
        let fits = |template: &&Template| {
            template.protocol == flow.protocol
                && size.map_or(template.is_control, |size| !template.is_control && template.inner_len == size)
        };
        self.templates.iter().find(fits).unwrap_or(&self.templates[0])
    }

    /// Writes packet `number` of `flow`, the `frame_number`th of all, into `frame`.
    pub(super) fn stamp(
        &self,
        flow: &Flow,
        number: u32,
        sequence: &mut [u32; 2],
        frame_number: u64,
        frame: &mut Vec<u8>,
    ) {
        let role = role(flow, number, &self.sizes);
        let template = self.template(flow, role.size);
        let (from, to) = if role.is_reply { (1, 0) } else { (0, 1) };
        frame.clear();
        frame.extend_from_slice(&template.bytes);
        let at = template.at;
        self.stamp_outer(flow, template, (from, to), frame_number as u16, frame);
        let (source, destination) = (flow.hosts[from].octets(), flow.hosts[to].octets());
        for (at, host) in [(0, destination), (field::ETHERNET_SOURCE, source)] {
            let mac = &mut frame[at + template.at.ethernet..][..6];
            mac[..2].copy_from_slice(&[0x02, 0x42]);
            mac[2..].copy_from_slice(&host);
        }
        let identification = number as u16;
        put16(frame, at.inner_ip + field::IPV4_IDENTIFICATION, identification);
        frame[at.inner_ip + field::IPV4_SOURCE..][..4].copy_from_slice(&source);
        frame[at.inner_ip + field::IPV4_SOURCE + 4..][..4].copy_from_slice(&destination);
        let addresses = sum(&source) + sum(&destination);
        let ip_sum = template.inner_ip_sum + addresses + u64::from(identification);
        put16(frame, at.inner_ip + field::IPV4_CHECKSUM, !fold(ip_sum));
        let (source_port, destination_port) = (flow.ports[from], flow.ports[to]);
        put16(frame, at.transport, source_port);
        put16(frame, at.transport + 2, destination_port);
        let mut total =
            template.transport_sum + addresses + u64::from(source_port) + u64::from(destination_port);
        if flow.protocol == protocol::TCP {
            let segment = &mut frame[at.transport..];
            let acknowledged = if role.control & flags::ACK == 0 { 0 } else { sequence[to] };
            segment[field::TCP_SEQUENCE..][..4].copy_from_slice(&sequence[from].to_be_bytes());
            segment[field::TCP_SEQUENCE + 4..][..4].copy_from_slice(&acknowledged.to_be_bytes());
            segment[field::TCP_CONTROL] = role.control;
            total += u64::from(sequence[from] >> 16) + u64::from(sequence[from] & 0xffff);
            total += u64::from(acknowledged >> 16) + u64::from(acknowledged & 0xffff);
            total += u64::from(role.control);
            let payload = segment.len() - tcp::HEADER_LEN;
            let taken = payload as u32 + u32::from(role.control & (flags::SYN | flags::FIN) != 0);
            sequence[from] = sequence[from].wrapping_add(taken);
            put16(frame, at.transport + field::TCP_CHECKSUM, !fold(total));
        } else {
            put16(frame, at.transport + field::UDP_CHECKSUM, udp_checksum(total));
        }
        if template.has_outer_checksum {
            let addresses = if at.udp - at.outer_ip == ipv4::HEADER_LEN { 12 } else { 8 };
            let datagram = &frame[at.udp..];
            let pseudo = sum(&frame[at.outer_ip + addresses..at.udp]) + u64::from(protocol::UDP);
            let checksum = udp_checksum(sum(datagram) + pseudo + datagram.len() as u64);
            put16(frame, at.udp + field::UDP_CHECKSUM, checksum);
        }
    }

    fn stamp_outer(
        &self,
        flow: &Flow,
        template: &Template,
        (from, to): (usize, usize),
        identification: u16,
        frame: &mut [u8],
    ) {
        let at = template.at;
        let (source, destination) =
            (&self.vteps[flow.vteps[from] as usize], &self.vteps[flow.vteps[to] as usize]);
        frame[..6].copy_from_slice(&destination.0.bits().to_be_bytes()[2..]);
        frame[field::ETHERNET_SOURCE..][..6].copy_from_slice(&source.0.bits().to_be_bytes()[2..]);
        match (source.1, destination.1) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                put16(frame, at.outer_ip + field::IPV4_IDENTIFICATION, identification);
                let (source, destination) = (source.octets(), destination.octets());
                frame[at.outer_ip + field::IPV4_SOURCE..][..4].copy_from_slice(&source);
                frame[at.outer_ip + field::IPV4_SOURCE + 4..][..4].copy_from_slice(&destination);
                let total =
                    template.outer_ip_sum + sum(&source) + sum(&destination) + u64::from(identification);
                put16(frame, at.outer_ip + field::IPV4_CHECKSUM, !fold(total));
            }
            (source, destination) => {
                for (at_end, ip) in [(0, source), (16, destination)] {
                    if let IpAddr::V6(ip) = ip {
                        frame[at.outer_ip + field::IPV6_SOURCE + at_end..][..16]
                            .copy_from_slice(&ip.octets());
                    }
                }
            }
        }
        put16(frame, at.udp, flow.source_ports[from]);
        frame[at.vxlan + field::VNI..][..3].copy_from_slice(&flow.vni.to_be_bytes()[1..]);
    }
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}
