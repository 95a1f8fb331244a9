//! Linux "cooked" captures, the link layer of `tcpdump -i any`: `LINKTYPE_LINUX_SLL` and `LINKTYPE_LINUX_SLL2`
//! (tcpdump.org/linktypes).

use super::{Missing, Span, be16, mac::Mac};

/// What both versions tell.
#[derive(Debug, Clone, Copy)]
pub struct Sll {
    /// The sender's MAC address, where the device had one.
    pub source: Option<Mac>,
    /// EtherType, or a Linux number of a non-Ethernet protocol.
    pub protocol: u16,
}

impl Sll {
    /// Version 1: packet type, ARPHRD type, address length, address (8 bytes), protocol.
    #[inline]
    pub fn read(span: Span<'_>) -> Result<(Self, Span<'_>), Missing> {
        let (header, payload) = span.split::<16>()?;
        let address_len = be16(header, 4);
        Ok((Self { source: address(address_len, &header[6..]), protocol: be16(header, 14) }, payload))
    }

    /// Version 2: protocol, reserved, interface index, ARPHRD type, packet type, address length, address (8 bytes).
    #[inline]
    pub fn read_v2(span: Span<'_>) -> Result<(Self, Span<'_>), Missing> {
        let (header, payload) = span.split::<20>()?;
        let address_len = u16::from(header[11]);
        Ok((Self { source: address(address_len, &header[12..]), protocol: be16(header, 0) }, payload))
    }
}

/// Six bytes are a MAC address; all zeros is the loopback device's way to say it has none.
fn address(len: u16, bytes: &[u8]) -> Option<Mac> {
    let octets = *bytes.first_chunk::<6>()?;
    (len == 6 && octets != [0; 6]).then(|| Mac::from_octets(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1() {
        let bytes = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0, 0x45];
        let (sll, payload) = Sll::read(Span::new(&bytes, 17)).unwrap();
        assert_eq!((sll.source.unwrap().to_string().as_str(), sll.protocol), ("02:00:00:00:00:09", 0x0800));
        assert_eq!(payload.bytes(), [0x45]);
    }

    #[test]
    fn version_2() {
        let bytes = [0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0];
        let (sll, payload) = Sll::read_v2(Span::new(&bytes, 20)).unwrap();
        assert_eq!((sll.source.unwrap().to_string().as_str(), sll.protocol), ("02:00:00:00:00:09", 0x86dd));
        assert_eq!(payload.wire_len(), 0);
    }

    /// A device without a MAC address (tun, loopback) has none here.
    #[test]
    fn no_address() {
        let bytes = [0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        assert!(Sll::read(Span::new(&bytes, 16)).unwrap().0.source.is_none());
        let tun = [0, 0, 0xff, 0xfe, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0];
        assert!(Sll::read(Span::new(&tun, 16)).unwrap().0.source.is_none());
    }
}
