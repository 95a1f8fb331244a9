//! NVGRE (RFC 7637, section 3.2): GRE whose key is a network identifier.
//!
//! ```text
//! 0                   1                   2                   3
//! +-+-+-+-+---------------+-----+-------------------------------+
//! |0| |1|0|   Reserved0   | Ver |     Protocol Type 0x6558      |
//! +-+-+-+-+---------------+-----+-----------------+-------------+
//! |           Virtual Subnet ID (VSID)            |   FlowID    |
//! +-----------------------------------------------+-------------+
//! ```

use super::gre::{Gre, protocol_type};
use super::{Missing, Span};

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 8;
/// What stands in front of the Virtual Subnet ID: the K bit alone, and Ethernet inside.
pub const FRONT: [u8; 4] = [0x20, 0, 0x65, 0x58];

/// An NVGRE header.
#[derive(Debug, Clone, Copy)]
pub struct Nvgre {
    key: u32,
    has_reserved_bits: bool,
}

impl Nvgre {
    /// The header at the front of `span`, and the inner frame; `None` where it is other GRE: with a checksum or a
    /// sequence number, without a key, around something else than Ethernet.
    pub fn read(span: Span<'_>) -> Result<Option<(Self, Span<'_>)>, Missing> {
        let (gre, frame) = Gre::read(span)?;
        let is_bare = gre.is_plain() && !gre.has_checksum() && !gre.has_sequence_number();
        let key = gre.key().filter(|_| is_bare && gre.protocol_type() == protocol_type::ETHERNET);
        let has_reserved_bits = gre.has_reserved_bits();
        Ok(key.map(|key| (Self { key, has_reserved_bits }, frame)))
    }

    /// Virtual Subnet ID, 24 bits.
    #[must_use]
    pub fn vsid(self) -> u32 {
        self.key >> 8
    }

    /// The flow identifier: what the sender tells flows of one subnet apart by.
    #[must_use]
    pub fn flow_id(self) -> u8 {
        self.key as u8
    }

    /// Whether a bit is set that is to be ignored on receipt.
    #[must_use]
    pub fn has_reserved_bits(self) -> bool {
        self.has_reserved_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<(Nvgre, Span<'_>)> {
        Nvgre::read(Span::new(bytes, bytes.len())).unwrap()
    }

    #[test]
    fn fields() {
        let (nvgre, frame) = read(&[0x20, 0, 0x65, 0x58, 0x12, 0x34, 0x56, 0x78, 9]).unwrap();
        assert_eq!((nvgre.vsid(), nvgre.flow_id(), frame.bytes()), (0x12_3456, 0x78, &[9][..]));
        assert!(!nvgre.has_reserved_bits());
        assert!(read(&[0x20, 0x08, 0x65, 0x58, 0, 0, 1, 0]).unwrap().0.has_reserved_bits());
    }

    /// The C and S bits must be zero and K one (RFC 7637, section 3.2); routing and PPTP are not known, and what is not
    /// Ethernet has no subnet.
    #[test]
    fn other_gre() {
        for front in [
            [0, 0, 0x65, 0x58],
            [0xa0, 0, 0x65, 0x58],
            [0x30, 0, 0x65, 0x58],
            [0x60, 0, 0x65, 0x58],
            [0x20, 1, 0x65, 0x58],
            [0x20, 0, 0x08, 0],
            [0x20, 0, 0x88, 0xbe],
        ] {
            assert!(read(&[&front[..], &[0; 12]].concat()).is_none(), "{front:?}");
        }
    }

    #[test]
    fn every_truncation_is_told() {
        let header = [0x20, 0, 0x65, 0x58, 0, 0, 1, 0];
        for len in 0..HEADER_LEN {
            assert_eq!(Nvgre::read(Span::new(&header, len)).unwrap_err(), Missing::Short);
            assert_eq!(Nvgre::read(Span::new(&header[..len], 60)).unwrap_err(), Missing::Cut);
        }
    }
}
