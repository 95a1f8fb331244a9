//! IEEE 802 MAC addresses.

use std::fmt;

/// A 48-bit MAC address, in the low bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(u64);

/// The individual/group bit: the lowest bit of the first octet on the wire (IEEE 802-2014, 8.2).
const GROUP: u64 = 1 << 40;
const MASK: u64 = (1 << 48) - 1;

impl Mac {
    /// All stations of a network.
    pub const BROADCAST: Self = Self(MASK);

    /// From the six octets in the order of the wire.
    #[inline]
    #[must_use]
    pub fn from_octets(o: [u8; 6]) -> Self {
        Self(u64::from_be_bytes([0, 0, o[0], o[1], o[2], o[3], o[4], o[5]]))
    }

    /// From the low 48 bits of `bits`.
    #[inline]
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & MASK)
    }

    /// The address in the low 48 bits.
    #[inline]
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// A broadcast or multicast address.
    #[inline]
    #[must_use]
    pub fn is_group(self) -> bool {
        self.0 & GROUP != 0
    }

    /// An address that a forwarding table learns: one station's, and not all zeros.
    #[inline]
    #[must_use]
    pub fn is_learnable(self) -> bool {
        !self.is_group() && self.0 != 0
    }

    /// Reads `02:00:5e:10:00:01`, with `-` or no separator too, in either case; `None` if it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = match text.len() {
            12 => text.to_owned(),
            17 => {
                let separator = *text.as_bytes().get(2)?;
                let parts: Vec<&str> = text.split(char::from(separator)).collect();
                let well_formed = matches!(separator, b':' | b'-') && parts.len() == 6;
                well_formed.then(|| parts.concat())?
            }
            _ => return None,
        };
        let hexadecimal = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        hexadecimal.then(|| u64::from_str_radix(&digits, 16).ok().map(Self))?
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, a, b, c, d, e, g] = self.0.to_be_bytes();
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let mac = Mac::from_octets([0x02, 0, 0x5e, 0x10, 0, 0xff]);
        assert_eq!(mac.to_string(), "02:00:5e:10:00:ff");
        for text in ["02:00:5e:10:00:ff", "02-00-5E-10-00-FF", "02005e1000ff"] {
            assert_eq!(Mac::parse(text), Some(mac), "{text}");
        }
        for text in [
            "",
            "02:00:5e:10:00",
            "02:00:5e:10:00:fg",
            "0:200:5e:10:00:ff",
            "02.00.5e.10.00.ff",
            "+2005e1000ff",
        ] {
            assert_eq!(Mac::parse(text), None, "{text}");
        }
    }

    /// The group bit is in the first octet, not in the first bit.
    #[test]
    fn group_bit() {
        assert!(Mac::from_octets([0x01, 0, 0x5e, 0, 0, 1]).is_group());
        assert!(Mac::from_octets([0xff; 6]).is_group());
        assert!(!Mac::from_octets([0x80, 0, 0, 0, 0, 0]).is_group());
        assert!(!Mac::from_octets([0; 6]).is_learnable());
    }
}
