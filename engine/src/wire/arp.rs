//! ARP for IPv4 over Ethernet (RFC 826).

use super::mac::Mac;
use super::{Missing, Span, be16, be32, ethernet::ethertype};

/// Hardware type of Ethernet.
const ETHERNET: u16 = 1;

/// The operation of a request, also of a probe (sender 0) and an announcement (RFC 5227).
pub const REQUEST: u16 = 1;
/// ... and of a reply.
pub const REPLY: u16 = 2;

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

    /// Operation: a [`REQUEST`], a [`REPLY`], or that of another protocol of the same form.
    #[inline]
    #[must_use]
    pub fn operation(self) -> u16 {
        be16(self.0, 6)
    }

    /// Sender hardware address.
    #[inline]
    #[must_use]
    pub fn sender_mac(self) -> Mac {
        let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, ..] = *self.0;
        Mac::from_octets([a, b, c, d, e, f])
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
        assert_eq!(
            (arp.operation(), arp.sender_mac().to_string()),
            (super::REQUEST, "02:00:00:00:00:01".to_owned())
        );
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
