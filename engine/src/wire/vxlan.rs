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
//!
//! The group policy extension (GBP, draft-smith-vxlan-group-policy, section 2) uses some of what is reserved:
//!
//! ```text
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-------------------------------+
//! |G|R|R|R|I|R|R|R|R|D|R|R|A|R|R|R|        Group Policy ID        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-------------------------------+
//! ```

use super::{Missing, Span, be16, be32};

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 8;

/// The I flag: the VNI is valid.
const I_FLAG: u32 = 0x0800_0000;

/// What stands in front of the VNI where nothing else is set.
pub const FRONT: [u8; 4] = I_FLAG.to_be_bytes();

mod flag {
    /// A group policy is there.
    pub(super) const G: u16 = 0x8000;
    /// That of VXLAN-GPE: the next protocol field is in use.
    pub(super) const P: u16 = 0x0400;
    /// The receiver must not learn the sender.
    pub(super) const D: u16 = 0x0040;
    /// The policy was applied already.
    pub(super) const A: u16 = 0x0008;
}

/// What the group policy extension says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupPolicy {
    /// The group that its sender is of.
    pub id: u16,
    /// The D flag: the receiving VTEP must not learn where the sender is.
    pub dont_learn: bool,
    /// The A flag: the policy was applied already, and is not to be again.
    pub applied: bool,
}

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

    /// The group policy, where the G flag says that there is one: without it, the rest is reserved.
    #[must_use]
    pub fn group_policy(self) -> Option<GroupPolicy> {
        let has = |flag: u16| be16(self.0, 0) & flag != 0;
        has(flag::G).then(|| GroupPolicy {
            id: be16(self.0, 2),
            dont_learn: has(flag::D),
            applied: has(flag::A),
        })
    }

    /// The flag that is P in VXLAN-GPE, and reserved in VXLAN.
    #[must_use]
    pub fn p_flag(self) -> bool {
        be16(self.0, 0) & flag::P != 0
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

    /// Each flag by itself; none of them says anything without G.
    #[test]
    fn group_policies() {
        let policy = |first, second| read(&[first, second, 0xff, 0xfe, 0, 0, 1, 0]).group_policy();
        for (second, dont_learn, applied) in [(0, false, false), (0x40, true, false), (0x08, false, true)] {
            assert_eq!(policy(0x88, second), Some(GroupPolicy { id: 0xfffe, dont_learn, applied }));
            assert_eq!(policy(0x08, second), None);
        }
        assert_eq!(policy(0x88, 0xb7), Some(GroupPolicy { id: 0xfffe, dont_learn: false, applied: false }));
    }

    #[test]
    fn p_flag() {
        assert!(read(&[0x0c, 0, 0, 3, 0, 0, 1, 0]).p_flag());
        assert!(!read(&[0xfb, 0xff, 0xff, 0xff, 0, 0, 1, 0xff]).p_flag());
    }

    #[test]
    fn i_flag_clear() {
        assert!(!read(&[0xf7, 0, 0, 0, 0, 0, 1, 0]).i_flag());
    }
}
