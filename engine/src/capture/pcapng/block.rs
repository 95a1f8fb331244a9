//! The three blocks that carry a packet (draft-ietf-opsawg-pcapng sections 4.3, 4.4 and appendix A).
//!
//! ```text
//! enhanced  6, length, interface u32, ticks high u32, low u32, captured u32, original u32, packet
//! simple    3, length, original u32, packet
//! obsolete  2, length, interface u16, drops u16, ticks high u32, low u32, captured u32, original u32, packet
//! ```
//! Each function reads a block but for its trailing length.

use super::super::number::{u16_at, u32_at};

const ENHANCED_LEN: usize = 28;
const SIMPLE_LEN: usize = 12;

/// The packet in a block, before its interface is looked up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) interface: u32,
    /// Time units of the interface; a Simple Packet Block has none.
    pub(super) ticks: Option<u64>,
    pub(super) data: &'a [u8],
    pub(super) original: u32,
}

/// Why a block's fields cannot be true.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// The block ends before its fixed fields do.
    Short {
        /// Length of the smallest block of this type, trailing length included.
        least: usize,
    },
    /// The packet would end behind its block.
    Captured { claimed: u32, room: usize },
}

#[inline]
pub(super) fn enhanced<const BIG: bool>(block: &[u8]) -> Result<Packet<'_>, Misfit> {
    let (head, rest) = fixed::<ENHANCED_LEN>(block)?;
    Ok(Packet {
        interface: u32_at::<BIG, ENHANCED_LEN>(head, 8),
        ticks: Some(ticks::<BIG>(head)),
        data: captured(rest, u32_at::<BIG, ENHANCED_LEN>(head, 20))?,
        original: u32_at::<BIG, ENHANCED_LEN>(head, 24),
    })
}

pub(super) fn obsolete<const BIG: bool>(block: &[u8]) -> Result<Packet<'_>, Misfit> {
    let packet = enhanced::<BIG>(block)?;
    let (head, _) = fixed::<ENHANCED_LEN>(block)?;
    Ok(Packet { interface: u32::from(u16_at::<BIG, ENHANCED_LEN>(head, 8)), ..packet })
}

/// `snap_length` is that of the section's first interface, 0 for no limit: the block itself does not say how
/// much of it is padding.
pub(super) fn simple<const BIG: bool>(block: &[u8], snap_length: u32) -> Result<Packet<'_>, Misfit> {
    let (head, rest) = fixed::<SIMPLE_LEN>(block)?;
    let original = u32_at::<BIG, SIMPLE_LEN>(head, 8);
    let most = match snap_length {
        0 => original,
        limit => original.min(limit),
    };
    Ok(Packet { interface: 0, ticks: None, data: rest.get(..most as usize).unwrap_or(rest), original })
}

#[inline]
fn fixed<const N: usize>(block: &[u8]) -> Result<(&[u8; N], &[u8]), Misfit> {
    block.split_first_chunk::<N>().ok_or(Misfit::Short { least: N + 4 })
}

#[inline]
fn captured(rest: &[u8], claimed: u32) -> Result<&[u8], Misfit> {
    rest.get(..claimed as usize).ok_or(Misfit::Captured { claimed, room: rest.len() })
}

#[inline]
fn ticks<const BIG: bool>(head: &[u8; ENHANCED_LEN]) -> u64 {
    let (high, low) = (u32_at::<BIG, ENHANCED_LEN>(head, 12), u32_at::<BIG, ENHANCED_LEN>(head, 16));
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::{Misfit, Packet, enhanced, obsolete, simple};

    /// The words big-endian, then `data`.
    fn block(words: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn an_enhanced_packet_leaves_out_its_padding() {
        let bytes = block(&[6, 36, 70_000, 1, 2, 3, 60], &[1, 2, 3, 0]);
        let packet = Packet { interface: 70_000, ticks: Some((1 << 32) + 2), data: &[1, 2, 3], original: 60 };
        assert_eq!(enhanced::<true>(&bytes), Ok(packet));
    }

    #[test]
    fn the_drops_count_of_an_obsolete_packet_is_no_part_of_its_interface() {
        let bytes = block(&[2, 36, 5 << 16 | 0xffff, 0, 9, 4, 4], &[1, 2, 3, 4]);
        assert_eq!(obsolete::<true>(&bytes).unwrap().interface, 5);
    }

    #[test]
    fn a_captured_length_that_reaches_behind_the_block_is_a_misfit() {
        let bytes = block(&[6, 36, 0, 0, 0, 5, 5], &[1, 2, 3, 4]);
        let misfit = Misfit::Captured { claimed: 5, room: 4 };
        assert_eq!(enhanced::<true>(&bytes), Err(misfit));
    }

    #[test]
    fn a_block_without_its_fixed_fields_is_a_misfit() {
        let bytes = block(&[6, 28, 0, 0, 0, 0], &[]);
        assert_eq!(enhanced::<true>(&bytes), Err(Misfit::Short { least: 32 }));
        assert_eq!(obsolete::<true>(&bytes), Err(Misfit::Short { least: 32 }));
        let bytes = block(&[3, 12], &[]);
        assert_eq!(simple::<true>(&bytes, 0), Err(Misfit::Short { least: 16 }));
    }

    #[test]
    fn a_simple_packet_ends_at_the_least_of_block_snap_length_and_original_length() {
        let bytes = block(&[3, 24, 7], &[1, 2, 3, 4, 5, 6, 7, 0]);
        assert_eq!(simple::<true>(&bytes, 0).unwrap().data.len(), 7);
        assert_eq!(simple::<true>(&bytes, 5).unwrap().data.len(), 5);
        assert_eq!(simple::<true>(&bytes, 9000).unwrap().data.len(), 7);
        let bytes = block(&[3, 24, 1500], &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(simple::<true>(&bytes, 0).unwrap().data.len(), 8);
    }
}
