//! VXLAN-GPE, the generic protocol extension (draft-ietf-nvo3-vxlan-gpe, section 3).
//!
//! ```text
//! 0                   1                   2                   3
//! +-+-+---+-+-+-+-+-------------------------------+---------------+
//! |R|R|Ver|I|P|B|O|          Reserved             | Next Protocol |
//! +-+-+---+-+-+-+-+-------------------------------+---------------+
//! |                VXLAN Network Identifier (VNI) |   Reserved    |
//! +-----------------------------------------------+---------------+
//! ```

use super::{Missing, Span, be16, be32};

/// The UDP port that IANA assigned.
pub const PORT: u16 = 4790;

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 8;

mod flag {
    pub(super) const RESERVED: u8 = 0xc0;
    pub(super) const VERSION: u8 = 0x30;
    pub(super) const INSTANCE: u8 = 0x08;
    pub(super) const NEXT_PROTOCOL: u8 = 0x04;
}

/// What the next protocol field says.
pub mod next {
    /// IPv4.
    pub const IPV4: u8 = 1;
    /// IPv6.
    pub const IPV6: u8 = 2;
    /// Ethernet.
    pub const ETHERNET: u8 = 3;
    /// Network Service Header (RFC 8300).
    pub const NSH: u8 = 4;
    /// MPLS (RFC 3031).
    pub const MPLS: u8 = 5;
}

/// What stands in front of the VNI where nothing is set but what an Ethernet frame needs.
pub const FRONT: [u8; 4] = [flag::INSTANCE | flag::NEXT_PROTOCOL, 0, 0, next::ETHERNET];

/// A VXLAN-GPE header.
#[derive(Debug, Clone, Copy)]
pub struct VxlanGpe<'a>(&'a [u8; HEADER_LEN]);

impl<'a> VxlanGpe<'a> {
    /// The header at the front of `span`, and what it carries.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, rest) = span.split()?;
        Ok((Self(header), rest))
    }

    /// Version; 0 is the one there is.
    #[must_use]
    pub fn version(self) -> u8 {
        (self.0[0] & flag::VERSION) >> 4
    }

    /// The I flag, which must be set for a valid VNI.
    #[must_use]
    pub fn i_flag(self) -> bool {
        self.0[0] & flag::INSTANCE != 0
    }

    /// What it carries, where the P flag says that the field is in use; without it that is Ethernet, as in VXLAN.
    #[must_use]
    pub fn next_protocol(self) -> u8 {
        if self.0[0] & flag::NEXT_PROTOCOL == 0 { next::ETHERNET } else { self.0[3] }
    }

    /// VXLAN Network Identifier, 24 bits.
    #[must_use]
    pub fn vni(self) -> u32 {
        be32(self.0, 4) >> 8
    }

    /// Whether a bit is set that is to be ignored on receipt.
    #[must_use]
    pub fn has_reserved_bits(self) -> bool {
        self.0[0] & flag::RESERVED != 0 || be16(self.0, 1) != 0 || self.0[7] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8; 8]) -> VxlanGpe<'_> {
        VxlanGpe::read(Span::new(bytes, 8)).unwrap().0
    }

    #[test]
    fn fields() {
        let gpe = read(&[0x0c, 0, 0, 4, 0x12, 0x34, 0x56, 0]);
        assert_eq!((gpe.version(), gpe.i_flag(), gpe.next_protocol()), (0, true, next::NSH));
        assert_eq!((gpe.vni(), gpe.has_reserved_bits()), (0x12_3456, false));
        assert_eq!(read(&[0x1c, 0, 0, 3, 0, 0, 1, 0]).version(), 1);
        assert!(!read(&[0x04, 0, 0, 3, 0, 0, 1, 0]).i_flag());
    }

    /// Without the P flag the next protocol field says nothing: what is inside is Ethernet.
    #[test]
    fn next_protocol_counts_with_the_p_flag_alone() {
        assert_eq!(read(&[0x08, 0, 0, 1, 0, 0, 1, 0]).next_protocol(), next::ETHERNET);
        assert_eq!(read(&[0x0c, 0, 0, 1, 0, 0, 1, 0]).next_protocol(), next::IPV4);
    }

    /// The B and O flags are in use; the bits around them are not.
    #[test]
    fn reserved_bits() {
        assert!(!read(&[0x0f, 0, 0, 3, 0, 0, 1, 0]).has_reserved_bits());
        for header in [[0x8c, 0, 0, 3, 0, 0, 1, 0], [0x0c, 0, 1, 3, 0, 0, 1, 0], [0x0c, 0, 0, 3, 0, 0, 1, 1]]
        {
            assert!(read(&header).has_reserved_bits());
        }
    }
}
