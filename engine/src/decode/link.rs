//! The link layer of a capture's frames, and VLAN tags.

use crate::capture::{Frame, LinkType};
use crate::disposition::Ending;
use crate::wire::ethernet::{Ethernet, ethertype};
use crate::wire::mac::Mac;
use crate::wire::sll::Sll;
use crate::wire::vlan::Vlan;
use crate::wire::{Missing, Span, loopback};

/// What the link layer tells of a frame.
pub(super) struct Link<'a> {
    /// Who sent it, where that is known.
    pub(super) source: Option<Mac>,
    /// EtherType behind any tags; `None` for a protocol that is not IP.
    pub(super) ethertype: Option<u16>,
    /// What follows.
    pub(super) payload: Span<'a>,
}

/// Reads the link layer of a frame, tags included.
#[inline(always)]
pub(super) fn read<'a>(frame: &Frame<'a>) -> Result<Link<'a>, Ending> {
    let (source, announced, payload) = untagged(frame.link, Span::new(frame.data, frame.wire_len as usize))?;
    let Some(announced) = announced else {
        return Ok(Link { source, ethertype: None, payload });
    };
    let (_, ethertype, payload) = tags(announced, payload).map_err(|missing| match missing {
        Missing::Cut => Ending::OuterCut,
        Missing::Short => Ending::VlanTruncated,
    })?;
    Ok(Link { source, ethertype: Some(ethertype), payload })
}

type Read<'a> = (Option<Mac>, Option<u16>, Span<'a>);

#[inline(always)]
fn untagged(link: LinkType, span: Span<'_>) -> Result<Read<'_>, Ending> {
    match link {
        LinkType::ETHERNET => {
            let (header, payload) = Ethernet::read(span).map_err(truncated)?;
            Ok((Some(header.source()), Some(header.ethertype()), payload))
        }
        LinkType::LINUX_SLL => {
            let (sll, payload) = Sll::read(span).map_err(truncated)?;
            Ok((sll.source, Some(sll.protocol), payload))
        }
        LinkType::LINUX_SLL2 => {
            let (sll, payload) = Sll::read_v2(span).map_err(truncated)?;
            Ok((sll.source, Some(sll.protocol), payload))
        }
        LinkType::NULL | LinkType::LOOP => {
            let (ethertype, payload) = loopback::read(span).map_err(truncated)?;
            Ok((None, ethertype, payload))
        }
        LinkType::IPV4 => Ok((None, Some(ethertype::IPV4), span)),
        LinkType::IPV6 => Ok((None, Some(ethertype::IPV6), span)),
        LinkType::RAW => Ok((None, raw(span), span)),
        _ => Err(Ending::UnsupportedLinkType),
    }
}

/// `LINKTYPE_RAW`: the IP version tells which it is. An empty frame is taken for IPv4, and found truncated there.
fn raw(span: Span<'_>) -> Option<u16> {
    match span.bytes().first().map_or(4, |byte| byte >> 4) {
        4 => Some(ethertype::IPV4),
        6 => Some(ethertype::IPV6),
        _ => None,
    }
}

/// Steps over a stack of VLAN tags: the first one's identifier, the EtherType behind the last, and what follows.
pub(super) fn tags(announced: u16, span: Span<'_>) -> Result<(Option<u16>, u16, Span<'_>), Missing> {
    let (mut vid, mut ethertype, mut rest) = (None, announced, span);
    while Vlan::announced_by(ethertype) {
        let (tag, payload) = Vlan::read(rest)?;
        vid = vid.or(Some(tag.vid()));
        (ethertype, rest) = (tag.ethertype(), payload);
    }
    Ok((vid, ethertype, rest))
}

fn truncated(missing: Missing) -> Ending {
    match missing {
        Missing::Cut => Ending::OuterCut,
        Missing::Short => Ending::LinkTruncated,
    }
}
