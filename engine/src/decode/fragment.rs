//! Fragments of outer IP datagrams (RFC 791, section 3.2; RFC 8200, section 4.5), and the datagrams put together.
//!
//! The walk ends at a fragment. Who puts the pieces together reads each with [`piece`], and has the walk go on with
//! [`whole`].

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;

use super::network::{self, Fragment, Header, Network};
use super::{Aside, LARGEST_MTU, Overlays, behind_headers, inside, internet, link};
use crate::capture::{Frame, LinkType};
use crate::cells::Charge;
use crate::disposition::Ending;
use crate::packet::{Handling, Note, Packet};
use crate::wire::Span;
use crate::wire::ip::{self, protocol};
use crate::wire::ipv6::{self, Extension};
use crate::wire::mac::Mac;

/// No datagram is longer: the length fields of IPv4, IPv6 and UDP have 16 bits.
const LONGEST: usize = u16::MAX as usize;

/// What the fragments of one outer datagram have in common.
///
/// Over IPv4 that is the protocol too, and over IPv6 it is not (RFC 8200 asks the first fragment alone). Fragments of
/// what can only be another protocol than UDP are none of ours, so it need not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Datagram {
    is_v6: bool,
    source: u128,
    destination: u128,
    identification: u32,
}

impl Datagram {
    fn of(ip: &Network<'_>, identification: u32) -> Self {
        Self { is_v6: ip.is_v6, source: ip.source, destination: ip.destination, identification }
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
    /// Its own IP header with options or extension headers, in bytes.
    pub header_len: u32,
    /// What that asks of the underlay.
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
    let may_be_udp = ip.protocol == protocol::UDP || ip.is_v6 && Extension::is(ip.protocol);
    let len = ip.payload.wire_len();
    let fits = fragment.offset as usize + len <= LONGEST;
    let divides = !fragment.more || len.is_multiple_of(8);
    match (may_be_udp, len > 0 && fits && divides) {
        (false, _) => Ending::NonUdp,
        (true, false) => Ending::FragmentLength,
        (true, true) => Ending::Fragment,
    }
}

/// The fragment in a frame whose walk ended as [`Ending::Fragment`].
#[cold]
#[must_use]
pub fn piece<'a>(frame: &Frame<'a>) -> Option<Piece<'a>> {
    let link = link::read(frame).ok()?;
    let ip = internet(&link).ok()?;
    let fragment = ip.fragment?;
    let data = ip.payload.bytes();
    Some(Piece {
        datagram: Datagram::of(&ip, fragment.identification),
        offset: u16::try_from(fragment.offset).ok()?,
        len: u16::try_from(ip.payload.wire_len()).ok()?,
        more: fragment.more,
        data,
        is_cut: ip.payload.is_cut(),
        hash: FixedState::with_seed(0).hash_one(data),
        protocol: ip.protocol,
        header_len: ip.header_len,
        handling: ip.handling(),
        is_offload: ip.length_left_out || ip.total_len > LARGEST_MTU,
        is_routed_on: ip.is_routed_on,
        mac: link.source,
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
    /// Whether the snap length cut any piece of it.
    pub is_cut: bool,
    /// Whether pieces overlap that are not the same.
    pub overlaps: bool,
    /// Whether segmentation offload made any piece of it.
    pub is_offload: bool,
    /// Whether an IPv6 routing header in front of any piece says that it goes on from its destination.
    pub is_routed_on: bool,
    /// The IP header of its first piece.
    pub front_header_len: u32,
    /// What that asks of the underlay.
    pub handling: Handling,
    /// Who sent that one, where the link layer tells.
    pub mac: Option<Mac>,
    /// The IP header of the piece that completed it; the other pieces are charged apart.
    pub header_len: u32,
    /// When that one was seen.
    pub time: i64,
    /// Original length of that one's frame.
    pub wire_len: u32,
}

/// Walks what is behind the IP headers of `whole`, as [`super::decode`] does in a frame.
#[must_use]
pub fn whole(whole: &Whole<'_>, overlays: &Overlays, packet: &mut Packet, aside: &mut Aside) -> Ending {
    walk(whole, overlays, packet, aside).unwrap_or_else(|ending| ending)
}

fn walk(
    whole: &Whole<'_>,
    overlays: &Overlays,
    packet: &mut Packet,
    aside: &mut Aside,
) -> Result<Ending, Ending> {
    let ip = behind(whole)?;
    if ip.protocol != protocol::UDP {
        return Err(Ending::NonUdp);
    }
    let frame =
        Frame { data: whole.front, wire_len: whole.wire_len, time: whole.time, link: LinkType::ETHERNET };
    let ending = behind_headers(&frame, whole.mac, &ip, overlays, packet, aside)?;
    let ending = if ending.is_packet() { inside(ending, &frame, overlays, packet, aside) } else { ending };
    if !ending.is_packet() {
        return Err(ending);
    }
    // As large as the datagram in one piece: that is what the underlay's MTU is too small for.
    let fragment_header_len = if ip.is_v6 { ipv6::FRAGMENT_HEADER_LEN as u32 } else { 0 };
    packet.outer_ip_len = whole.front_header_len.saturating_sub(fragment_header_len) + whole.len;
    packet.notes.set(Note::Offload, whole.is_offload);
    packet.notes.set(Note::Reassembled, true);
    packet.notes.set(Note::OverlappingFragments, whole.overlaps);
    if !whole.is_cut {
        // What lies behind the front was in the capture.
        packet.notes.clear(Note::InnerCut);
    }
    Ok(ending)
}

/// The IP packet that `whole` is, behind the extension headers in its pieces.
pub(super) fn behind<'a>(whole: &Whole<'a>) -> Result<Network<'a>, Ending> {
    let Datagram { is_v6, source, destination, .. } = whole.datagram;
    let span = Span::new(whole.front, whole.len as usize);
    let behind = network::extensions(whole.protocol, span)?;
    Ok(Network {
        is_v6,
        source,
        destination,
        header: Header::Kept(whole.handling),
        protocol: behind.protocol,
        header_len: whole.header_len + (span.wire_len() - behind.payload.wire_len()) as u32,
        total_len: 0,
        length_left_out: false,
        fragment: None,
        is_routed_on: whole.is_routed_on || behind.is_routed_on,
        payload: behind.payload,
        fault: None,
    })
}
