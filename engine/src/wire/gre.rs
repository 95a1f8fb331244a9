//! Generic Routing Encapsulation (RFC 2784), with key and sequence number (RFC 2890).
//!
//! ```text
//! 0                   1                   2                   3
//! +-+-+-+-+-+---------+-----+-------------------------------------+
//! |C|R|K|S|s|Reserved | Ver |           Protocol type             |
//! +-+-+-+-+-+---------+-----+-------------------------------------+
//! |      Checksum, where C is set     |          Reserved         |
//! +-----------------------------------+---------------------------+
//! |                     Key, where K is set                       |
//! +---------------------------------------------------------------+
//! |               Sequence number, where S is set                 |
//! +---------------------------------------------------------------+
//! ```

use super::{Missing, Span, be16, be32};

/// Length of the header without checksum, key and sequence number, in bytes.
const LEAST: usize = 4;
/// Length of each of those where it is there.
const WORD: usize = 4;

const CHECKSUM: u16 = 0x8000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Routing, strict source route, and the bit behind: a receiver must discard what has one (RFC 2784, section 2.3).
const REFUSED: u16 = 0x4c00;
const VERSION: u16 = 0x0007;
/// Ignored on receipt.
const RESERVED: u16 = 0x03f8;

/// Protocol types (IANA, beside the EtherTypes of what it carries).
pub mod protocol_type {
    /// An Ethernet frame: transparent Ethernet bridging.
    pub const ETHERNET: u16 = 0x6558;
    /// A mirrored frame: ERSPAN type I or II.
    pub const ERSPAN: u16 = 0x88be;
    /// A mirrored frame: ERSPAN type III.
    pub const ERSPAN_III: u16 = 0x22eb;
}

/// A GRE header.
#[derive(Debug, Clone, Copy)]
pub struct Gre<'a> {
    fixed: &'a [u8; LEAST],
    key: Option<u32>,
}

impl<'a> Gre<'a> {
    /// The header at the front of `span`, and what follows it.
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (fixed, mut rest) = span.split()?;
        let gre = Self { fixed, key: None };
        if gre.flags() & CHECKSUM != 0 {
            rest = rest.split::<WORD>()?.1;
        }
        let mut key = None;
        if gre.flags() & KEY != 0 {
            let (word, behind) = rest.split::<WORD>()?;
            (key, rest) = (Some(be32(word, 0)), behind);
        }
        if gre.has_sequence_number() {
            rest = rest.split::<WORD>()?.1;
        }
        Ok((Self { fixed, key }, rest))
    }

    fn flags(self) -> u16 {
        be16(self.fixed, 0)
    }

    /// Version 0, with nothing in it whose length is not known: RFC 1701's routing, PPTP's version 1.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.flags() & (VERSION | REFUSED) == 0
    }

    /// The EtherType of what follows, or one of [`protocol_type`].
    #[must_use]
    pub fn protocol_type(self) -> u16 {
        be16(self.fixed, 2)
    }

    /// Key, which tells flows of one tunnel apart.
    #[must_use]
    pub fn key(self) -> Option<u32> {
        self.key
    }

    /// Whether there is a checksum.
    #[must_use]
    pub fn has_checksum(self) -> bool {
        self.flags() & CHECKSUM != 0
    }

    /// Whether a bit is set that is to be ignored on receipt.
    #[must_use]
    pub fn has_reserved_bits(self) -> bool {
        self.flags() & RESERVED != 0
    }

    /// Whether there is a sequence number.
    #[must_use]
    pub fn has_sequence_number(self) -> bool {
        self.flags() & SEQUENCE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Gre<'_>, Span<'_>) {
        Gre::read(Span::new(bytes, bytes.len())).unwrap()
    }

    /// Each of checksum, key and sequence number is four bytes, in this order.
    #[test]
    fn optional_fields() {
        for flags in 0..8_u8 {
            let (checksum, key, sequence) = (flags & 4 != 0, flags & 2 != 0, flags & 1 != 0);
            let first = [u8::from(checksum) << 7 | u8::from(key) << 5 | u8::from(sequence) << 4, 0];
            let mut bytes = [&first[..], &[0x65, 0x58]].concat();
            for (is_there, word) in [(checksum, [0xcc; 4]), (key, [0, 0, 1, 2]), (sequence, [0xff; 4])] {
                bytes.extend_from_slice(&word[..if is_there { 4 } else { 0 }]);
            }
            bytes.push(7);
            let (gre, rest) = read(&bytes);
            assert!(gre.is_plain());
            assert_eq!(gre.protocol_type(), protocol_type::ETHERNET);
            assert_eq!((gre.key(), gre.has_sequence_number()), (key.then_some(0x102), sequence));
            assert_eq!(rest.bytes(), [7]);
        }
    }

    /// Routing (RFC 1701) has a length of its own, and version 1 (PPTP, RFC 2637) other fields. Reserved bits are ignored.
    #[test]
    fn what_is_not_plain() {
        for (first, is_plain) in [
            ([0x40, 0], false),
            ([0x08, 0], false),
            ([0x04, 0], false),
            ([0x30, 0x81], false),
            ([0, 1], false),
            ([0x03, 0xf8], true),
        ] {
            let bytes = [&first[..], &[8, 0], &[0; 12]].concat();
            assert_eq!(read(&bytes).0.is_plain(), is_plain, "{first:?}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        for len in 0..16 {
            assert_eq!(Gre::read(Span::new(&[0xb0; 16], len)).unwrap_err(), Missing::Short);
            assert_eq!(Gre::read(Span::new(&[0xb0; 16][..len], 60)).unwrap_err(), Missing::Cut);
        }
    }
}
