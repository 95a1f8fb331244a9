//! Interfaces of a section, and the times that their resolution and offset give
//! (draft-ietf-opsawg-pcapng section 4.2).

use super::super::LinkType;
use super::super::number::{u16_at, u32_at};
use super::options::Options;
use crate::capture::NO_TIME;

const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const NANOSECONDS_A_SECOND: i128 = 1_000_000_000;
/// Fixed fields of an Interface Description Block before its options: the block's type and length, link type,
/// reserved, snap length.
pub(super) const DESCRIPTION_LEN: usize = 16;
/// What `if_tsresol` is where an interface does not say: microseconds.
const MICROSECONDS: u8 = 6;

/// What an Interface Description Block says; 16 bytes, as a capture may hold very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interface {
    /// Seconds to add to each time.
    offset: i64,
    /// Longest captured length, 0 for no limit.
    pub(super) snap_length: u32,
    pub(super) link: u16,
    /// `if_tsresol`: the negative power of ten of the time unit, or with the high bit set of two.
    pub(super) resolution: u8,
}

impl Interface {
    /// The interface that a packet is given when its own was never described: the format's defaults.
    pub(super) const UNDESCRIBED: Self =
        Self { offset: 0, snap_length: 0, link: 0, resolution: MICROSECONDS };

    /// Reads a whole block but for its trailing length. `None` when it is too short.
    pub(super) fn read<const BIG: bool>(block: &[u8]) -> Option<Self> {
        let (head, options) = block.split_first_chunk::<DESCRIPTION_LEN>()?;
        let mut interface = Self {
            offset: 0,
            snap_length: u32_at::<BIG, DESCRIPTION_LEN>(head, 12),
            link: u16_at::<BIG, DESCRIPTION_LEN>(head, 8),
            resolution: MICROSECONDS,
        };
        for (code, value) in Options::<BIG>::new(options) {
            match (code, value) {
                (IF_TSRESOL, &[resolution]) => interface.resolution = resolution,
                (IF_TSOFFSET, value) => {
                    interface.offset = number::<BIG>(value).unwrap_or(interface.offset);
                }
                _ => {}
            }
        }
        Some(interface)
    }

    pub(super) fn link_type(&self) -> LinkType {
        LinkType::of_file(u32::from(self.link))
    }

    /// The time `ticks` units of the resolution after 1970, rounded down to nanoseconds. A time that is out
    /// of range becomes the nearest that is not.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> i64 {
        let nanoseconds = match self.resolution {
            MICROSECONDS => i128::from(ticks) * 1000,
            9 => i128::from(ticks),
            other => scaled(ticks, other),
        };
        let time = nanoseconds + i128::from(self.offset) * NANOSECONDS_A_SECOND;
        time.clamp(i128::from(NO_TIME) + 1, i128::from(i64::MAX)) as i64
    }
}

/// The number that a value of eight bytes holds.
fn number<const BIG: bool>(value: &[u8]) -> Option<i64> {
    let bytes = value.try_into().ok()?;
    Some(if BIG { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) })
}

/// `ticks` in nanoseconds. A u64 times 10^9 needs 94 bits, so nothing here overflows.
fn scaled(ticks: u64, resolution: u8) -> i128 {
    let exponent = u32::from(resolution & 0x7f);
    let ticks = i128::from(ticks);
    if resolution & 0x80 != 0 {
        return (ticks * NANOSECONDS_A_SECOND) >> exponent;
    }
    match 10_i128.checked_pow(exponent.abs_diff(9)) {
        Some(factor) if exponent <= 9 => ticks * factor,
        Some(divisor) => ticks / divisor,
        // Units so small that 2^64 of them are no nanosecond.
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Interface, MICROSECONDS};
    use crate::capture::NO_TIME;

    fn with(resolution: u8, offset: i64) -> Interface {
        Interface { offset, resolution, ..Interface::UNDESCRIBED }
    }

    #[test]
    fn an_interface_stays_small() {
        assert_eq!(size_of::<Interface>(), 16);
    }

    #[test]
    fn powers_of_ten_below_and_above_nanoseconds() {
        assert_eq!(with(0, 0).time(3), 3_000_000_000);
        assert_eq!(with(3, 0).time(3), 3_000_000);
        assert_eq!(with(6, 0).time(3), 3_000);
        assert_eq!(with(9, 0).time(3), 3);
        assert_eq!(with(12, 0).time(3_999), 3);
        assert_eq!(with(127, 0).time(u64::MAX), 0);
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!(with(0x81, 0).time(3), 1_500_000_000);
        assert_eq!(with(0x94, 0).time((1 << 20) + 1), 1_000_000_953);
        assert_eq!(with(0xbf, 0).time(u64::MAX), 1_999_999_999);
        assert_eq!(with(0xff, 0).time(u64::MAX), 0);
    }

    #[test]
    fn an_offset_may_be_negative() {
        assert_eq!(with(6, -5).time(5_000_001), 1000);
    }

    #[test]
    fn times_out_of_range_saturate_and_never_read_as_no_time() {
        assert_eq!(with(0, 0).time(u64::MAX), i64::MAX);
        assert_eq!(with(6, i64::MAX).time(u64::MAX), i64::MAX);
        assert_eq!(with(6, i64::MIN).time(0), NO_TIME + 1);
    }

    /// A little-endian block without its trailing length.
    fn description(options: &[u8]) -> Vec<u8> {
        let mut block = vec![1, 0, 0, 0, 0, 0, 0, 0, 113, 0, 0, 0, 96, 0, 0, 0];
        block.extend_from_slice(options);
        block
    }

    #[test]
    fn link_snap_length_resolution_and_offset_are_read() {
        let options = [9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0, 254, 255, 255, 255, 255, 255, 255, 255];
        let interface = Interface::read::<false>(&description(&options)).unwrap();
        assert_eq!(interface.link, 113);
        assert_eq!(interface.snap_length, 96);
        assert_eq!(interface.resolution, 9);
        assert_eq!(interface.offset, -2);
    }

    #[test]
    fn options_of_a_wrong_length_are_as_if_absent() {
        let options = [9, 0, 2, 0, 9, 9, 0, 0, 14, 0, 4, 0, 1, 2, 3, 4];
        let interface = Interface::read::<false>(&description(&options)).unwrap();
        assert_eq!(interface.resolution, MICROSECONDS);
        assert_eq!(interface.offset, 0);
    }

    #[test]
    fn a_block_without_its_fixed_fields_is_none() {
        assert_eq!(Interface::read::<false>(&description(&[])[..15]), None);
    }
}
