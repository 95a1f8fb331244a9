//! Fragments of outer IP datagrams (RFC 791, section 3.2; RFC 8200, section 4.5), and the datagrams put together.
//!
//! The walk ends at a fragment. Who puts the pieces together reads each with [`piece`], and has the walk go on with
//! [`whole`].

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;

use super::carriers::{self, Lost, Place, Plain, Reached};
use super::network::{self, Fragment, Header, Network};
use super::{Aside, LARGEST_MTU, Overlays, behind_headers, inside};
use crate::capture::{Frame, LinkType};
use crate::cells::Charge;
use crate::disposition::Ending;
use crate::encapsulation::Carriers;
use crate::packet::{Handling, Note, Packet};
use crate::wire::Span;
use crate::wire::ip::{self, protocol};
use crate::wire::ipv6::{self, Extension};
use crate::wire::mac::Mac;

/// No datagram is longer: the length fields of IPv4, IPv6 and UDP have 16 bits.
const LONGEST: usize = u16::MAX as usize;

/// What the fragments of one outer datagram have in common.
///
/// Over IPv4 that is the protocol too, and over IPv6 it is not (RFC 8200 asks the first fragment alone). Pieces that
/// were brought otherwise are those of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Datagram {
    is_v6: bool,
    source: u128,
    destination: u128,
    identification: u32,
    /// 0 over IPv6.
    protocol: u8,
    carriers: Carriers,
}

impl Datagram {
    fn of(ip: &Network<'_>, carriers: Carriers, identification: u32) -> Self {
        let Network { is_v6, source, destination, .. } = *ip;
        let protocol = if is_v6 { 0 } else { ip.protocol };
        Self { is_v6, source, destination, identification, protocol, carriers }
    }

    /// Source address.
    #[must_use]
    pub fn source(&self) -> IpAddr {
        ip::address(self.is_v6, self.source)
    }

    /// Destination address.
    #[must_use]
    pub fn destination(&self) -> IpAddr {
        ip::address(self.is_v6, self.destination)
    }

    /// Identification: 16 bits over IPv4, 32 over IPv6.
    #[must_use]
    pub fn identification(&self) -> u32 {
        self.identification
    }
}

/// A fragment: a piece of a datagram, in a frame of its own.
#[derive(Debug, Clone, Copy)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Piece<'a> {
    /// Which datagram's.
    pub datagram: Datagram,
    /// Where it begins in the datagram, and its length, in bytes; `offset + len` fits 16 bits.
    pub offset: u16,
    /// Its length, in bytes.
    pub len: u16,
    /// Whether others with higher offsets follow.
    pub more: bool,
    /// Its bytes that the capture holds.
    pub data: &'a [u8],
    /// Whether the snap length cut it.
    pub is_cut: bool,
    /// Tells a repeat from a piece of another datagram.
    pub hash: u64,
    /// Protocol of the first header in the datagram, if this is its first piece.
    pub protocol: u8,
    /// Its own IP header with options or extension headers, and those of its carriers, in bytes.
    pub header_len: u32,
    /// All that is in front of it in the outermost IP packet, in bytes.
    pub front_len: u32,
    /// What its IP header asks of the underlay.
    pub handling: Handling,
    /// Larger than any real MTU, or with its length left out.
    pub is_offload: bool,
    /// An IPv6 routing header says that it goes on from its destination.
    pub is_routed_on: bool,
    /// Who sent the frame, where the link layer tells.
    pub mac: Option<Mac>,
    /// When: nanoseconds since 1970 UTC, or [`crate::capture::NO_TIME`].
    pub time: i64,
    /// Original length of the frame.
    pub wire_len: u32,
}

impl Piece<'_> {
    /// Where it ends in the datagram, in bytes.
    #[must_use]
    pub fn end(&self) -> u16 {
        self.offset + self.len
    }

    /// What it costs.
    pub(crate) fn charge(&self) -> Charge {
        Charge { wire: self.wire_len.into(), ip_header: self.header_len.into(), pieces: 1 }
    }
}

/// How a frame with a fragment ends, by itself. A fragment is no longer than any datagram is, it has data, and where
/// others follow it has a multiple of 8 bytes.
#[cold]
pub(super) fn ending(ip: &Network<'_>, fragment: &Fragment) -> Ending {
    let may_be_ours = match ip.protocol {
        protocol::UDP => true,
        other => carriers::is_protocol(other) || ip.is_v6 && Extension::is(other),
    };
    let len = ip.payload.wire_len();
    let fits = fragment.offset as usize + len <= LONGEST;
    let divides = !fragment.more || len.is_multiple_of(8);
    match (may_be_ours, len > 0 && fits && divides) {
        (true, true) => Ending::Fragment,
        (true, false) if !carriers::is_protocol(ip.protocol) => Ending::FragmentLength,
        _ => Ending::NonUdp,
    }
}

/// The fragment in a frame whose walk ended as [`Ending::Fragment`].
#[cold]
#[must_use]
pub fn piece<'a>(frame: &Frame<'a>) -> Option<Piece<'a>> {
    let Reached { ip, mac, carriers, ip_header_len, outermost_len, is_offload, .. } =
        carriers::through(frame, false).ok()?;
    let fragment = ip.fragment?;
    let data = ip.payload.bytes();
    Some(Piece {
        datagram: Datagram::of(&ip, carriers, fragment.identification),
        offset: u16::try_from(fragment.offset).ok()?,
        len: u16::try_from(ip.payload.wire_len()).ok()?,
        more: fragment.more,
        data,
        is_cut: ip.payload.is_cut(),
        hash: FixedState::with_seed(0).hash_one(data),
        protocol: ip.protocol,
        header_len: ip_header_len + ip.header_len,
        front_len: outermost_len.saturating_sub(ip.payload.wire_len() as u32),
        handling: ip.handling(),
        is_offload: is_offload || ip.length_left_out || outermost_len > LARGEST_MTU,
        is_routed_on: ip.is_routed_on,
        mac,
        time: frame.time,
        wire_len: frame.wire_len,
    })
}

/// A datagram put together from its pieces, as far as the walk looks into it.
#[derive(Debug, Clone, Copy)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Whole<'a> {
    /// Which.
    pub datagram: Datagram,
    /// Protocol of its first header.
    pub protocol: u8,
    /// Its first bytes.
    pub front: &'a [u8],
    /// All of it, in bytes, without the pieces' IP headers.
    pub len: u32,
    /// Whether all pieces of it were seen, so that there is no more to be told.
    pub is_complete: bool,
    /// Whether the snap length cut any piece of it.
    pub is_cut: bool,
    /// Whether pieces overlap that are not the same.
    pub overlaps: bool,
    /// Whether segmentation offload made any piece of it.
    pub is_offload: bool,
    /// Whether an IPv6 routing header in front of any piece says that it goes on from its destination.
    pub is_routed_on: bool,
    /// All that is in front of its first piece in the outermost IP packet, in bytes.
    pub front_len: u32,
    /// What the IP header of that one asks of the underlay.
    pub handling: Handling,
    /// Who sent that one, where the link layer tells.
    pub mac: Option<Mac>,
    /// The IP headers of the piece that completed it; the other pieces are charged apart.
    pub header_len: u32,
    /// When that one was seen.
    pub time: i64,
    /// Original length of that one's frame.
    pub wire_len: u32,
}

/// Walks what is behind the IP headers of `whole`, as [`super::decode`] does in a frame.
#[must_use]
pub fn whole(whole: &Whole<'_>, overlays: &Overlays, packet: &mut Packet, aside: &mut Aside) -> Ending {
    let ending = walk(whole, overlays, packet, aside).unwrap_or_else(|ending| ending);
    carriers::left_out(ending, overlays, aside, || reach(whole, true).map_err(Lost::from))
}

fn walk(
    whole: &Whole<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<Ending, Ending> {
    let reached = reach(whole, overlays.has_nvgre())?;
    let frame =
        Frame { data: whole.front, wire_len: whole.wire_len, time: whole.time, link: LinkType::ETHERNET };
    let ending = if reached.carriers.is_empty() && reached.ip.protocol == protocol::UDP {
        behind_headers(&frame, reached.mac, &reached.ip, overlays, packet, aside)?
    } else {
        carriers::behind(&frame, &reached, plain(whole), overlays, packet, aside)
    };
    let ending = if ending.is_packet() { inside(ending, &frame, overlays, packet, aside) } else { ending };
    if !ending.is_packet() {
        return Err(ending);
    }
    // As large as the datagram in one piece: that is what the underlay's MTU is too small for.
    let fragment_header_len = if whole.datagram.is_v6 { ipv6::FRAGMENT_HEADER_LEN as u32 } else { 0 };
    packet.outer_ip_len = whole.front_len.saturating_sub(fragment_header_len) + whole.len;
    packet.notes.set(Note::Offload, whole.is_offload);
    packet.notes.set(Note::Reassembled, true);
    packet.notes.set(Note::OverlappingFragments, whole.overlaps);
    if !whole.is_cut {
        // What lies behind the front was in the capture.
        packet.notes.clear(Note::InnerCut);
    }
    Ok(ending)
}

/// How the frames of a datagram end in which carriers bring no overlay.
fn plain(whole: &Whole<'_>) -> Plain {
    let cut = if whole.is_complete { Ending::NonUdp } else { Ending::OuterCut };
    Plain { otherwise: Ending::NonUdp, cut }
}

/// The IP packet that `whole` is, behind the extension headers in its pieces; or that it carries, unless it
/// `ends_at_nvgre` and is that.
pub(super) fn reach<'a>(whole: &Whole<'a>, ends_at_nvgre: bool) -> Result<Reached<'a>, Ending> {
    let Datagram { is_v6, source, destination, carriers, .. } = whole.datagram;
    let span = Span::new(whole.front, whole.len as usize);
    let behind = network::extensions(whole.protocol, span)?;
    let header_len = whole.header_len + (span.wire_len() - behind.payload.wire_len()) as u32;
    let ip = Network {
        is_v6,
        source,
        destination,
        header: Header::Kept(whole.handling),
        protocol: behind.protocol,
        header_len,
        total_len: 0,
        length_left_out: false,
        fragment: None,
        is_routed_on: whole.is_routed_on || behind.is_routed_on,
        payload: behind.payload,
        fault: None,
    };
    if ip.protocol != protocol::UDP && !(ends_at_nvgre && carriers::is_nvgre(&ip)) {
        let place = Place::Protocol(behind.protocol, behind.payload);
        let reached = carriers::reach(place, None, carriers, ends_at_nvgre);
        let reached = reached.map_err(|lost| plain(whole).ending(lost))?;
        return Ok(Reached { ip_header_len: header_len + reached.ip_header_len, ..reached });
    }
    let (mac, ip_header_len, outermost_len, is_offload) = (whole.mac, 0, 0, false);
    Ok(Reached { ip, span, mac, carriers, ip_header_len, outermost_len, is_offload })
}
