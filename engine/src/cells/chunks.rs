//! Things in a row that never move: growth copies nothing, and memory never doubles.

use crate::memory::prefer_huge_pages;

const BITS: usize = 16;
/// So many to a chunk.
pub(super) const CHUNK: usize = 1 << BITS;
/// A row of this many is large enough for huge pages to pay.
const LARGE: usize = 1 << 12;

#[derive(Debug)]
pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn push(&mut self, thing: T) {
        let len = self.len();
        if len.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(thing);
            if len == LARGE || (len > LARGE && len.is_multiple_of(CHUNK)) {
                prefer_huge_pages(chunk);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }
}

impl<T> std::ops::Index<u32> for Chunks<T> {
    type Output = T;

    #[inline]
    fn index(&self, id: u32) -> &T {
        &self.chunks[id as usize >> BITS][id as usize & (CHUNK - 1)]
    }
}

impl<T> std::ops::IndexMut<u32> for Chunks<T> {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.chunks[id as usize >> BITS][id as usize & (CHUNK - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_across_chunks() {
        let mut chunks = Chunks::default();
        let count = CHUNK as u32 + 5;
        (0..count).for_each(|thing| chunks.push(thing));
        chunks[count - 1] += 1;
        assert_eq!(
            (chunks.len(), chunks[0], chunks[CHUNK as u32], chunks[count - 1]),
            (CHUNK + 5, 0, CHUNK as u32, count)
        );
        assert_eq!(chunks.iter().count(), chunks.len());
    }
}
