//! IPv6 and its extension headers (RFC 8200, sections 3 and 4).

use super::{Missing, Span, be16, be32};

/// Length of the fixed header, in bytes.
pub const HEADER_LEN: usize = 40;

/// Length of the fragment header, in bytes.
pub const FRAGMENT_HEADER_LEN: usize = 8;

/// An IPv6 header.
#[derive(Debug, Clone, Copy)]
pub struct Ipv6<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Ipv6<'a> {
    /// The header at the front of `span`, and what follows it.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, payload) = span.split()?;
        Ok((Self(header), payload))
    }

    /// IP version; anything but 6 is no IPv6.
    #[inline]
    #[must_use]
    pub fn version(self) -> u8 {
        self.0[0] >> 4
    }

    /// Length of all that follows the fixed header, in bytes; 0 for a jumbogram (RFC 2675) or BIG TCP.
    #[inline]
    #[must_use]
    pub fn payload_length(self) -> u16 {
        be16(self.0, 4)
    }

    /// Protocol of what follows.
    #[inline]
    #[must_use]
    pub fn next_header(self) -> u8 {
        self.0[6]
    }

    /// Source address.
    #[inline]
    #[must_use]
    pub fn source(self) -> u128 {
        u128::from_be_bytes(std::array::from_fn(|i| self.0[8 + i]))
    }

    /// Destination address.
    #[inline]
    #[must_use]
    pub fn destination(self) -> u128 {
        u128::from_be_bytes(std::array::from_fn(|i| self.0[24 + i]))
    }
}

/// Protocol number of the fragment header.
const FRAGMENT: u8 = 44;
/// Protocol number of the authentication header, whose length counts 4-byte units (RFC 4302).
const AUTHENTICATION: u8 = 51;

/// An extension header.
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    header: &'a [u8; 8],
    kind: u8,
}

impl<'a> Extension<'a> {
    /// Whether protocol number `kind` is an extension header: hop-by-hop and destination options, routing, fragment,
    /// authentication, mobility, HIP, Shim6 (IANA, "IPv6 Extension Header Types").
    #[inline]
    #[must_use]
    pub fn is(kind: u8) -> bool {
        matches!(kind, 0 | 43 | FRAGMENT | AUTHENTICATION | 60 | 135 | 139 | 140)
    }

    /// The extension header of type `kind` at the front of `span`, and what follows it.
    #[inline]
    pub fn read(kind: u8, span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, _) = span.split()?;
        let extension = Self { header, kind };
        Ok((extension, span.skip(extension.header_len())?))
    }

    /// Its length, in bytes.
    #[inline]
    #[must_use]
    pub fn header_len(self) -> usize {
        match self.kind {
            FRAGMENT => FRAGMENT_HEADER_LEN,
            AUTHENTICATION => (usize::from(self.header[1]) + 2) * 4,
            _ => (usize::from(self.header[1]) + 1) * 8,
        }
    }

    /// Protocol of what follows.
    #[inline]
    #[must_use]
    pub fn next_header(self) -> u8 {
        self.header[0]
    }

    /// Offset in bytes, whether more fragments follow, and the identification, where this is a fragment header.
    #[inline]
    #[must_use]
    pub fn fragment(self) -> Option<(u32, bool, u32)> {
        let offset_and_flag = be16(self.header, 2);
        let offset = u32::from(offset_and_flag & !7);
        (self.kind == FRAGMENT).then(|| (offset, offset_and_flag & 1 != 0, be32(self.header, 4)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&[0x60, 0, 0, 0, 0x05, 0x00, 17, 64]);
        bytes[23] = 1;
        bytes[24] = 0xff;
        let (ip, rest) = Ipv6::read(Span::new(&bytes, 1320)).unwrap();
        assert_eq!((ip.version(), ip.payload_length(), ip.next_header()), (6, 1280, 17));
        assert_eq!((ip.source(), ip.destination() >> 120), (1, 0xff));
        assert_eq!(rest.wire_len(), 1280);
    }

    /// The three ways in which extension headers tell their length.
    #[test]
    fn extension_lengths() {
        let read =
            |kind, bytes: &[u8]| Extension::read(kind, Span::new(bytes, bytes.len())).unwrap().0.header_len();
        assert_eq!(read(60, &[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 16);
        assert_eq!(read(44, &[17, 200, 0, 0, 0, 0, 0, 0]), 8);
        assert_eq!(read(51, &[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 12);
    }

    #[test]
    fn fragment_header() {
        let bytes = [17, 0, 0x05, 0xa9, 0, 1, 0, 2];
        let (fragment, _) = Extension::read(44, Span::new(&bytes, 8)).unwrap();
        assert_eq!(fragment.fragment(), Some((1448, true, 0x0001_0002)));
        let (options, _) = Extension::read(60, Span::new(&bytes, 8)).unwrap();
        assert_eq!(options.fragment(), None);
    }

    /// An extension header that says it is longer than the packet ends the walk.
    #[test]
    fn overlong_extension() {
        assert_eq!(Extension::read(0, Span::new(&[6, 9, 0, 0, 0, 0, 0, 0], 8)).unwrap_err(), Missing::Short);
    }
}
