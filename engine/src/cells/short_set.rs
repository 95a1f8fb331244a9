//! A set of 16-bit numbers: UDP ports, group policies.

/// A set of numbers: a short list, or a bit for each.
#[derive(Debug, Clone, Default)]
pub struct ShortSet {
    few: Vec<u16>,
    many: Option<Box<[u64; 1024]>>,
}

const FEW: usize = 64;

impl ShortSet {
    /// Adds `number`.
    pub fn insert(&mut self, number: u16) {
        if let Some(bits) = &mut self.many {
            bits[usize::from(number >> 6)] |= 1 << (number & 63);
        } else if !self.few.contains(&number) {
            self.few.push(number);
            if self.few.len() > FEW {
                self.spread();
            }
        }
    }

    fn spread(&mut self) {
        self.many = Some(Box::new([0; 1024]));
        for number in std::mem::take(&mut self.few) {
            self.insert(number);
        }
    }

    /// All of them, in any order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let words = self.many.iter().flat_map(|bits| (0_u16..).zip(bits.iter()));
        let spread = words.flat_map(|(at, word)| {
            (0..u64::BITS as u16).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at << 6 | bit)
        });
        self.few.iter().copied().chain(spread)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let many = self.many.as_ref().map(|bits| bits.iter().map(|word| word.count_ones() as usize).sum());
        many.unwrap_or(self.few.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few or many, a set has each number once.
    #[test]
    fn sets_have_each_number_once() {
        for count in [0, 1, FEW, FEW + 1, 65_536] {
            let mut set = ShortSet::default();
            (0..count).chain(0..count).for_each(|number| set.insert(number as u16));
            assert_eq!((set.len(), set.is_empty()), (count, count == 0));
            let mut all: Vec<u16> = set.iter().collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq((0..count).map(|number| number as u16)));
        }
    }
}
