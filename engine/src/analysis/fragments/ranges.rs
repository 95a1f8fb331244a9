//! Which bytes of a datagram are there.

/// Ranges of bytes, each from its first up to, not including, its end: in order, apart from each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(u16, u16)>);

impl Ranges {
    /// Adds the bytes from `start` to `end`; `each` is handed the parts that were not there.
    pub(super) fn add(&mut self, start: u16, end: u16, mut each: impl FnMut(u16, u16)) {
        // Those that it meets or touches, which become one.
        let from = self.0.partition_point(|range| range.1 < start);
        let to = self.0.partition_point(|range| range.0 <= end);
        let mut at = start;
        for range in &self.0[from..to] {
            if at < range.0 {
                each(at, range.0);
            }
            at = at.max(range.1);
        }
        if at < end {
            each(at, end);
        }
        let met = &self.0[from..to];
        let first = met.first().map_or(start, |range| range.0.min(start));
        let last = met.last().map_or(end, |range| range.1.max(end));
        self.0.splice(from..to, [(first, last)]);
    }

    /// Whether any byte from `start` to `end` is there.
    pub(super) fn meets(&self, start: u16, end: u16) -> bool {
        let next = self.0.partition_point(|range| range.1 <= start);
        self.0.get(next).is_some_and(|range| range.0 < end)
    }

    /// How many bytes are there from the first byte on without a gap.
    pub(super) fn unbroken(&self) -> u16 {
        self.unbroken_from(0)
    }

    /// Where the first byte from `start` on is missing.
    pub(super) fn unbroken_from(&self, start: u16) -> u16 {
        let next = self.0.partition_point(|range| range.1 <= start);
        self.0.get(next).filter(|range| range.0 <= start).map_or(start, |range| range.1)
    }

    /// Where the last byte ends.
    pub(super) fn end(&self) -> u16 {
        self.0.last().map_or(0, |range| range.1)
    }

    /// What is missing up to `end`; what follows the last byte is missing without an end where there is none.
    pub(super) fn gaps(&self, end: Option<u16>) -> impl Iterator<Item = (u16, Option<u16>)> {
        let starts = std::iter::once(0).chain(self.0.iter().map(|range| range.1));
        let ends = self.0.iter().map(|range| Some(range.0)).chain([end]);
        starts.zip(ends).filter(|(start, end)| end.is_none_or(|end| *start < end))
    }

    /// Memory beside itself, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.0.capacity() * size_of::<(u16, u16)>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The same as a table of bytes, one by one.
        #[test]
        fn as_single_bytes(added in prop::collection::vec((0..60_u16, 1..20_u16), 0..20), end in 0..90_u16) {
            let (mut ranges, mut bytes) = (Ranges::default(), [false; 100]);
            for (start, len) in added {
                let mut new = Vec::new();
                ranges.add(start, start + len, |from, to| new.extend(from..to));
                let expected: Vec<u16> = (start..start + len).filter(|at| !bytes[usize::from(*at)]).collect();
                prop_assert_eq!(new, expected);
                (start..start + len).for_each(|at| bytes[usize::from(at)] = true);
            }
            let unbroken = bytes.iter().take_while(|there| **there).count();
            prop_assert_eq!(usize::from(ranges.unbroken()), unbroken);
            prop_assert_eq!(usize::from(ranges.end()), bytes.iter().rposition(|there| *there).map_or(0, |at| at + 1));
            for start in 0..99_u16 {
                let unbroken = bytes[usize::from(start)..].iter().take_while(|there| **there).count();
                prop_assert_eq!(usize::from(ranges.unbroken_from(start) - start), unbroken);
                let some = bytes[usize::from(start)..].iter().take(7).any(|there| *there);
                prop_assert_eq!(ranges.meets(start, start + 7), some);
            }
            let end = end.max(ranges.end());
            let missing: Vec<u16> = ranges.gaps(Some(end)).flat_map(|(from, to)| from..to.unwrap()).collect();
            let expected: Vec<u16> = (0..end).filter(|at| !bytes[usize::from(*at)]).collect();
            prop_assert_eq!(missing, expected);
            prop_assert_eq!(ranges.gaps(None).last(), Some((ranges.end(), None)));
        }
    }
}
