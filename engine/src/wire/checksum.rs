//! The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words.

/// A sum that goes on. Words are added as they lie in memory, whatever the machine's byte order: the sum is the same but
/// for the order of its own two bytes (RFC 1071, section 2 (B)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum(u64);

/// What a message adds up to with its own checksum, where that is right: all ones, in either byte order.
const RIGHT: u16 = u16::MAX;

impl Sum {
    /// Adds bytes that begin with a whole word; an odd one at the end is followed by 0.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut sum = self.0;
        // 32 bits at a time, for 64 have room for the carries of 2^32 of them: more than any frame has.
        let (words, rest) = bytes.as_chunks::<4>();
        for word in words {
            sum += u64::from(u32::from_ne_bytes(*word));
        }
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        Self(sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// Adds a number as it would stand in a header.
    #[must_use]
    pub fn number(self, number: u32) -> Self {
        Self(self.0 + u64::from(number.to_be()))
    }

    /// Takes off another sum.
    #[must_use]
    pub fn without(self, part: Sum) -> Self {
        Self(self.0 + u64::from(!part.folded()))
    }

    /// The sum in 16 bits, in the order of memory.
    fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > u64::from(u16::MAX) {
            sum = (sum & u64::from(u16::MAX)) + (sum >> u16::BITS);
        }
        sum as u16
    }

    /// Whether what was added holds its own right checksum.
    #[must_use]
    pub fn is_right(self) -> bool {
        self.folded() == RIGHT
    }

    /// Whether the two bytes of a checksum field hold this very sum, not complemented.
    #[must_use]
    pub fn is_in(self, field: [u8; 2]) -> bool {
        self.folded() == u16::from_ne_bytes(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071, section 3: the words 0001, f203, f4f5, f6f7 sum up to ddf2.
    #[test]
    fn the_example_of_the_rfc() {
        let sum = Sum::default().bytes(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert!(sum.is_in([0xdd, 0xf2]) && !sum.is_right());
        assert!(sum.bytes(&[0x22, 0x0d]).is_right(), "with its complement it is all ones");
        assert!(sum.bytes(&[0x12, 0x34]).without(sum).is_in([0x12, 0x34]));
    }

    /// The slow way of the RFC's text, word by word.
    fn plain(bytes: &[u8]) -> [u8; 2] {
        let mut sum = 0_u32;
        for word in bytes.chunks(2) {
            sum += u32::from(u16::from_be_bytes([word[0], *word.get(1).unwrap_or(&0)]));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (sum as u16).to_be_bytes()
    }

    /// Every length, odd ones too, and carries upon carries.
    #[test]
    fn every_length() {
        let bytes: Vec<u8> = (0..1000_u32).map(|n| (n * n % 253) as u8 | 0x80).collect();
        for len in 0..bytes.len() {
            assert!(Sum::default().bytes(&bytes[..len]).is_in(plain(&bytes[..len])), "{len}");
        }
        let ones = vec![0xff; 262_144];
        assert!(Sum::default().bytes(&ones).is_in([0xff, 0xff]));
    }

    #[test]
    fn numbers_stand_in_network_order() {
        assert!(Sum::default().number(0x0001_f203).is_in([0xf2, 0x04]));
    }
}
