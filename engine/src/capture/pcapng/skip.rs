//! Skipping a block without holding it.

use super::length::torn;
use crate::error::Damage;

/// A block of which some bytes are consumed.
#[derive(Debug, Clone)]
pub(super) struct Skip {
    /// Where the block starts.
    pub(super) start: u64,
    length: u32,
    /// Bytes still to consume before the trailing length.
    left: u64,
    big_endian: bool,
}

impl Skip {
    /// `length` is the whole block's, at least that of an empty one.
    pub(super) fn new(start: u64, length: u32, big_endian: bool) -> Self {
        Self { start, length, left: u64::from(length).saturating_sub(4), big_endian }
    }

    /// How many of the bytes that come next belong to the block, and whether it ends there.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<(usize, bool), Damage> {
        let count = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.left -= count as u64;
        let trailer = bytes.get(count..).and_then(<[u8]>::first_chunk::<4>);
        match trailer {
            Some(trailer) if self.left == 0 => {
                self.check(*trailer)?;
                Ok((count + 4, true))
            }
            _ => Ok((count, false)),
        }
    }

    fn check(&self, trailer: [u8; 4]) -> Result<(), Damage> {
        let trailing =
            if self.big_endian { u32::from_be_bytes(trailer) } else { u32::from_le_bytes(trailer) };
        if trailing == self.length { Ok(()) } else { Err(torn(self.length, trailing, self.start)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Skip;

    #[test]
    fn a_block_of_four_gigabytes_costs_no_memory() {
        let length = u32::MAX - 3;
        let mut skip = Skip::new(0, length, false);
        let bytes = vec![0; 1 << 20];
        let mut left = length as usize - 4;
        while left > 0 {
            let piece = &bytes[..left.min(bytes.len())];
            assert_eq!(skip.advance(piece).unwrap(), (piece.len(), false));
            left -= piece.len();
        }
        assert_eq!(skip.advance(&length.to_le_bytes()).unwrap(), (4, true));
    }

    #[test]
    fn a_trailing_length_is_waited_for_until_it_is_whole() {
        let mut skip = Skip::new(0, 16, true);
        assert_eq!(skip.advance(&[0; 14]).unwrap(), (12, false));
        assert_eq!(skip.advance(&[0, 0, 0]).unwrap(), (0, false));
        assert_eq!(skip.advance(&[0, 0, 0, 16, 9]).unwrap(), (4, true));
    }

    #[test]
    fn a_trailing_length_that_differs_is_fatal_damage_at_the_block() {
        let mut skip = Skip::new(1000, 12, false);
        let damage = skip.advance(&[1, 0, 0, 0, 12, 0, 0, 0, 13, 0, 0, 0]).unwrap_err();
        assert!(damage.fatal);
        assert_eq!(damage.offset, 1000);
    }
}
