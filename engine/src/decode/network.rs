//! IP, either version, outer or inner.

use crate::disposition::Ending;
use crate::packet::Handling;
use crate::packet::handling::bit;
use crate::wire::ipv4::{self, Ipv4};
use crate::wire::ipv6::{self, Extension, Ipv6};
use crate::wire::{Missing, Span};

/// An IP packet.
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) is_v6: bool,
    pub(super) source: u128,
    pub(super) destination: u128,
    /// What the rest is read of, when it is asked for.
    pub(super) header: Header<'a>,
    /// Protocol of the payload, behind any extension headers; of a fragment, behind those up to its fragment header.
    pub(super) protocol: u8,
    /// Header with options or extension headers, in bytes.
    pub(super) header_len: u32,
    /// The whole packet, in bytes.
    pub(super) total_len: u32,
    /// The length field is 0 (segmentation offload, BIG TCP): the lengths are those of the frame, or of a jumbogram's
    /// option, and a UDP length is no better than the field.
    pub(super) length_left_out: bool,
    /// Set on a fragment.
    pub(super) fragment: Option<Fragment>,
    /// An IPv6 routing header says that it goes on from its destination.
    pub(super) is_routed_on: bool,
    pub(super) payload: Span<'a>,
    /// The packet contradicts its own lengths; the rest is as far as it goes.
    pub(super) fault: Option<Ending>,
}

/// The header of an IP packet.
#[derive(Clone, Copy)]
pub(super) enum Header<'a> {
    V4(Ipv4<'a>),
    V6(Ipv6<'a>),
    /// It is gone, as of a datagram put together: what is kept of it.
    Kept(Handling),
}

impl Network<'_> {
    /// What it asks of the network that carries it.
    #[inline(always)]
    pub(super) fn handling(&self) -> Handling {
        match self.header {
            Header::V4(ip) => Handling::new(ip.time_to_live(), ip.traffic_class(), ip.flags()),
            Header::V6(ip) => {
                let flags = if self.fragment.is_some() { bit::MORE_FRAGMENTS } else { 0 };
                Handling::new(ip.hop_limit(), ip.traffic_class(), flags)
            }
            Header::Kept(handling) => handling,
        }
    }

    /// DSCP and ECN.
    #[inline(always)]
    pub(super) fn traffic_class(&self) -> u8 {
        match self.header {
            Header::V4(ip) => ip.traffic_class(),
            Header::V6(ip) => ip.traffic_class(),
            Header::Kept(handling) => handling.dscp() << 2 | handling.ecn(),
        }
    }
}

/// Which fragment of which datagram.
#[derive(Clone, Copy)]
pub(super) struct Fragment {
    pub(super) identification: u32,
    /// In bytes.
    pub(super) offset: u32,
    /// Whether others with higher offsets follow.
    pub(super) more: bool,
}

impl Network<'_> {
    /// A first fragment, behind the extension headers that its datagram begins with; any other packet as it is.
    pub(super) fn begun(self) -> Result<Self, Ending> {
        if !self.is_v6 || self.fragment.is_none_or(|fragment| fragment.offset != 0) {
            return Ok(self);
        }
        let Extended { protocol, payload, .. } = extensions(self.protocol, self.payload)?;
        Ok(Self { protocol, payload, ..self })
    }
}

fn lack(missing: Missing, truncated: Ending) -> Ending {
    match missing {
        Missing::Cut => Ending::OuterCut,
        Missing::Short => truncated,
    }
}

/// The IPv4 packet in `span`, where it is a plain one: no options, no fragment, all lengths sound.
// Most packets are, and what the compiler then knows of them carries through the rest of the walk.
#[inline(always)]
pub(super) fn plain_v4(span: Span<'_>) -> Option<Network<'_>> {
    let ip = Ipv4::read(span).ok()?;
    let length = usize::from(ip.total_length());
    let sound = ipv4::HEADER_LEN <= length && length <= span.wire_len();
    if !(ip.has_plain_header() && sound) {
        return None;
    }
    Some(Network {
        is_v6: false,
        source: u128::from(ip.source()),
        destination: u128::from(ip.destination()),
        header: Header::V4(ip),
        protocol: ip.protocol(),
        header_len: ipv4::HEADER_LEN as u32,
        total_len: length as u32,
        length_left_out: false,
        fragment: None,
        is_routed_on: false,
        payload: span.with_wire_len(length).skip(ipv4::HEADER_LEN).ok()?,
        fault: None,
    })
}

/// The IPv4 packet in `span`.
pub(super) fn v4(span: Span<'_>) -> Result<Network<'_>, Ending> {
    let ip = v4_header(span)?;
    let header_len = ip.header_len();
    let length = usize::from(ip.total_length());
    let wrong_length = length != 0 && (length < header_len || length > span.wire_len());
    let total_len = if length == 0 || wrong_length { span.wire_len() } else { length };
    let whole = span.with_wire_len(total_len);
    let (payload, lacking) = match whole.skip(header_len) {
        Ok(payload) => (payload, None),
        Err(missing) => (Span::new(&[], 0), Some(lack(missing, Ending::Ipv4Truncated))),
    };
    let fragment = Fragment {
        identification: ip.identification().into(),
        offset: ip.fragment_offset(),
        more: ip.more_fragments(),
    };
    Ok(Network {
        is_v6: false,
        source: u128::from(ip.source()),
        destination: u128::from(ip.destination()),
        header: Header::V4(ip),
        protocol: ip.protocol(),
        header_len: header_len as u32,
        total_len: total_len as u32,
        length_left_out: length == 0,
        fragment: ip.is_fragment().then_some(fragment),
        is_routed_on: false,
        payload,
        fault: lacking.or(wrong_length.then_some(Ending::Ipv4TotalLength)),
    })
}

fn v4_header(span: Span<'_>) -> Result<Ipv4<'_>, Ending> {
    let ip = Ipv4::read(span).map_err(|missing| lack(missing, Ending::Ipv4Truncated))?;
    if ip.version() != 4 {
        return Err(Ending::Ipv4Version);
    }
    if ip.header_len() < ipv4::HEADER_LEN {
        return Err(Ending::Ipv4HeaderLength);
    }
    Ok(ip)
}

/// The IPv6 packet in `span`, behind its extension headers. Of a fragment, those behind its fragment header are left:
/// see [`Network::begun`].
pub(super) fn v6(span: Span<'_>) -> Result<Network<'_>, Ending> {
    let (ip, rest) = Ipv6::read(span).map_err(|missing| lack(missing, Ending::Ipv6Truncated))?;
    if ip.version() != 6 {
        return Err(Ending::Ipv6Version);
    }
    let length_left_out = ip.payload_length() == 0;
    let jumbo = if length_left_out { ipv6::jumbo_payload_length(ip.next_header(), rest) } else { None };
    let length = ipv6::HEADER_LEN + jumbo.map_or(usize::from(ip.payload_length()), |length| length as usize);
    let fault = length > span.wire_len();
    let is_told = !length_left_out || jumbo.is_some();
    let total_len = if is_told && !fault { length } else { span.wire_len() };
    let behind = span.with_wire_len(total_len).skip(ipv6::HEADER_LEN);
    let behind = behind.map_err(|missing| lack(missing, Ending::Ipv6Truncated))?;
    let Extended { protocol, fragment, is_routed_on, payload } = extensions(ip.next_header(), behind)?;
    Ok(Network {
        is_v6: true,
        source: ip.source(),
        destination: ip.destination(),
        header: Header::V6(ip),
        protocol,
        header_len: (total_len - payload.wire_len()) as u32,
        total_len: total_len as u32,
        length_left_out,
        fragment,
        is_routed_on,
        payload,
        fault: fault.then_some(Ending::Ipv6PayloadLength),
    })
}

/// The packet that an ICMP error quotes: as long as it says it was, and cut wherever the quote ends.
pub(super) fn quoted(is_v6: bool, span: Span<'_>) -> Result<Network<'_>, Ending> {
    let whole = span.with_wire_len(told_len(is_v6, span)?.unwrap_or(usize::from(u16::MAX)));
    if is_v6 { v6(whole) } else { v4(whole) }
}

/// The packet in `span`, of which the end may be missing: as long as it says that it was.
pub(super) fn as_long_as_told(is_v6: bool, span: Span<'_>) -> Result<Span<'_>, Ending> {
    let told = told_len(is_v6, span)?.unwrap_or(0);
    Ok(span.with_wire_len(told.max(span.wire_len())))
}

/// How long the packet in `span` says that it is, in bytes; `None` where its length is left out.
fn told_len(is_v6: bool, span: Span<'_>) -> Result<Option<usize>, Ending> {
    let (length, before) = if is_v6 {
        let (ip, _) = Ipv6::read(span).map_err(|missing| lack(missing, Ending::Ipv6Truncated))?;
        (ip.payload_length(), ipv6::HEADER_LEN)
    } else {
        let ip = Ipv4::read(span).map_err(|missing| lack(missing, Ending::Ipv4Truncated))?;
        (ip.total_length(), 0)
    };
    Ok(Some(usize::from(length) + before).filter(|_| length != 0))
}

/// What is behind extension headers.
pub(super) struct Extended<'a> {
    pub(super) protocol: u8,
    pub(super) fragment: Option<Fragment>,
    pub(super) is_routed_on: bool,
    pub(super) payload: Span<'a>,
}

/// Steps over extension headers, up to the fragment header of a fragment: what follows that one is a piece of the
/// datagram, which only the first one begins with a header.
pub(super) fn extensions(next_header: u8, span: Span<'_>) -> Result<Extended<'_>, Ending> {
    let mut extended = Extended { protocol: next_header, fragment: None, is_routed_on: false, payload: span };
    while Extension::is(extended.protocol) {
        let read = Extension::read(extended.protocol, extended.payload);
        let (header, rest) = read.map_err(|missing| lack(missing, Ending::Ipv6Extension))?;
        extended.protocol = header.next_header();
        extended.payload = rest;
        extended.is_routed_on |= header.routes_on();
        if let Some((offset, more, identification)) = header.fragment() {
            // A lone "atomic" fragment is a whole datagram (RFC 6946).
            if more || offset != 0 {
                extended.fragment = Some(Fragment { identification, offset, more });
                break;
            }
        }
    }
    Ok(extended)
}
