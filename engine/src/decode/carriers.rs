//! Carriers: what brings an overlay without being one, GRE, ERSPAN, IP in IP, MPLS and PPPoE, in any order.
//!
//! It is one loop: each round either ends or takes in a carrier, of which there may be [`Carriers::MOST`]. What is odd
//! inside of a carrier is no fault of the frame before a VXLAN port is found: then the frame ends as it would without
//! a look inside.

use crate::capture::Frame;
use crate::disposition::{Disposition, Ending};
use crate::encapsulation::{Carrier, Carriers, Encapsulation};
use crate::packet::{Note, Packet};
use crate::wire::erspan::{Erspan, FrameType};
use crate::wire::ethernet::{Ethernet, ethertype};
use crate::wire::gre::{Gre, protocol_type};
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::wire::mpls::{self, Behind, Mpls};
use crate::wire::nvgre::Nvgre;
use crate::wire::pppoe::{Pppoe, ppp};
use crate::wire::{Missing, Span};

use super::network::{self, Network};
use super::overlays::Overlays;
use super::{Aside, LARGEST_MTU, behind_headers, fragment, link, quote, relative};

/// So many labels one stack may have: segment routing, which uses the most, has ten or so.
const MOST_LABELS: usize = 16;

/// Where the walk stands: in front of what this is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// An Ethernet frame.
    Frame(Span<'a>),
    /// What an EtherType announces.
    Announced(u16, Span<'a>),
    /// What an IP packet carries as this protocol.
    Protocol(u8, Span<'a>),
}

/// Why there is no IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The snap length cut what is in front of it.
    Cut,
    /// Something else is there, or something that contradicts itself.
    Otherwise,
    /// More carriers than are looked into, or more labels.
    Exceeded,
}

impl From<Missing> for Lost {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Cut => Self::Cut,
            Missing::Short => Self::Otherwise,
        }
    }
}

impl From<Ending> for Lost {
    fn from(ending: Ending) -> Self {
        if ending == Ending::OuterCut { Self::Cut } else { Self::Otherwise }
    }
}

/// The IP packet behind all carriers.
pub(super) struct Reached<'a> {
    pub(super) ip: Network<'a>,
    /// All of it.
    pub(super) span: Span<'a>,
    /// Who sent the frame that it stands in, if nothing but labels and the like is between.
    pub(super) mac: Option<Mac>,
    pub(super) carriers: Carriers,
    /// The carriers' IP headers, in bytes.
    pub(super) ip_header_len: u32,
    /// The outermost IP packet, in bytes.
    pub(super) outermost_len: u32,
    /// Whether segmentation offload left out a carrier's length.
    pub(super) is_offload: bool,
}

/// What was passed on the way from the outermost carrier in.
struct Passed<'a> {
    place: Place<'a>,
    mac: Option<Mac>,
    carriers: Carriers,
    ip_header_len: u32,
    outermost_len: Option<u32>,
    is_offload: bool,
    /// Inside of a mirrored frame, which the mirror may have cut.
    is_mirrored: bool,
    /// Whether NVGRE is no carrier, but where it ends.
    ends_at_nvgre: bool,
}

/// Whether EtherType `announced` is a carrier's.
pub(super) fn is_announced_by(announced: u16) -> bool {
    matches!(announced, ethertype::MPLS | ethertype::MPLS_MULTICAST | ethertype::PPPOE_SESSION)
}

/// Whether an IP packet of protocol `number` is a carrier.
#[inline]
pub(crate) fn is_protocol(number: u8) -> bool {
    matches!(number, protocol::IPIP | protocol::IPV6 | protocol::GRE)
}

/// Whether an overlay's header follows that of `ip` directly: NVGRE's.
pub(super) fn is_nvgre(ip: &Network<'_>) -> bool {
    ip.protocol == protocol::GRE && ip.fragment.is_none() && matches!(Nvgre::read(ip.payload), Ok(Some(_)))
}

/// Goes from `place`, inside of `carriers`, to the IP packet behind all further ones; or to one of NVGRE, where it
/// `ends_at_nvgre`.
pub(super) fn reach(
    place: Place<'_>,
    mac: Option<Mac>,
    carriers: Carriers,
    ends_at_nvgre: bool,
) -> Result<Reached<'_>, Lost> {
    let mut passed = Passed {
        place,
        mac,
        carriers,
        ip_header_len: 0,
        outermost_len: None,
        is_offload: false,
        is_mirrored: false,
        ends_at_nvgre,
    };
    loop {
        if let Some(reached) = passed.step()? {
            return Ok(reached);
        }
    }
}

impl<'a> Passed<'a> {
    /// Takes one header in; the IP packet, where that is not a carrier's.
    fn step(&mut self) -> Result<Option<Reached<'a>>, Lost> {
        match self.place {
            Place::Frame(span) => {
                let (header, rest) = Ethernet::read(span)?;
                let (_, ethertype, rest) = link::tags(header.ethertype(), rest)?;
                self.mac = Some(header.source());
                self.place = Place::Announced(ethertype, rest);
            }
            Place::Announced(ethertype::IPV4, span) => return self.ip(false, span),
            Place::Announced(ethertype::IPV6, span) => return self.ip(true, span),
            Place::Announced(ethertype::MPLS | ethertype::MPLS_MULTICAST, span) => self.mpls(span)?,
            Place::Announced(ethertype::PPPOE_SESSION, span) => self.pppoe(span)?,
            Place::Protocol(protocol::IPIP, span) => {
                self.enter(Carrier::Ipip, 0, Place::Announced(ethertype::IPV4, span))?;
            }
            Place::Protocol(protocol::IPV6, span) => {
                self.enter(Carrier::Ipip, 0, Place::Announced(ethertype::IPV6, span))?;
            }
            Place::Protocol(protocol::GRE, span) => self.gre(span)?,
            Place::Announced(..) | Place::Protocol(..) => return Err(Lost::Otherwise),
        }
        Ok(None)
    }

    fn enter(&mut self, carrier: Carrier, header_len: usize, place: Place<'a>) -> Result<(), Lost> {
        self.carriers = self.carriers.and(carrier, header_len).ok_or(Lost::Exceeded)?;
        self.place = place;
        Ok(())
    }

    fn ip(&mut self, is_v6: bool, span: Span<'a>) -> Result<Option<Reached<'a>>, Lost> {
        let span = if self.is_mirrored { network::as_long_as_told(is_v6, span)? } else { span };
        let ip = if is_v6 { network::v6(span)? } else { network::v4(span)? };
        if let Some(fault) = ip.fault {
            return Err(fault.into());
        }
        let outermost_len = *self.outermost_len.get_or_insert(ip.total_len);
        let is_carrier = is_protocol(ip.protocol) && !(self.ends_at_nvgre && is_nvgre(&ip));
        if ip.fragment.is_none() && is_carrier {
            self.ip_header_len += ip.header_len;
            self.is_offload |= ip.length_left_out;
            self.mac = None;
            self.place = Place::Protocol(ip.protocol, ip.payload);
            return Ok(None);
        }
        let Self { mac, carriers, ip_header_len, is_offload, .. } = *self;
        Ok(Some(Reached { ip, span, mac, carriers, ip_header_len, outermost_len, is_offload }))
    }

    fn gre(&mut self, span: Span<'a>) -> Result<(), Lost> {
        let (gre, rest) = Gre::read(span)?;
        if !gre.is_plain() {
            return Err(Lost::Otherwise);
        }
        let header_len = span.wire_len() - rest.wire_len();
        match gre.protocol_type() {
            protocol_type::ETHERNET => self.enter(Carrier::Gre, header_len, Place::Frame(rest)),
            // Type I has no header of its own.
            protocol_type::ERSPAN if !gre.has_sequence_number() => {
                self.is_mirrored = true;
                self.enter(Carrier::Erspan, header_len, Place::Frame(rest))
            }
            protocol_type::ERSPAN | protocol_type::ERSPAN_III => self.erspan(span, rest),
            announced => self.enter(Carrier::Gre, header_len, Place::Announced(announced, rest)),
        }
    }

    /// `gre`: from its GRE header on.
    fn erspan(&mut self, gre: Span<'a>, span: Span<'a>) -> Result<(), Lost> {
        let (erspan, rest) = Erspan::read(span)?;
        let place = match (erspan.frame_type, mpls::behind(rest)?) {
            (FrameType::Ethernet, _) => Place::Frame(rest),
            (FrameType::Ip, Behind::Ipv4) => Place::Announced(ethertype::IPV4, rest),
            (FrameType::Ip, Behind::Ipv6) => Place::Announced(ethertype::IPV6, rest),
            _ => return Err(Lost::Otherwise),
        };
        self.is_mirrored = true;
        self.enter(Carrier::Erspan, gre.wire_len() - rest.wire_len(), place)
    }

    fn mpls(&mut self, span: Span<'a>) -> Result<(), Lost> {
        let rest = labelled(span)?;
        let (place, rest) = behind_labels(rest)?;
        self.enter(Carrier::Mpls, span.wire_len() - rest.wire_len(), place)
    }

    fn pppoe(&mut self, span: Span<'a>) -> Result<(), Lost> {
        let (pppoe, rest) = Pppoe::read(span)?;
        let announced = match pppoe.protocol() {
            ppp::IPV4 => ethertype::IPV4,
            ppp::IPV6 => ethertype::IPV6,
            _ => return Err(Lost::Otherwise),
        };
        if !pppoe.is_session() {
            return Err(Lost::Otherwise);
        }
        self.enter(Carrier::Pppoe, Pppoe::HEADER_LEN, Place::Announced(announced, rest))
    }
}

/// What is behind the last label.
fn labelled(mut span: Span<'_>) -> Result<Span<'_>, Lost> {
    for _ in 0..MOST_LABELS {
        let (entry, rest) = Mpls::read(span)?;
        if entry.is_bottom() {
            return Ok(rest);
        }
        span = rest;
    }
    Err(Lost::Exceeded)
}

/// What a label stack carries, which no label says: an IP packet, or a pseudowire's frame with a control word or without,
/// whichever makes sense. A MAC address may begin like any of these.
fn behind_labels(span: Span<'_>) -> Result<(Place<'_>, Span<'_>), Lost> {
    let frame = (Place::Frame(span), span);
    let likely = match mpls::behind(span)? {
        Behind::Ipv4 => (Place::Announced(ethertype::IPV4, span), span),
        Behind::Ipv6 => (Place::Announced(ethertype::IPV6, span), span),
        Behind::ControlWord => {
            let behind_word = span.skip(mpls::LEN)?;
            (Place::Frame(behind_word), behind_word)
        }
        Behind::Unknown => frame,
    };
    match makes_sense(likely.0) {
        Ok(()) => Ok(likely),
        Err(Lost::Cut) => Err(Lost::Cut),
        Err(_) => makes_sense(frame.0).map(|()| frame),
    }
}

/// Whether an IP packet whose lengths agree, or another carrier, is at `place`.
fn makes_sense(place: Place<'_>) -> Result<(), Lost> {
    let (announced, span) = match place {
        Place::Frame(span) => {
            let (header, rest) = Ethernet::read(span)?;
            let (_, announced, rest) = link::tags(header.ethertype(), rest)?;
            (announced, rest)
        }
        Place::Announced(announced, span) => (announced, span),
        Place::Protocol(..) => return Err(Lost::Otherwise),
    };
    let ip = match announced {
        ethertype::IPV4 => network::v4(span)?,
        ethertype::IPV6 => network::v6(span)?,
        other if is_announced_by(other) => return Ok(()),
        _ => return Err(Lost::Otherwise),
    };
    ip.fault.map_or(Ok(()), |fault| Err(fault.into()))
}

/// How a frame ends in which no overlay is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    /// By its outermost headers.
    pub(super) otherwise: Ending,
    /// Where what would tell is cut.
    pub(super) cut: Ending,
}

impl Plain {
    pub(super) fn ending(self, lost: Lost) -> Ending {
        match lost {
            Lost::Cut => self.cut,
            Lost::Otherwise => self.otherwise,
            Lost::Exceeded => Ending::CarriersExceeded,
        }
    }
}

/// Looks into a frame in which there is an IP packet of protocol `number`, or none.
#[cold]
#[inline(never)]
pub(super) fn look(
    frame: &Frame<'_>,
    number: Option<u8>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Ending {
    let otherwise = if number.is_some() { Ending::NonUdp } else { Ending::NonIp };
    if number.is_some_and(|number| !(is_protocol(number) || quote::is_protocol(number))) {
        return otherwise;
    }
    let plain = Plain { otherwise, cut: otherwise };
    let ending = match through(frame, overlays.has_nvgre()) {
        Ok(reached) => behind(frame, &reached, plain, overlays, packet, aside),
        Err(lost) => plain.ending(lost),
    };
    left_out(ending, overlays, aside, || through(frame, true))
}

/// The ending of what is NVGRE, and in which nothing was found that is reported; `through` goes there.
pub(super) fn left_out<'a>(
    ending: Ending,
    overlays: &Overlays,
    aside: &Aside,
    through: impl FnOnce() -> Result<Reached<'a>, Lost>,
) -> Ending {
    let says_nothing = matches!(ending, Ending::NonIp | Ending::NonUdp | Ending::OtherPort)
        && aside.candidate.is_none()
        && aside.error.is_none();
    let is_left_out = says_nothing && !overlays.has_nvgre() && through().is_ok_and(|it| is_nvgre(&it.ip));
    if is_left_out { Ending::UnselectedNvgre } else { ending }
}

/// Goes to the IP packet behind the carriers of `frame`, as [`reach`] does.
pub(super) fn through<'a>(frame: &Frame<'a>, ends_at_nvgre: bool) -> Result<Reached<'a>, Lost> {
    let link = link::read(frame)?;
    let announced = link.ethertype.ok_or(Lost::Otherwise)?;
    reach(Place::Announced(announced, link.payload), link.source, Carriers::default(), ends_at_nvgre)
}

/// The overlay in an IP packet that carriers brought.
pub(super) fn behind(
    frame: &Frame<'_>,
    reached: &Reached<'_>,
    plain: Plain,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Ending {
    let ip = &reached.ip;
    if let Some(fragment) = &ip.fragment {
        let ending = fragment::ending(ip, fragment);
        return if ending == Ending::Fragment { ending } else { plain.otherwise };
    }
    let ending = match ip.protocol {
        protocol::UDP => behind_headers(frame, reached.mac, ip, overlays, packet, aside),
        protocol::GRE => relative(Encapsulation::Nvgre, frame, reached.mac, ip, None, ip.payload, packet),
        _ => {
            quote::look(ip, frame, overlays, packet, aside);
            return plain.otherwise;
        }
    };
    let ending = ending.unwrap_or_else(|ending| ending);
    match ending.disposition() {
        // Its UDP header says nothing sound, so that nothing says that it is VXLAN.
        Disposition::Malformed => plain.ending(ending.into()),
        Disposition::Vxlan => {
            packet.outer_ip_header_len += reached.ip_header_len;
            packet.outer_ip_len = reached.outermost_len;
            packet.notes.set(Note::Stacked, !reached.carriers.is_empty());
            packet.notes.set(Note::Offload, reached.is_offload || reached.outermost_len > LARGEST_MTU);
            aside.carried_in(reached.carriers);
            ending
        }
        _ => ending,
    }
}
