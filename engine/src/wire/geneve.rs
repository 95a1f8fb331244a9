//! Geneve (RFC 8926, section 3.4).
//!
//! ```text
//! 0                   1                   2                   3
//! +---+-----------+-+-+-----------+-------------------------------+
//! |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
//! +---+-----------+-+-+-----------+---------------+---------------+
//! |        Virtual Network Identifier (VNI)       |    Reserved   |
//! +-----------------------------------------------+---------------+
//! ~                    Variable-Length Options                    ~
//! +---------------------------------------------------------------+
//! ```

use super::ethernet::ethertype;
use super::{Missing, Span, be16, be32};

/// The UDP port that IANA assigned (RFC 8926, section 9).
pub const PORT: u16 = 6081;

/// Length of the header without options, in bytes.
pub const HEADER_LEN: usize = 8;

/// The options' length is told in units of so many bytes.
const OPTION_UNIT: usize = 4;

mod bit {
    pub(super) const OPTION_LENGTH: u8 = 0x3f;
    pub(super) const CRITICAL: u8 = 0x40;
    pub(super) const RESERVED: u8 = 0x3f;
}

/// What stands in front of the VNI of an Ethernet frame without options.
pub const FRONT: [u8; 4] = {
    let [high, low] = ethertype::BRIDGED.to_be_bytes();
    [0, 0, high, low]
};

/// A Geneve header.
#[derive(Debug, Clone, Copy)]
pub struct Geneve<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Geneve<'a> {
    /// The header at the front of `span`, and what follows it: the options.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, rest) = span.split()?;
        Ok((Self(header), rest))
    }

    /// Version of the format; 0 is the one there is.
    #[must_use]
    pub fn version(self) -> u8 {
        self.0[0] >> 6
    }

    /// Length of the options, in bytes.
    #[must_use]
    pub fn options_len(self) -> usize {
        usize::from(self.0[0] & bit::OPTION_LENGTH) * OPTION_UNIT
    }

    /// The C flag: an option is one that a receiver must know, or drop the packet.
    #[must_use]
    pub fn critical(self) -> bool {
        self.0[1] & bit::CRITICAL != 0
    }

    /// What is inside, by `EtherType`.
    #[must_use]
    pub fn protocol_type(self) -> u16 {
        be16(self.0, 2)
    }

    /// Virtual Network Identifier, 24 bits.
    #[must_use]
    pub fn vni(self) -> u32 {
        be32(self.0, 4) >> 8
    }

    /// Whether a bit is set that is to be ignored on receipt.
    #[must_use]
    pub fn has_reserved_bits(self) -> bool {
        self.0[1] & bit::RESERVED != 0 || self.0[7] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 0, 8 bytes of options, C flag, Ethernet, VNI 0x00000a.
    const HEADER: [u8; 16] = [0x02, 0x40, 0x65, 0x58, 0, 0, 0x0a, 0, 1, 8, 0x80, 1, 0, 0, 0, 12];

    #[test]
    fn fields() {
        let (geneve, rest) = Geneve::read(Span::new(&HEADER, 16)).unwrap();
        assert_eq!((geneve.version(), geneve.options_len(), geneve.vni()), (0, 8, 10));
        assert_eq!(geneve.protocol_type(), 0x6558);
        assert!(geneve.critical() && !geneve.has_reserved_bits());
        assert_eq!(rest.wire_len(), 8);
    }

    #[test]
    fn version_reserved_bits_and_the_o_flag() {
        let read = |first: u8, second: u8, last: u8| {
            let header = [first, second, 0x65, 0x58, 0, 0, 1, last];
            let (geneve, _) = Geneve::read(Span::new(&header, 8)).unwrap();
            (geneve.version(), geneve.critical(), geneve.has_reserved_bits())
        };
        assert_eq!(read(0x40, 0, 0), (1, false, false));
        assert_eq!(read(0, 0x80, 0), (0, false, false));
        assert_eq!(read(0, 1, 0), (0, false, true));
        assert_eq!(read(0, 0, 1), (0, false, true));
    }
}
