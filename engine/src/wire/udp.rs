//! UDP (RFC 768).

use super::{Missing, Span, be16};

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 8;

/// Where the checksum stands: two bytes.
pub const CHECKSUM: usize = 6;

/// A UDP header.
#[derive(Debug, Clone, Copy)]
pub struct Udp<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Udp<'a> {
    /// The header at the front of `span`, and what follows it.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, payload) = span.split()?;
        Ok((Self(header), payload))
    }

    /// Source port.
    #[inline]
    #[must_use]
    pub fn source_port(self) -> u16 {
        be16(self.0, 0)
    }

    /// Destination port.
    #[inline]
    #[must_use]
    pub fn destination_port(self) -> u16 {
        be16(self.0, 2)
    }

    /// Length of header and data, in bytes; 0 where segmentation offload or a jumbogram left it out.
    #[inline]
    #[must_use]
    pub fn length(self) -> u16 {
        be16(self.0, 4)
    }

    /// The checksum, 0 where there is none.
    #[inline]
    #[must_use]
    pub fn checksum(self) -> u16 {
        be16(self.0, 6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let (udp, rest) = Udp::read(Span::new(&[0xc0, 0, 0x12, 0xb5, 0, 9, 0, 0, 7], 9)).unwrap();
        assert_eq!((udp.source_port(), udp.destination_port(), udp.length()), (49152, 4789, 9));
        assert_eq!(rest.bytes(), [7]);
        assert!(Udp::read(Span::new(&[0; 7], 7)).is_err());
    }
}
