//! VXLAN (RFC 7348, section 5).
//!
//! ```text
//! 0                   1                   2                   3
//! +-+-+-+-+-+-+-+-+-----------------------------------------------+
//! |R|R|R|R|I|R|R|R|            Reserved                           |
//! +-+-+-+-+-+-+-+-+-----------------------------------------------+
//! |                VXLAN Network Identifier (VNI) |   Reserved    |
//! +-----------------------------------------------+---------------+
//! ```

use super::{Missing, Span, be32};

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 8;

/// The I flag: the VNI is valid.
const I_FLAG: u32 = 0x0800_0000;

/// A VXLAN header.
#[derive(Debug, Clone, Copy)]
pub struct Vxlan<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Vxlan<'a> {
    /// The header at the front of `span`, and the inner frame.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, frame) = span.split()?;
        Ok((Self(header), frame))
    }

    /// The I flag, which must be set for a valid VNI.
    #[inline]
    #[must_use]
    pub fn i_flag(self) -> bool {
        be32(self.0, 0) & I_FLAG != 0
    }

    /// VXLAN Network Identifier, 24 bits.
    #[inline]
    #[must_use]
    pub fn vni(self) -> u32 {
        be32(self.0, 4) >> 8
    }

    /// Whether any bit but the I flag and the VNI is set. Such bits are ignored on receipt; extensions (group
    /// policy, GPE) use them.
    #[inline]
    #[must_use]
    pub fn has_reserved_bits(self) -> bool {
        be32(self.0, 0) & !I_FLAG != 0 || self.0[7] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vxlan<'_> {
        Vxlan::read(Span::new(bytes, bytes.len())).unwrap().0
    }

    #[test]
    fn fields() {
        let vxlan = read(&[8, 0, 0, 0, 0x12, 0x34, 0x56, 0]);
        assert!(vxlan.i_flag() && !vxlan.has_reserved_bits());
        assert_eq!(vxlan.vni(), 0x12_3456);
    }

    /// Group-policy VXLAN (flags 0x8848, policy 100) stays VXLAN.
    #[test]
    fn reserved_bits_are_told_not_refused() {
        let group_policy = read(&[0x88, 0x48, 0, 100, 0x2d, 0xc6, 0xc1, 0]);
        assert!(group_policy.i_flag() && group_policy.has_reserved_bits());
        assert_eq!(group_policy.vni(), 3_000_001);
        assert!(read(&[8, 0, 0, 0, 0, 0, 1, 1]).has_reserved_bits());
    }

    #[test]
    fn i_flag_clear() {
        assert!(!read(&[0xf7, 0, 0, 0, 0, 0, 1, 0]).i_flag());
    }
}
