//! Multiprotocol Label Switching (RFC 3032), and what may follow a label stack.
//!
//! ```text
//! 0                   1                   2                   3
//! +---------------------------------------+-----+-+---------------+
//! |               Label                   | TC  |S|     TTL       |
//! +---------------------------------------+-----+-+---------------+
//! ```
//!
//! Labels do not say what they carry. IP is told by its version; a pseudowire's control word begins with a nibble of 0 for
//! that reason (RFC 4385, section 2).

use super::{Missing, Span, be32};

/// Length of an entry of the label stack, and of a control word, in bytes.
pub const LEN: usize = 4;

/// The S bit: this entry is the last.
const BOTTOM: u32 = 0x100;

/// An entry of a label stack.
#[derive(Debug, Clone, Copy)]
pub struct Mpls<'a>(&'a [u8; LEN]);

impl<'a> Mpls<'a> {
    /// The entry at the front of `span`, and what follows it.
    pub fn read(span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (entry, rest) = span.split()?;
        Ok((Self(entry), rest))
    }

    /// Whether this is the last entry.
    #[must_use]
    pub fn is_bottom(self) -> bool {
        be32(self.0, 0) & BOTTOM != 0
    }
}

/// What stands behind a label stack, as far as its first four bits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// An IPv4 packet, or a frame whose destination MAC address begins alike.
    Ipv4,
    /// An IPv6 packet, or such a frame.
    Ipv6,
    /// A pseudowire's control word, or a frame without one.
    ControlWord,
    /// A frame without a control word, or none at all.
    Unknown,
}

/// What stands at the front of `span`, behind the last label.
pub fn behind(span: Span<'_>) -> Result<Behind, Missing> {
    let (first, _) = span.split::<1>()?;
    Ok(match first[0] >> 4 {
        4 => Behind::Ipv4,
        6 => Behind::Ipv6,
        0 => Behind::ControlWord,
        _ => Behind::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_the_stack() {
        let bytes = [0x00, 0x06, 0x4e, 0xff, 0x00, 0x0c, 0x81, 0x40, 0x45];
        let (first, rest) = Mpls::read(Span::new(&bytes, 9)).unwrap();
        assert!(!first.is_bottom());
        let (second, rest) = Mpls::read(rest).unwrap();
        assert!(second.is_bottom());
        assert_eq!(behind(rest), Ok(Behind::Ipv4));
        assert_eq!(Mpls::read(rest).unwrap_err(), Missing::Short);
    }

    #[test]
    fn the_first_nibble_tells() {
        for (byte, told) in [
            (0x45, Behind::Ipv4),
            (0x60, Behind::Ipv6),
            (0x00, Behind::ControlWord),
            (0x10, Behind::Unknown),
            (0xff, Behind::Unknown),
        ] {
            assert_eq!(behind(Span::new(&[byte], 1)), Ok(told));
        }
        assert_eq!(behind(Span::new(&[], 0)), Err(Missing::Short));
        assert_eq!(behind(Span::new(&[], 9)), Err(Missing::Cut));
    }
}
