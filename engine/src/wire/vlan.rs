//! VLAN tags (IEEE 802.1Q-2022, 9.6): 802.1Q and 802.1ad.
//!
//! The four bytes stand after an EtherType that announces them; here `tag control information` and the
//! EtherType of what follows.

use super::{Missing, Span, be16, ethernet::ethertype};

const LEN: usize = 4;

/// A VLAN tag without the EtherType that announced it.
#[derive(Debug, Clone, Copy)]
pub struct Vlan<'a>(&'a [u8; LEN]);

impl<'a> Vlan<'a> {
    /// Whether `ethertype` announces a tag.
    #[inline]
    #[must_use]
    pub fn announced_by(ethertype: u16) -> bool {
        matches!(ethertype, ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::OLD_SERVICE_VLAN)
    }

    /// The tag at the front of `span`, and what follows it.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (tag, payload) = span.split()?;
        Ok((Self(tag), payload))
    }

    /// VLAN identifier, 12 bits.
    #[inline]
    #[must_use]
    pub fn vid(self) -> u16 {
        be16(self.0, 0) & 0x0fff
    }

    /// EtherType of what follows.
    #[inline]
    #[must_use]
    pub fn ethertype(self) -> u16 {
        be16(self.0, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Priority and drop bits are no part of the identifier.
    #[test]
    fn fields() {
        let (tag, rest) = Vlan::read(Span::new(&[0xf0, 0x64, 0x08, 0x00], 4)).unwrap();
        assert_eq!((tag.vid(), tag.ethertype(), rest.wire_len()), (0x064, ethertype::IPV4, 0));
        assert!(Vlan::read(Span::new(&[0; 3], 3)).is_err());
    }
}
