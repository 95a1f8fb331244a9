//! `encap`: plain Ethernet frames into VXLAN (RFC 7348, section 5), VXLAN-GPE, Geneve or NVGRE.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum::{fold, sum, udp_checksum};
use super::mix;
use super::output::{Interface, Output, Piece, Written};
use crate::capture::{Frame, LinkType};
use crate::decode::{Aside, Overlays, Ports, decode, inner_frame};
use crate::encapsulation::{Encapsulation, Encapsulations};
use crate::error::RunError;
use crate::packet::{Key, Packet};
use crate::scan::{Monitor, Position, Reading, Taken};
use crate::select::Select;
use crate::wire::ethernet::{self, ethertype};
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::wire::{Span, geneve, ipv4, nvgre, udp, vxlan, vxlan_gpe};

/// The outer addresses of a tunnel, source first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vteps {
    /// Over IPv4.
    V4(Ipv4Addr, Ipv4Addr),
    /// Over IPv6.
    V6(Ipv6Addr, Ipv6Addr),
}

impl Vteps {
    /// `None` for addresses of two IP versions.
    #[must_use]
    pub fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4(source, destination)),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6(source, destination)),
            _ => None,
        }
    }

    fn is_v6(self) -> bool {
        matches!(self, Self::V6(..))
    }
}

/// The headers that frames are put behind.
#[derive(Debug, Clone)]
pub struct Headers {
    /// The sending and the receiving VTEP.
    pub vteps: Vteps,
    /// Outer MAC addresses, source first.
    pub macs: (Mac, Mac),
    /// The overlay, ...
    pub encapsulation: Encapsulation,
    /// ... its network identifier, 24 bits, ...
    pub vni: u32,
    /// ... and the UDP port it goes to, where it is over UDP.
    pub port: u16,
    /// UDP source port; `None` for a hash of each inner flow.
    pub source_port: Option<u16>,
    /// What NVGRE has in the place of ports; `None` for a hash of each inner flow.
    pub flow_id: Option<u8>,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Compute the UDP checksum, which RFC 7348 lets be zero. It stays zero where the capture lacks a part of the frame.
    pub has_checksum: bool,
}

impl Headers {
    fn is_over_udp(&self) -> bool {
        self.encapsulation != Encapsulation::Nvgre
    }

    /// What the outer IP header announces.
    fn protocol(&self) -> u8 {
        if self.is_over_udp() { protocol::UDP } else { protocol::GRE }
    }

    /// Bytes between the outer IP header and the frame.
    fn len_behind_ip(&self) -> usize {
        OVERLAY_LEN + if self.is_over_udp() { udp::HEADER_LEN } else { 0 }
    }
}

/// Frames that were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Of another link type than Ethernet.
    pub not_ethernet: u64,
    /// Shorter than an Ethernet header.
    pub too_short: u64,
    /// Longer than an outer header can say.
    pub too_long: u64,
}

/// Don't fragment: VTEPs must not (RFC 7348, section 4.3).
const DONT_FRAGMENT: u16 = 0x4000;
/// The header of an overlay without options, which all have in common.
const OVERLAY_LEN: usize = vxlan::HEADER_LEN;

/// Puts frames behind headers.
pub struct Encap {
    headers: Headers,
    select: Select,
    overlays: Overlays,
    /// All headers, as of a frame without bytes.
    template: Vec<u8>,
    frame: Vec<u8>,
    left_out: LeftOut,
}

impl Encap {
    /// `select` chooses among the frames, as the packets that they become.
    #[must_use]
    pub fn new(headers: Headers, select: Select) -> Self {
        let is_vxlan = headers.encapsulation == Encapsulation::Vxlan;
        let ports = if is_vxlan { Ports::new(&[headers.port]) } else { Ports::none() };
        let selected = Encapsulations::from_iter([headers.encapsulation]);
        let overlays = Overlays::new(ports, selected, Overlays::DEPTH);
        let template = template(&headers);
        Self { headers, select, overlays, template, frame: Vec::new(), left_out: LeftOut::default() }
    }

    /// What was left out so far.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// Reads to the end.
    pub fn run(
        &mut self,
        reading: &mut Reading,
        mut output: Output,
        monitor: &mut dyn Monitor,
    ) -> Result<Written, RunError> {
        loop {
            let mut failed = None;
            let more = reading.step(monitor, &mut |_: Position, frame: &Frame<'_>| match self
                .take(frame, &mut output)
            {
                Ok(taken) => taken,
                Err(error) => {
                    failed = Some(error);
                    Taken::Last
                }
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            if !more {
                return Ok(output.finish(LinkType::ETHERNET, monitor)?);
            }
            if reading.is_live() {
                output.hand_on()?;
            }
        }
    }

    fn take(&mut self, frame: &Frame<'_>, output: &mut Output) -> io::Result<Taken> {
        if !self.select.in_window(frame.time) {
            return Ok(Taken::Outside);
        }
        if frame.link != LinkType::ETHERNET {
            self.left_out.not_ethernet += 1;
            return Ok(Taken::Inside);
        }
        let mut packet = Packet::default();
        if inner_frame(Span::new(frame.data, frame.wire_len as usize), &mut packet).is_err() {
            self.left_out.too_short += 1;
        } else if frame.wire_len > self.longest() {
            self.left_out.too_long += 1;
        } else {
            self.encapsulate(frame, &packet.key);
            let wire_len = frame.wire_len + self.template.len() as u32;
            let made = Frame { data: &self.frame, wire_len, ..*frame };
            if self.is_selected(&made) {
                output.put(&Piece {
                    interface: Interface::Plain(LinkType::ETHERNET),
                    overlay: None,
                    time: frame.time,
                    data: &self.frame,
                    wire_len,
                    comment: None,
                })?;
            }
        }
        Ok(Taken::Inside)
    }

    /// Whether the packet that a frame became is selected.
    fn is_selected(&self, made: &Frame<'_>) -> bool {
        let (mut packet, mut aside) = (Packet::default(), Aside::default());
        let ending = decode(made, &self.overlays, &mut packet, &mut aside);
        ending.is_packet() && self.select.matches(&packet, aside.around(&packet).layers)
    }

    /// The longest frame whose outer lengths, of 16 bits, can be told. That of IPv6 does not count its own header.
    fn longest(&self) -> u32 {
        let ip = if self.headers.vteps.is_v6() { 0 } else { ipv4::HEADER_LEN };
        u32::from(u16::MAX) - (ip + self.headers.len_behind_ip()) as u32
    }

    /// Leaves in `self.frame` the headers and what the capture holds of the frame.
    fn encapsulate(&mut self, frame: &Frame<'_>, key: &Key) {
        let (ip_at, is_v6) = (ethernet::HEADER_LEN, self.headers.vteps.is_v6());
        let behind_ip = self.template.len() - self.headers.len_behind_ip();
        let payload_len = frame.wire_len as u16 + self.headers.len_behind_ip() as u16;
        let bytes = &mut self.frame;
        bytes.clear();
        bytes.extend(&self.template);
        if is_v6 {
            put16(bytes, ip_at + 4, payload_len);
        } else {
            put16(bytes, ip_at + 2, payload_len + ipv4::HEADER_LEN as u16);
            let checksum = !fold(sum(&bytes[ip_at..behind_ip]));
            put16(bytes, ip_at + 10, checksum);
        }
        if !self.headers.is_over_udp() {
            let flow_id_at = bytes.len() - 1;
            bytes[flow_id_at] = self.headers.flow_id.unwrap_or_else(|| hash(key) as u8);
            bytes.extend(frame.data);
            return;
        }
        put16(bytes, behind_ip, self.headers.source_port.unwrap_or_else(|| mix::source_port(hash(key))));
        put16(bytes, behind_ip + 4, payload_len);
        bytes.extend(frame.data);
        if self.headers.has_checksum && frame.data.len() == frame.wire_len as usize {
            let addresses = if is_v6 { ip_at + 8..behind_ip } else { ip_at + 12..behind_ip };
            let pseudo = sum(&bytes[addresses]) + u64::from(protocol::UDP) + u64::from(payload_len);
            let checksum = udp_checksum(pseudo + sum(&bytes[behind_ip..]));
            put16(bytes, behind_ip + 6, checksum);
        }
    }
}

/// All headers; lengths, checksums, source port and flow identifier left zero.
fn template(headers: &Headers) -> Vec<u8> {
    let octets = |mac: Mac| mac.bits().to_be_bytes()[2..].to_vec();
    let mut bytes = [octets(headers.macs.1), octets(headers.macs.0)].concat();
    match headers.vteps {
        Vteps::V4(source, destination) => {
            bytes.extend(ethertype::IPV4.to_be_bytes());
            bytes.extend([0x45, 0, 0, 0, 0, 0]);
            bytes.extend(DONT_FRAGMENT.to_be_bytes());
            bytes.extend([headers.ttl, headers.protocol(), 0, 0]);
            bytes.extend(source.octets());
            bytes.extend(destination.octets());
        }
        Vteps::V6(source, destination) => {
            bytes.extend(ethertype::IPV6.to_be_bytes());
            bytes.extend([0x60, 0, 0, 0, 0, 0, headers.protocol(), headers.ttl]);
            bytes.extend(source.octets());
            bytes.extend(destination.octets());
        }
    }
    if headers.is_over_udp() {
        bytes.extend([0; 2]);
        bytes.extend(headers.port.to_be_bytes());
        bytes.extend([0; 4]);
    }
    bytes.extend(front(headers.encapsulation));
    bytes.extend((headers.vni << 8).to_be_bytes());
    bytes
}

/// What stands in front of the VNI, around an Ethernet frame.
fn front(overlay: Encapsulation) -> [u8; 4] {
    match overlay {
        Encapsulation::Vxlan => vxlan::FRONT,
        Encapsulation::VxlanGpe => vxlan_gpe::FRONT,
        Encapsulation::Geneve => geneve::FRONT,
        Encapsulation::Nvgre => nvgre::FRONT,
    }
}

/// A number that is the same for all packets of one direction of an inner flow. A port, or a flow identifier, made of it
/// has the underlay keep them in order and spread flows over its paths.
fn hash(key: &Key) -> u64 {
    let mut hash = 0;
    let mut add = |word: u64| hash = mix::mix(hash ^ word);
    if let Some((source, destination)) = key.addresses() {
        for ip in [source, destination] {
            let bits = match ip {
                IpAddr::V4(v4) => v4.to_bits().into(),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            add((bits >> 64) as u64);
            add(bits as u64);
        }
        let (source, destination) = key.ports().unwrap_or_default();
        let ports = u64::from(source) << 16 | u64::from(destination);
        add(u64::from(key.protocol().unwrap_or(0)) << 32 | ports);
    } else {
        let (source, destination) = key.macs().unwrap_or_default();
        add(source.bits());
        add(destination.bits());
        add(key.ethertype().unwrap_or(0).into());
    }
    hash
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}
