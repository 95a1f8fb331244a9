//! The option list at the end of a block (draft-ietf-opsawg-pcapng section 3.5).
//!
//! ```text
//! code u16, length u16, value, zero to three bytes of padding; code 0 ends the list
//! ```
//! Options only annotate. A list that does not add up ends where it stops making sense.

use super::super::number::u16_at;

const END_OF_OPTIONS: u16 = 0;

/// The options in a list of bytes, as (code, value).
pub(super) struct Options<'a, const BIG: bool> {
    rest: &'a [u8],
}

impl<'a, const BIG: bool> Options<'a, BIG> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a, const BIG: bool> Iterator for Options<'a, BIG> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let code = u16_at::<BIG, 4>(head, 0);
        let length = usize::from(u16_at::<BIG, 4>(head, 2));
        if code == END_OF_OPTIONS {
            return None;
        }
        let value = rest.get(..length)?;
        self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn list(bytes: &[u8]) -> Vec<(u16, &[u8])> {
        Options::<true>::new(bytes).collect()
    }

    #[test]
    fn values_are_padded_to_four_bytes() {
        let bytes = [0, 2, 0, 1, 7, 0, 0, 0, 0, 3, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0];
        assert_eq!(list(&bytes), [(2, &[7][..]), (3, &[1, 2, 3, 4][..])]);
    }

    #[test]
    fn nothing_after_the_end_of_options_counts() {
        assert_eq!(list(&[0, 0, 0, 0, 0, 2, 0, 0]), []);
    }

    #[test]
    fn a_length_beyond_the_block_ends_the_list() {
        let bytes = [0, 2, 0, 1, 7, 0, 0, 0, 0, 3, 0, 200, 1, 2, 3, 4];
        assert_eq!(list(&bytes), [(2, &[7][..])]);
    }

    #[test]
    fn a_last_value_without_its_padding_still_counts() {
        assert_eq!(list(&[0, 2, 0, 1, 7]), [(2, &[7][..])]);
    }

    #[test]
    fn a_missing_end_of_options_is_no_fault() {
        assert_eq!(list(&[0, 9, 0, 0]), [(9, &[][..])]);
    }

    #[test]
    fn little_endian_lists_are_read_too() {
        let bytes = [9, 0, 1, 0, 6, 0, 0, 0];
        assert_eq!(Options::<false>::new(&bytes).collect::<Vec<_>>(), [(9, &[6][..])]);
    }
}
