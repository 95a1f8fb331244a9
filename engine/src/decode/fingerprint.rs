//! What tells that two frames are one packet, captured twice.
//!
//! A packet that passes several capture points is the same but for its link layer, for what each router changes (TTL,
//! the header checksum), and for a checksum that a network card fills in later. All else is in its fingerprint.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::sync::OnceLock;

use foldhash::quality::RandomState;

use crate::capture::Frame;
use crate::disposition::{Disposition, Ending};
use crate::encapsulation::{Carriers, Encapsulation};
use crate::wire::ethernet::ethertype;
use crate::wire::ip::{self, protocol};
use crate::wire::udp::{self, Udp};
use crate::wire::{Span, arp, ipv4, ipv6, tcp};

use super::Overlays;
use super::carriers::{self, Place};
use super::header;
use super::link;
use super::network::{self, Network};

/// So many bytes of a bare packet are compared: its headers, and more than enough of what they carry. A snap length
/// leaves 50 bytes less of the same packet where it is encapsulated, so comparing all would find no pair.
const BARE_LEN: usize = 256;

/// A VXLAN packet may carry VXLAN; what is seen bare is the innermost packet, or that of a layer not deeper than this.
const MOST_LAYERS: usize = 4;

/// What a frame is compared by. Each is a hash of 64 bits under a seed that no capture can know, so that of a million
/// million packets, each compared with a thousand others, two that differ are taken for one with a probability of some
/// 5 in 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Of a VXLAN packet, or a piece of one: outer IP packet, inside of any carriers, without TTL and checksums, all
    /// captured bytes of it.
    pub whole: Option<u64>,
    /// Of a VXLAN packet, which way it goes.
    pub way: Option<Way>,
    /// Of a VXLAN packet, the packet inside; of a frame that is sound and not VXLAN, its own. Without link layer, TTL
    /// and checksums, and no more than its first 256 bytes.
    pub bare: Option<u64>,
}

/// From one VTEP to another, in a VNI; of nested overlays the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The VNI.
    pub vni: u32,
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
}

/// The fingerprint of `frame`, which ended with `ending`.
#[cold]
#[inline(never)]
#[must_use]
pub fn fingerprint(frame: &Frame<'_>, ending: Ending, overlays: &Overlays) -> Fingerprint {
    let told = match ending.disposition() {
        Disposition::Vxlan => encapsulated(frame, overlays),
        Disposition::Fragment => piece(frame, overlays),
        Disposition::Other => alone(frame),
        Disposition::Invalid | Disposition::Malformed => None,
    };
    told.unwrap_or_default()
}

/// What an EtherType announced, and the IP packet in it if it is one.
struct Announced<'a> {
    ethertype: u16,
    span: Span<'a>,
    ip: Option<Network<'a>>,
}

impl<'a> Announced<'a> {
    fn read(ethertype: u16, span: Span<'a>) -> Self {
        let ip = match ethertype {
            ethertype::IPV4 => network::v4(span).ok(),
            ethertype::IPV6 => network::v6(span).ok(),
            _ => None,
        };
        Self { ethertype, span, ip: ip.filter(|ip| ip.fault.is_none()) }
    }

    /// What a frame carries.
    fn by(frame: &Frame<'a>) -> Option<Self> {
        let link = link::read(frame).ok()?;
        Some(Self::read(link.ethertype?, link.payload))
    }

    /// Whether another overlay may be inside, be that in carriers.
    fn may_hold_one(&self) -> bool {
        self.ip.as_ref().map_or_else(
            || carriers::is_announced_by(self.ethertype),
            |ip| ip.protocol == protocol::UDP || carriers::is_protocol(ip.protocol),
        )
    }

    /// The IP packet in it, behind any carriers.
    fn packet(&self, overlays: &Overlays) -> Option<(Span<'a>, Network<'a>)> {
        if let Some(ip) = self.ip.filter(|ip| ip.protocol == protocol::UDP) {
            return Some((self.span, ip));
        }
        let place = Place::Announced(self.ethertype, self.span);
        let reached = carriers::reach(place, None, Carriers::default(), overlays.has_nvgre()).ok()?;
        Some((reached.span, reached.ip))
    }
}

/// What the VXLAN packet that `ip` is carries, and its VNI.
fn inside<'a>(ip: &Network<'a>, overlays: &Overlays) -> Option<(Announced<'a>, u32)> {
    if is_later_fragment(ip) {
        return None;
    }
    let header = match ip.protocol {
        protocol::UDP => {
            let (udp, data) = Udp::read(ip.payload).ok()?;
            header::read(overlays.between(udp.source_port(), udp.destination_port())?, data)
        }
        protocol::GRE if overlays.has_nvgre() => header::read(Encapsulation::Nvgre, ip.payload),
        _ => return None,
    };
    let header = header.ok()?;
    let (_, ethertype, payload) = header.payload.read(header.inner)?;
    Some((Announced::read(ethertype, payload), header.vni))
}

fn encapsulated(frame: &Frame<'_>, overlays: &Overlays) -> Option<Fingerprint> {
    let (span, ip) = Announced::by(frame)?.packet(overlays)?;
    let (mut innermost, vni) = inside(&ip, overlays).unzip();
    for _ in 1..MOST_LAYERS {
        let holder = innermost.as_ref().filter(|it| it.may_hold_one());
        let deeper = holder.and_then(|it| it.packet(overlays));
        let Some(deeper) = deeper.and_then(|(_, ip)| inside(&ip, overlays)) else {
            break;
        };
        innermost = Some(deeper.0);
    }
    let address = |bits| ip::address(ip.is_v6, bits);
    let way = vni.map(|vni| Way { vni, source: address(ip.source), destination: address(ip.destination) });
    Some(Fingerprint { whole: whole(span, &ip), way, bare: innermost.and_then(|it| bare(&it)) })
}

/// A fragment, of which only the first tells that it is none of VXLAN.
fn piece(frame: &Frame<'_>, overlays: &Overlays) -> Option<Fingerprint> {
    let ip = carriers::through(frame, false).ok()?.ip;
    let begins = ip.protocol == protocol::UDP && !is_later_fragment(&ip);
    let udp = Some(ip.payload).filter(|_| begins).and_then(|payload| Udp::read(payload).ok());
    let is_other =
        udp.is_some_and(|(udp, _)| overlays.between(udp.source_port(), udp.destination_port()).is_none());
    if is_other { alone(frame) } else { encapsulated(frame, overlays) }
}

fn alone(frame: &Frame<'_>) -> Option<Fingerprint> {
    Some(Fingerprint { whole: None, way: None, bare: bare(&Announced::by(frame)?) })
}

/// The fingerprint of the outer IP packet at the front of `span`.
fn whole(span: Span<'_>, ip: &Network<'_>) -> Option<u64> {
    let header = span.bytes().get(..ip.header_len as usize)?;
    let mut state = seeded();
    state.write_u32(ip.total_len);
    if ip.is_v6 {
        let (before, after) = header.split_at_checked(ipv6::HOP_LIMIT)?;
        state.write(before);
        state.write(after.get(1..)?);
    } else {
        let (before, after) = header.split_at_checked(ipv4::TTL)?;
        state.write(before);
        state.write_u8(ip.protocol);
        state.write(after.get(ipv4::CHECKSUM + 2 - ipv4::TTL..)?);
    }
    let payload = ip.payload.bytes();
    match payload.split_at_checked(udp::CHECKSUM) {
        Some((ports, rest)) if ip.protocol == protocol::UDP && !is_later_fragment(ip) => {
            state.write(ports);
            state.write(rest.get(2..)?);
        }
        _ => state.write(payload),
    }
    Some(state.finish())
}

/// The fingerprint of a packet by itself; `None` of what is neither IP nor ARP.
fn bare(carried: &Announced<'_>) -> Option<u64> {
    if carried.ethertype == ethertype::ARP {
        let mut state = seeded();
        state.write(carried.span.bytes().get(..arp::LEN)?);
        return Some(state.finish());
    }
    let ip = carried.ip.as_ref()?;
    let packet = carried.span.with_wire_len(ip.total_len as usize).bytes();
    let mut buffer = [0; BARE_LEN];
    let held = packet.len().min(BARE_LEN);
    let bytes = &mut buffer[..held];
    bytes.copy_from_slice(&packet[..held]);
    let transport = ip.header_len as usize;
    let changing = if ip.is_v6 {
        [ipv6::HOP_LIMIT..ipv6::HOP_LIMIT + 1, 0..0]
    } else {
        [ipv4::TTL..ipv4::TTL + 1, ipv4::CHECKSUM..ipv4::CHECKSUM + 2]
    };
    let checksum = match ip.protocol {
        _ if is_later_fragment(ip) => 0..0,
        protocol::TCP => transport + tcp::CHECKSUM..transport + tcp::CHECKSUM + 2,
        protocol::UDP => transport + udp::CHECKSUM..transport + udp::CHECKSUM + 2,
        _ => 0..0,
    };
    for field in changing.into_iter().chain([checksum]) {
        if let Some(field) = bytes.get_mut(field) {
            field.fill(0);
        }
    }
    let mut state = seeded();
    state.write_u32(ip.total_len);
    state.write(bytes);
    Some(state.finish())
}

fn is_later_fragment(ip: &Network<'_>) -> bool {
    ip.fragment.is_some_and(|fragment| fragment.offset != 0)
}

/// One seed for the whole process, so that parts of a run can be compared.
fn seeded() -> impl Hasher {
    static SEED: OnceLock<RandomState> = OnceLock::new();
    SEED.get_or_init(RandomState::default).build_hasher()
}
