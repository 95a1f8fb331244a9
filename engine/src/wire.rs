//! The contract of every layer, and the bounded reads they share.
//!
//! One protocol a file, all of one shape: a view over its header, made by `read`, which checks once that
//! the header is there; after that no accessor can fail. Accessors are named as the RFC names the field.
//!
//! A [`Span`] knows two lengths: the bytes that the capture holds and the length that the layer has on the
//! wire. So a layer that a snap length cut ([`Missing::Cut`], no fault of the packet) is never mistaken for a
//! packet that is too short for its own header ([`Missing::Short`]).

pub mod arp;
pub mod checksum;
pub mod dhcp;
pub mod dhcpv6;
pub mod erspan;
pub mod ethernet;
pub mod geneve;
pub mod gre;
pub mod icmp;
pub mod igmp;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod loopback;
pub mod mac;
pub mod mpls;
pub mod ndp;
pub mod nvgre;
pub mod pppoe;
pub mod sctp;
pub mod sll;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod vxlan;
pub mod vxlan_gpe;

/// Why a header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The packet has it; the capture's snap length cut it off.
    Cut,
    /// The packet itself ends before it does.
    Short,
}

/// What is left of a packet: the bytes at hand, and their length on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Span<'a> {
    /// `bytes` of a layer that is `len` bytes long on the wire; what `bytes` holds beyond that is not its.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8], len: usize) -> Self {
        let held = bytes.len().min(len);
        Self { bytes: &bytes[..held], len }
    }

    /// The bytes at hand.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The length on the wire, in bytes.
    #[inline]
    #[must_use]
    pub fn wire_len(self) -> usize {
        self.len
    }

    /// Whether the capture holds less than the wire carried.
    #[inline]
    #[must_use]
    pub fn is_cut(self) -> bool {
        self.bytes.len() < self.len
    }

    /// The first `N` bytes and what follows them.
    #[inline]
    pub fn split<const N: usize>(self) -> Result<(&'a [u8; N], Span<'a>), Missing> {
        match self.bytes.split_first_chunk::<N>() {
            Some((head, rest)) => Ok((head, Span { bytes: rest, len: self.len - N })),
            None => Err(self.missing(N)),
        }
    }

    /// What follows the first `count` bytes, whether the capture holds those or not.
    #[inline]
    pub fn skip(self, count: usize) -> Result<Span<'a>, Missing> {
        match self.bytes.get(count..) {
            Some(rest) => Ok(Span { bytes: rest, len: self.len - count }),
            None => Err(self.missing(count)),
        }
    }

    /// The same bytes as a layer of `len` bytes: shorter drops a trailer, longer says that more is elsewhere.
    #[inline]
    #[must_use]
    pub fn with_wire_len(self, len: usize) -> Span<'a> {
        Span::new(self.bytes, len)
    }

    /// Where the bytes at hand begin in `frame`, which they are a part of.
    #[inline]
    #[must_use]
    pub fn offset_in(self, frame: &[u8]) -> usize {
        self.bytes.as_ptr().addr().wrapping_sub(frame.as_ptr().addr()).min(frame.len())
    }

    #[inline]
    fn missing(self, needed: usize) -> Missing {
        if self.len < needed { Missing::Short } else { Missing::Cut }
    }
}

/// A big-endian 16-bit field of `bytes` at `at`.
#[inline]
#[must_use]
pub(crate) fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// A big-endian 32-bit field of `bytes` at `at`.
#[inline]
#[must_use]
pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header that the snap length cut and a packet that ends early are two different things.
    #[test]
    fn cut_is_not_short() {
        let cut = Span::new(&[1, 2, 3], 10);
        assert_eq!(cut.split::<4>().unwrap_err(), Missing::Cut);
        let short = Span::new(&[1, 2, 3], 3);
        assert_eq!(short.split::<4>().unwrap_err(), Missing::Short);
        assert_eq!(short.skip(4).unwrap_err(), Missing::Short);
    }

    /// An empty rest is at the end of what it was a part of.
    #[test]
    fn a_layer_knows_where_it_begins() {
        let frame = [0; 20];
        let span = Span::new(&frame, 60).skip(14).unwrap();
        assert_eq!(span.offset_in(&frame), 14);
        assert_eq!(span.skip(6).unwrap().offset_in(&frame), 20);
    }

    /// Bytes beyond a layer's own length (Ethernet padding) are not the layer's.
    #[test]
    fn a_trailer_is_dropped() {
        let span = Span::new(&[0; 60], 46);
        assert_eq!(span.bytes().len(), 46);
        assert!(!span.is_cut());
    }

    /// A layer said to be longer than what is here counts as cut, never as short.
    #[test]
    fn a_layer_may_go_on_elsewhere() {
        let first_fragment = Span::new(&[0; 8], 8).with_wire_len(3000);
        assert!(first_fragment.is_cut());
        assert_eq!(first_fragment.split::<14>().unwrap_err(), Missing::Cut);
    }
}
