//! IPv4 (RFC 791, section 3.1).

use super::{Missing, Span, be16, be32};

/// Length of the header without options, in bytes.
pub const HEADER_LEN: usize = 20;

/// Where the time to live stands: one byte that every router counts down.
pub const TTL: usize = 8;

/// Where the header checksum stands: two bytes, which change with the time to live.
pub const CHECKSUM: usize = 10;

/// An IPv4 header, without its options.
#[derive(Debug, Clone, Copy)]
pub struct Ipv4<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Ipv4<'a> {
    /// The header at the front of `span`.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<Self, Missing> {
        Ok(Self(span.split()?.0))
    }

    /// IP version; anything but 4 is no IPv4.
    #[inline]
    #[must_use]
    pub fn version(self) -> u8 {
        self.0[0] >> 4
    }

    /// DSCP, then two bits of ECN (RFC 2474, RFC 3168).
    #[inline]
    #[must_use]
    pub fn traffic_class(self) -> u8 {
        self.0[1]
    }

    /// Length of the header with its options, in bytes: 0 to 60; below 20 is invalid.
    #[inline]
    #[must_use]
    pub fn header_len(self) -> usize {
        usize::from(self.0[0] & 0x0f) * 4
    }

    /// Length of header and data, in bytes; 0 where segmentation offload left it out.
    #[inline]
    #[must_use]
    pub fn total_length(self) -> u16 {
        be16(self.0, 2)
    }

    /// Identification, which the fragments of a datagram share.
    #[inline]
    #[must_use]
    pub fn identification(self) -> u16 {
        be16(self.0, 4)
    }

    /// Version 4, no options, no fragment.
    #[inline]
    #[must_use]
    pub fn has_plain_header(self) -> bool {
        self.0[0] == 0x45 && !self.is_fragment()
    }

    /// The flags, in the upper three bits, and the upper five of the fragment offset.
    #[inline]
    #[must_use]
    pub fn flags(self) -> u8 {
        self.0[6]
    }

    /// Whether this is a fragment of a datagram, first or later.
    #[inline]
    #[must_use]
    pub fn is_fragment(self) -> bool {
        be16(self.0, 6) & 0x3fff != 0
    }

    /// Whether fragments with higher offsets follow.
    #[inline]
    #[must_use]
    pub fn more_fragments(self) -> bool {
        be16(self.0, 6) & 0x2000 != 0
    }

    /// Where this fragment's data stands in the datagram, in bytes.
    #[inline]
    #[must_use]
    pub fn fragment_offset(self) -> u32 {
        u32::from(be16(self.0, 6) & 0x1fff) * 8
    }

    /// Time to live: how many more routers may pass it on.
    #[inline]
    #[must_use]
    pub fn time_to_live(self) -> u8 {
        self.0[8]
    }

    /// Protocol of the payload.
    #[inline]
    #[must_use]
    pub fn protocol(self) -> u8 {
        self.0[9]
    }

    /// Source address.
    #[inline]
    #[must_use]
    pub fn source(self) -> u32 {
        be32(self.0, 12)
    }

    /// Destination address.
    #[inline]
    #[must_use]
    pub fn destination(self) -> u32 {
        be32(self.0, 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes =
            [0x46, 0xbb, 0x01, 0x00, 0xab, 0xcd, 0x20, 0x03, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        let ip = Ipv4::read(Span::new(&bytes, 256)).unwrap();
        assert_eq!((ip.version(), ip.header_len(), ip.total_length()), (4, 24, 256));
        assert_eq!((ip.identification(), ip.is_fragment(), ip.fragment_offset()), (0xabcd, true, 24));
        assert_eq!((ip.traffic_class(), ip.time_to_live(), ip.flags()), (0xbb, 64, 0x20));
        assert!(ip.more_fragments());
        assert_eq!((ip.protocol(), ip.source(), ip.destination()), (17, 0xc000_0201, 0xc000_0202));
    }

    /// Don't-fragment is no fragment; more-fragments and an offset each are.
    #[test]
    fn fragments() {
        for (flags, is_fragment) in [(0x4000_u16, false), (0x2000, true), (0x0001, true), (0, false)] {
            let mut bytes = [0x45; 20];
            bytes[6..8].copy_from_slice(&flags.to_be_bytes());
            assert_eq!(Ipv4::read(Span::new(&bytes, 20)).unwrap().is_fragment(), is_fragment);
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        for len in 0..HEADER_LEN {
            assert_eq!(Ipv4::read(Span::new(&[0x45; 20], len)).unwrap_err(), Missing::Short);
        }
    }
}
