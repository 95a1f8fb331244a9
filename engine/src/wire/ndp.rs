//! Neighbor Discovery (RFC 4861): which messages say that an IPv6 address is at a link-layer address.

use super::mac::Mac;
use super::{Missing, Span};

/// Types of messages.
pub mod kind {
    /// Router Solicitation (section 4.1).
    pub const ROUTER_SOLICITATION: u8 = 133;
    /// Router Advertisement (section 4.2).
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    /// Neighbor Solicitation (section 4.3).
    pub const NEIGHBOR_SOLICITATION: u8 = 135;
    /// Neighbor Advertisement (section 4.4).
    pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
}

/// The hop limit of every message: from further away none can have come (section 7.1).
pub const HOP_LIMIT: u8 = 255;

const OVERRIDE: u8 = 0x20;
const SOURCE_LINK_LAYER: u8 = 1;
const TARGET_LINK_LAYER: u8 = 2;
/// Options have a type and a length in units of so many bytes (section 4.6).
const UNIT: usize = 8;

/// What stands in front of a message's options: of the longest one, with its target.
const SHORTEST: usize = 8;
const ROUTER_ADVERTISEMENT_LEN: usize = 16;
const NEIGHBOR_LEN: usize = 24;

/// A message that may say where an address is.
#[derive(Debug, Clone, Copy)]
pub struct Ndp<'a> {
    head: &'a [u8; SHORTEST],
    rest: Span<'a>,
}

impl<'a> Ndp<'a> {
    /// The message in `span`, from its ICMPv6 header on; `None` for one that says nothing of the kind.
    pub fn read(span: Span<'a>) -> Result<Option<Self>, Missing> {
        let (head, rest) = span.split()?;
        let is_one = (kind::ROUTER_SOLICITATION..=kind::NEIGHBOR_ADVERTISEMENT).contains(&head[0]);
        Ok((is_one && head[1] == 0).then_some(Self { head, rest }))
    }

    fn kind(self) -> u8 {
        self.head[0]
    }

    /// Whether it may put an address elsewhere than where it was; an advertisement without the Override flag, as of an
    /// anycast address or by a proxy, may not (sections 4.4, 7.2.5).
    #[must_use]
    pub fn overrides(self) -> bool {
        self.kind() != kind::NEIGHBOR_ADVERTISEMENT || self.head[4] & OVERRIDE != 0
    }

    /// The address that it is about: of an advertisement its target, of other messages their sender.
    #[must_use]
    pub fn address(self, source: u128) -> Option<u128> {
        if self.kind() != kind::NEIGHBOR_ADVERTISEMENT {
            return Some(source);
        }
        let (target, _) = self.rest.split::<16>().ok()?;
        Some(u128::from_be_bytes(*target))
    }

    /// Where that is, if an option says so.
    #[must_use]
    pub fn link_layer_address(self) -> Option<Mac> {
        let (len, wanted) = match self.kind() {
            kind::NEIGHBOR_ADVERTISEMENT => (NEIGHBOR_LEN, TARGET_LINK_LAYER),
            kind::NEIGHBOR_SOLICITATION => (NEIGHBOR_LEN, SOURCE_LINK_LAYER),
            kind::ROUTER_ADVERTISEMENT => (ROUTER_ADVERTISEMENT_LEN, SOURCE_LINK_LAYER),
            _ => (SHORTEST, SOURCE_LINK_LAYER),
        };
        let mut options = self.rest.skip(len - SHORTEST).ok()?;
        loop {
            let (option, _) = options.split::<UNIT>().ok()?;
            let units = usize::from(option[1]);
            if units == 0 {
                return None;
            }
            if option[0] == wanted && units == 1 {
                let [_, _, octets @ ..] = *option;
                return Some(Mac::from_octets(octets));
            }
            options = options.skip(units * UNIT).ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: u128 = 0xfd00 << 112 | 2;
    const SOURCE: u128 = 0xfe80 << 112 | 1;

    fn message(kind: u8, flags: u8, options: &[u8]) -> Vec<u8> {
        let target = if kind >= 135 { TARGET.to_be_bytes().to_vec() } else { Vec::new() };
        let more = if kind == 134 { vec![0; 8] } else { target };
        [&[kind, 0, 0, 0, flags, 0, 0, 0][..], &more, options].concat()
    }

    fn said(bytes: &[u8]) -> Option<(u128, Mac, bool)> {
        let ndp = Ndp::read(Span::new(bytes, bytes.len())).ok()??;
        Some((ndp.address(SOURCE)?, ndp.link_layer_address()?, ndp.overrides()))
    }

    const OURS: [u8; 8] = [1, 1, 2, 0, 0, 0, 0, 7];
    const THEIRS: [u8; 8] = [2, 1, 2, 0, 0, 0, 0, 7];

    /// Each message has its option where the RFC puts it, and says of its sender or its target what that says.
    #[test]
    fn messages() {
        let mac = Mac::from_octets([2, 0, 0, 0, 0, 7]);
        for kind in [133, 134, 135] {
            assert_eq!(said(&message(kind, 0, &OURS)), Some((SOURCE, mac, true)), "{kind}");
            assert_eq!(said(&message(kind, 0, &THEIRS)), None, "{kind}");
        }
        assert_eq!(said(&message(136, 0x60, &THEIRS)), Some((TARGET, mac, true)));
        assert_eq!(said(&message(136, 0x40, &THEIRS)), Some((TARGET, mac, false)), "no Override flag");
        assert_eq!(said(&message(136, 0x60, &OURS)), None);
        assert_eq!(said(&message(137, 0, &THEIRS)), None, "a redirect tells of a third party");
    }

    /// Options in front are stepped over; one of length 0 ends the look, as the RFC has the message discarded.
    #[test]
    fn options() {
        let prefix = [&[3, 4][..], &[0; 30]].concat();
        assert!(said(&message(134, 0, &[&prefix[..], &OURS].concat())).is_some());
        assert_eq!(said(&message(134, 0, &[&[5, 0, 0, 0, 0, 0, 0, 0][..], &OURS].concat())), None);
        let whole = message(136, 0x20, &THEIRS);
        for len in 0..whole.len() {
            assert_eq!(said(&whole[..len]), None, "{len}");
        }
        assert_eq!(said(&[&whole[..1], &[9], &whole[2..]].concat()), None, "another code");
    }
}
