//! Interface Statistics Blocks: what a capture says that it lost (draft-ietf-opsawg-pcapng section 4.6).
//!
//! ```text
//! type 5, length u32, interface u32, ticks high u32, low u32, options
//! ```
//! The counts are those since the beginning of the capture, so that of several blocks the highest holds.

use hashbrown::HashMap;

use super::super::number::u32_at;
use super::options::Options;

/// Packets that the interface dropped for want of resources, and those that the operating system did.
const IF_DROP: u16 = 5;
const OS_DROP: u16 = 7;
/// Type, length, interface and time.
const HEAD_LEN: usize = 20;
/// Longer ones hold no counts that anybody writes, and need not be held.
pub(super) const LONGEST: u32 = 4096;

/// Packets that were dropped before they came into the capture.
#[derive(Debug, Clone, Default)]
pub(super) struct Drops {
    /// By the interfaces of the sections before.
    before: u64,
    /// By those of this section that tell.
    here: HashMap<u32, u64>,
    is_told: bool,
}

impl Drops {
    /// Takes in a block but for its trailing length, in a section of so many interfaces. What is too short, or about
    /// none of them, says nothing.
    pub(super) fn add<const BIG: bool>(&mut self, block: &[u8], interfaces: usize) {
        let Some((head, options)) = block.split_first_chunk::<HEAD_LEN>() else {
            return;
        };
        let interface = u32_at::<BIG, HEAD_LEN>(head, 8);
        let counts = Options::<BIG>::new(options).filter(|(code, _)| matches!(*code, IF_DROP | OS_DROP));
        let counts = counts.filter_map(|(_, value)| number::<BIG>(value));
        let Some(dropped) = counts.reduce(u64::saturating_add).filter(|_| (interface as usize) < interfaces)
        else {
            return;
        };
        let latest = self.here.entry(interface).or_default();
        *latest = (*latest).max(dropped);
        self.is_told = true;
    }

    /// Another section begins, with interfaces of its own.
    pub(super) fn begin_section(&mut self) {
        self.before = self.sum();
        self.here.clear();
    }

    /// How many there were, where the capture tells.
    pub(super) fn total(&self) -> Option<u64> {
        self.is_told.then(|| self.sum())
    }

    fn sum(&self) -> u64 {
        self.here.values().fold(self.before, |sum, dropped| sum.saturating_add(*dropped))
    }
}

/// The number that a value of eight bytes holds.
fn number<const BIG: bool>(value: &[u8]) -> Option<u64> {
    let bytes = value.try_into().ok()?;
    Some(if BIG { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}

#[cfg(test)]
mod tests {
    use super::Drops;

    /// A big-endian block of `interface` without its trailing length.
    fn block(interface: u32, counts: &[(u16, u64)]) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            [5, 0, interface, 0, 0].iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        for (code, count) in counts {
            bytes.extend(code.to_be_bytes());
            bytes.extend(8_u16.to_be_bytes());
            bytes.extend(count.to_be_bytes());
        }
        bytes
    }

    fn total(blocks: &[Vec<u8>]) -> Option<u64> {
        let mut drops = Drops::default();
        for block in blocks {
            drops.add::<true>(block, 2);
        }
        drops.total()
    }

    #[test]
    fn counts_are_since_the_beginning_and_add_up_over_interfaces() {
        let told = [block(0, &[(5, 3), (7, 4)]), block(1, &[(7, 10)]), block(0, &[(5, 5), (7, 4)])];
        assert_eq!(total(&told), Some(19));
    }

    #[test]
    fn nothing_told_is_not_zero() {
        assert_eq!(total(&[]), None);
        assert_eq!(total(&[block(0, &[(4, 100), (6, 90)])]), None);
        assert_eq!(total(&[block(0, &[(5, 0)])]), Some(0));
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        assert_eq!(total(&[block(2, &[(5, 3)])]), None);
        assert_eq!(total(&[block(0, &[(5, 3)])[..19].to_vec()]), None);
        assert_eq!(total(&[block(0, &[(5, 3)])[..30].to_vec()]), None);
        assert_eq!(total(&[block(0, &[(5, u64::MAX), (7, 1)])]), Some(u64::MAX));
    }

    #[test]
    fn a_section_has_interfaces_of_its_own() {
        let mut drops = Drops::default();
        drops.add::<true>(&block(0, &[(5, 3)]), 1);
        drops.begin_section();
        drops.add::<true>(&block(0, &[(5, 2)]), 1);
        assert_eq!(drops.total(), Some(5));
    }
}
