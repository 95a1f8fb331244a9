//! ARP for IPv4 over Ethernet (RFC 826).

use super::{Missing, Span, be16, be32, ethernet::ethertype};

/// Hardware type of Ethernet.
const ETHERNET: u16 = 1;

/// Length of a packet that binds IPv4 to Ethernet addresses, in bytes.
pub const LEN: usize = 28;

/// An ARP packet that binds IPv4 to Ethernet addresses.
#[derive(Debug, Clone, Copy)]
pub struct Arp<'a>(&'a [u8; LEN]);

impl<'a> Arp<'a> {
    /// The packet in `span`; `None` for other hardware or protocol kinds.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<Option<Self>, Missing> {
        let (packet, _) = span.split()?;
        let kind = (be16(packet, 0), be16(packet, 2), packet[4], packet[5]);
        Ok((kind == (ETHERNET, ethertype::IPV4, 6, 4)).then_some(Self(packet)))
    }

    /// Sender protocol address.
    #[inline]
    #[must_use]
    pub fn sender_ip(self) -> u32 {
        be32(self.0, 14)
    }

    /// Target protocol address.
    #[inline]
    #[must_use]
    pub fn target_ip(self) -> u32 {
        be32(self.0, 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: [u8; 28] =
        [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2];

    #[test]
    fn fields() {
        let arp = Arp::read(Span::new(&REQUEST, 46)).unwrap().unwrap();
        assert_eq!((arp.sender_ip(), arp.target_ip()), (0x0a00_0001, 0x0a00_0002));
    }

    /// The lengths in the packet are believed only where they are Ethernet's and IPv4's.
    #[test]
    fn other_kinds_are_no_binding() {
        let mut long_address = REQUEST;
        long_address[4] = 0xff;
        assert!(Arp::read(Span::new(&long_address, 28)).unwrap().is_none());
        assert_eq!(Arp::read(Span::new(&REQUEST[..20], 20)).unwrap_err(), Missing::Short);
    }
}
