//! PPP over Ethernet, session stage (RFC 2516, section 4), with the protocol field of the PPP frame (RFC 1661, section 2).
//!
//! ```text
//! 0                   1                   2                   3
//! +-------+-------+---------------+-------------------------------+
//! |  Ver  | Type  |     Code      |          Session ID           |
//! +-------+-------+---------------+-------------------------------+
//! |            Length             |         PPP protocol          |
//! +-------------------------------+-------------------------------+
//! ```

use super::{Missing, Span, be16};

/// The length field begins to count here.
const BEFORE_PAYLOAD: usize = 6;

/// PPP protocols (IANA).
pub mod ppp {
    /// Internet Protocol version 4.
    pub const IPV4: u16 = 0x0021;
    /// Internet Protocol version 6.
    pub const IPV6: u16 = 0x0057;
}

/// A PPPoE header of the session stage.
#[derive(Debug, Clone, Copy)]
pub struct Pppoe<'a>(&'a [u8; Pppoe::HEADER_LEN]);

impl Pppoe<'_> {
    /// Length of the header with the PPP protocol, in bytes.
    pub const HEADER_LEN: usize = 8;
}

impl<'a> Pppoe<'a> {
    /// The header at the front of `span`, and what follows it: as long as the header says, where the frame is that long.
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, _) = span.split()?;
        let length = usize::from(be16(header, 4)) + BEFORE_PAYLOAD;
        if length < Self::HEADER_LEN || length > span.wire_len() {
            return Err(Missing::Short);
        }
        Ok((Self(header), span.with_wire_len(length).skip(Self::HEADER_LEN)?))
    }

    /// Version 1, type 1, code 0: a frame of a session, and not of discovery.
    #[must_use]
    pub fn is_session(self) -> bool {
        be16(self.0, 0) == 0x1100
    }

    /// PPP protocol of what follows.
    #[must_use]
    pub fn protocol(self) -> u16 {
        be16(self.0, 6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [0x11, 0, 0x12, 0x34, 0, 3, 0, 0x21, 0x45, 0xee];
        let (pppoe, rest) = Pppoe::read(Span::new(&bytes, 10)).unwrap();
        assert!(pppoe.is_session());
        assert_eq!(pppoe.protocol(), ppp::IPV4);
        assert_eq!(rest.bytes(), [0x45], "what is beyond the length is padding");
        let discovery = [0x11, 0xa7, 0, 0, 0, 2, 0, 0];
        assert!(!Pppoe::read(Span::new(&discovery, 8)).unwrap().0.is_session());
    }

    /// A length beyond the frame's, or one that has no room for the protocol, contradicts the frame.
    #[test]
    fn a_length_that_cannot_be() {
        for length in [0, 1, 4, 0xff] {
            let bytes = [0x11, 0, 0, 1, 0, length, 0, 0x21, 0x45];
            assert_eq!(Pppoe::read(Span::new(&bytes, 9)).unwrap_err(), Missing::Short, "{length}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = [0x11, 0, 0, 1, 0, 2, 0, 0x21];
        for len in 0..8 {
            assert_eq!(Pppoe::read(Span::new(&bytes, len)).unwrap_err(), Missing::Short);
            assert_eq!(Pppoe::read(Span::new(&bytes[..len], 60)).unwrap_err(), Missing::Cut);
        }
    }
}
