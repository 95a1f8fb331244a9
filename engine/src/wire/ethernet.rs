//! Ethernet II (IEEE 802.3-2022, 3.2.6).
//!
//! ```text
//! 0                   6                   12      14
//! +-------------------+-------------------+-------+---
//! |  destination MAC  |    source MAC     | type  | payload
//! +-------------------+-------------------+-------+---
//! ```

use super::{Missing, Span, be16, mac::Mac};

/// EtherTypes (IEEE 802 numbers, IANA).
pub mod ethertype {
    /// Internet Protocol version 4.
    pub const IPV4: u16 = 0x0800;
    /// Address Resolution Protocol.
    pub const ARP: u16 = 0x0806;
    /// Ethernet inside of another header (RFC 1701, Transparent Ethernet Bridging).
    pub const BRIDGED: u16 = 0x6558;
    /// MPLS, unicast (RFC 5332).
    pub const MPLS: u16 = 0x8847;
    /// Network Service Header (RFC 8300).
    pub const NSH: u16 = 0x894f;
    /// 802.1Q tag.
    pub const VLAN: u16 = 0x8100;
    /// Internet Protocol version 6.
    pub const IPV6: u16 = 0x86dd;
    /// MPLS, to several, or with a label that the receiver assigned (RFC 5332).
    pub const MPLS_MULTICAST: u16 = 0x8848;
    /// PPP over Ethernet, session stage.
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// 802.1ad service tag.
    pub const SERVICE_VLAN: u16 = 0x88a8;
    /// The service tag that was in use before 802.1ad.
    pub const OLD_SERVICE_VLAN: u16 = 0x9100;
    /// Values below this are the length of an 802.3 frame with an LLC header.
    pub const LOWEST: u16 = 0x0600;
}

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 14;

/// An Ethernet header.
#[derive(Debug, Clone, Copy)]
pub struct Ethernet<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Ethernet<'a> {
    /// The header at the front of `span`, and what follows it.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, payload) = span.split()?;
        Ok((Self(header), payload))
    }

    /// Destination MAC address.
    // Eight octets are read at once, and six are not.
    #[inline]
    #[must_use]
    pub fn destination(self) -> Mac {
        let [a, b, c, d, e, f, g, h, ..] = *self.0;
        Mac::from_bits(u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> u16::BITS)
    }

    /// Source MAC address.
    #[inline]
    #[must_use]
    pub fn source(self) -> Mac {
        let [_, _, _, _, a, b, c, d, e, f, g, h, ..] = *self.0;
        Mac::from_bits(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// EtherType, or the length of an 802.3 frame.
    #[inline]
    #[must_use]
    pub fn ethertype(self) -> u16 {
        be16(self.0, 12)
    }
}

/// The name of an EtherType in columns: `ipv4`, `ipv6`, `arp`, `mpls`, `nsh`, `llc`, else its number (`0x88cc`).
#[must_use]
pub fn name(ethertype: u16) -> std::borrow::Cow<'static, str> {
    match ethertype {
        ethertype::IPV4 => "ipv4".into(),
        ethertype::IPV6 => "ipv6".into(),
        ethertype::ARP => "arp".into(),
        ethertype::MPLS => "mpls".into(),
        ethertype::NSH => "nsh".into(),
        length if length < ethertype::LOWEST => "llc".into(),
        other => format!("{other:#06x}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd, 0xaa];
        let (header, payload) = Ethernet::read(Span::new(&bytes, 15)).unwrap();
        assert_eq!(header.destination().to_string(), "01:02:03:04:05:06");
        assert_eq!(header.source().to_string(), "07:08:09:0a:0b:0c");
        assert_eq!(header.ethertype(), ethertype::IPV6);
        assert_eq!(payload.bytes(), [0xaa]);
    }

    #[test]
    fn every_truncation_is_refused() {
        for len in 0..HEADER_LEN {
            assert_eq!(Ethernet::read(Span::new(&[0; 14], len)).unwrap_err(), Missing::Short);
            assert_eq!(Ethernet::read(Span::new(&[0; 14][..len], 60)).unwrap_err(), Missing::Cut);
        }
    }

    /// A length field is no EtherType.
    #[test]
    fn names() {
        assert_eq!(name(0x05dc), "llc");
        assert_eq!(name(0x0800), "ipv4");
        assert_eq!(name(0x88cc), "0x88cc");
        assert_eq!(name(0x0601), "0x0601");
    }
}
