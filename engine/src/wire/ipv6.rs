//! IPv6 and its extension headers (RFC 8200, sections 3 and 4).

use super::{Missing, Span, be16, be32};

/// Length of the fixed header, in bytes.
pub const HEADER_LEN: usize = 40;

/// Where the hop limit stands: one byte that every router counts down.
pub const HOP_LIMIT: usize = 7;

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

    /// DSCP, then two bits of ECN (RFC 2474, RFC 3168): astride the first two bytes.
    #[inline]
    #[must_use]
    pub fn traffic_class(self) -> u8 {
        (be16(self.0, 0) >> 4) as u8
    }

    /// How many more routers may pass it on.
    #[inline]
    #[must_use]
    pub fn hop_limit(self) -> u8 {
        self.0[7]
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

/// Protocol number of the hop-by-hop options header.
const HOP_BY_HOP: u8 = 0;
/// Protocol number of the routing header.
const ROUTING: u8 = 43;
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
        matches!(kind, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | 60 | 135 | 139 | 140)
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

    /// Whether it is a routing header with segments left: where the packet goes in the end is told there.
    #[must_use]
    pub fn routes_on(self) -> bool {
        self.kind == ROUTING && self.header[3] != 0
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

/// The jumbo payload option (RFC 2675, section 2).
const JUMBO_PAYLOAD: u8 = 0xc2;
/// The option that is one byte and no more (RFC 8200, section 4.2).
const PAD_1: u8 = 0;

/// The payload length of a jumbogram, for which the header's own field is 0: that of the option among the hop-by-hop
/// options at the front of `payload`, whose type is `next_header`. Linux writes it for BIG TCP.
#[must_use]
pub fn jumbo_payload_length(next_header: u8, payload: Span<'_>) -> Option<u32> {
    let (header, _) = Extension::read(HOP_BY_HOP, payload).ok().filter(|_| next_header == HOP_BY_HOP)?;
    let mut options = payload.bytes().get(2..header.header_len())?;
    loop {
        options = match options {
            [PAD_1, rest @ ..] => rest,
            [JUMBO_PAYLOAD, 4, length @ ..] => {
                let length = u32::from_be_bytes(*length.first_chunk()?);
                // A length that the header's own field could have told is an error there (RFC 2675, section 3).
                return (length > u32::from(u16::MAX)).then_some(length);
            }
            [_, length, rest @ ..] => rest.get(usize::from(*length)..)?,
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&[0x6b, 0xb0, 0, 0, 0x05, 0x00, 17, 64]);
        bytes[23] = 1;
        bytes[24] = 0xff;
        let (ip, rest) = Ipv6::read(Span::new(&bytes, 1320)).unwrap();
        assert_eq!((ip.version(), ip.payload_length(), ip.next_header()), (6, 1280, 17));
        assert_eq!((ip.traffic_class(), ip.hop_limit()), (0xbb, 64));
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

    /// Padding and other options may stand before the jumbo payload option; a length that is no jumbogram's is none.
    #[test]
    fn jumbo_payload_option() {
        let told =
            |next_header, bytes: &[u8]| jumbo_payload_length(next_header, Span::new(bytes, bytes.len()));
        assert_eq!(told(0, &[17, 0, 0xc2, 4, 0, 1, 0x86, 0xa0]), Some(100_000));
        let padded = [17, 1, 0, 5, 2, 0, 0, 0xc2, 4, 0, 1, 0x86, 0xa0, 1, 1, 0];
        assert_eq!(told(0, &padded), Some(100_000));
        assert_eq!(told(0, &[17, 0, 0xc2, 4, 0, 0, 0xff, 0xff]), None);
        assert_eq!(told(0, &[17, 0, 1, 4, 0, 1, 0x86, 0xa0]), None);
        assert_eq!(told(0, &[17, 0, 0, 0, 0, 0, 0xc2, 4]), None);
        assert_eq!(told(60, &[17, 0, 0xc2, 4, 0, 1, 0x86, 0xa0]), None);
    }
}
