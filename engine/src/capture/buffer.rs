//! The refill buffer between a source and a parser.

/// Bytes asked of the source at a time: what stays in a core's L2 cache.
pub(super) const CHUNK: usize = 256 * 1024;
/// The largest record or block that is ever held whole, headers included.
pub(super) const LARGEST_RECORD: usize = (16 << 20) + 64;
/// Room in front of a chunk for the piece of a record that the chunk before ended with. Reads then always
/// ask for whole chunks at the same place.
const HEADROOM: usize = 64 * 1024;
/// Copies out of the page cache are fastest to where a page begins.
const PAGE: usize = 4096;

/// A window of bytes that is read into at its end and consumed from its start. It grows only when one record
/// does not fit, by doubling as the record's bytes really arrive, and never beyond [`LARGEST_RECORD`].
pub(super) struct Buffer {
    store: Vec<u8>,
    /// Where a chunk is read to.
    base: usize,
    start: usize,
    end: usize,
    /// Whether nothing was consumed since the last fill.
    untouched: bool,
}

impl Buffer {
    pub(super) fn new() -> Self {
        let store = vec![0; HEADROOM + PAGE + CHUNK];
        let slack = store.as_ptr().wrapping_add(HEADROOM).align_offset(PAGE);
        let base = HEADROOM + if slack < PAGE { slack } else { 0 };
        Self { store, base, start: base, end: base, untouched: false }
    }

    /// What was read and not consumed.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.store.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops the first `count` bytes, at most what is there.
    pub(super) fn consume(&mut self, count: usize) {
        if count > 0 {
            self.untouched = false;
        }
        self.start = self.end.min(self.start.saturating_add(count));
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        (self.start, self.end, self.untouched) = (self.base, self.base, false);
    }

    /// Where the source may write next; empty only when a record of the largest size fills everything.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let carried = self.end - self.start;
        let stop = if carried == 0 {
            self.start = self.base;
            self.base + CHUNK
        } else if self.untouched && self.end < self.store.len() {
            // Moving the same bytes again for each small read of a pipe would be quadratic.
            return self.store.get_mut(self.end..).unwrap_or_default();
        } else if carried <= self.base {
            self.carry_to(self.base - carried);
            self.base + CHUNK
        } else {
            self.carry_to(0);
            self.grow_if_full(carried);
            self.store.len()
        };
        self.end = self.start + carried;
        self.store.get_mut(self.end..stop).unwrap_or_default()
    }

    /// Takes in `count` bytes that were written to the start of [`Self::room`].
    pub(super) fn filled(&mut self, count: usize) {
        self.untouched = true;
        self.end = self.store.len().min(self.end.saturating_add(count));
    }

    fn carry_to(&mut self, start: usize) {
        self.store.copy_within(self.start..self.end, start);
        self.start = start;
    }

    fn grow_if_full(&mut self, carried: usize) {
        if carried == self.store.len() {
            self.store.resize((carried * 2).min(LARGEST_RECORD.max(carried)), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, CHUNK, HEADROOM, LARGEST_RECORD};

    /// Writes a running number, modulo 251, into as much room as `limit` allows.
    fn fill(buffer: &mut Buffer, next: &mut usize, limit: usize) -> usize {
        let room = buffer.room();
        let count = room.len().min(limit);
        for byte in &mut room[..count] {
            *byte = (*next % 251) as u8;
            *next += 1;
        }
        buffer.filled(count);
        count
    }

    fn assert_runs_on(buffer: &Buffer, from: usize) {
        for (at, byte) in buffer.bytes().iter().enumerate() {
            assert_eq!(usize::from(*byte), (from + at) % 251);
        }
    }

    #[test]
    fn a_carry_stands_right_before_the_next_chunk() {
        let (mut buffer, mut written) = (Buffer::new(), 0);
        assert_eq!(fill(&mut buffer, &mut written, usize::MAX), CHUNK);
        buffer.consume(CHUNK - 1000);
        assert_eq!(fill(&mut buffer, &mut written, usize::MAX), CHUNK);
        assert_eq!(buffer.bytes().len(), CHUNK + 1000);
        assert_runs_on(&buffer, CHUNK - 1000);
    }

    #[test]
    fn bytes_keep_their_order_whatever_is_read_and_consumed() {
        let (mut buffer, mut written, mut consumed) = (Buffer::new(), 0, 0);
        for step in 0..400_usize {
            fill(&mut buffer, &mut written, 1 + step * 7919 % 90_000);
            let count = buffer.bytes().len() * (step % 5) / 4;
            buffer.consume(count);
            consumed += count;
            assert_eq!(buffer.bytes().len(), written - consumed);
        }
        assert_runs_on(&buffer, consumed);
    }

    #[test]
    fn it_grows_to_the_largest_record_and_no_further() {
        let (mut buffer, mut written) = (Buffer::new(), 0);
        while fill(&mut buffer, &mut written, usize::MAX) > 0 {}
        assert_eq!(buffer.bytes().len(), LARGEST_RECORD);
        assert_eq!(buffer.store.len(), LARGEST_RECORD);
        assert_runs_on(&buffer, 0);
    }

    #[test]
    fn small_reads_without_consumption_move_nothing() {
        let (mut buffer, mut written) = (Buffer::new(), 0);
        fill(&mut buffer, &mut written, 10);
        let start = buffer.start;
        fill(&mut buffer, &mut written, 10);
        assert_eq!(buffer.start, start);
        assert_runs_on(&buffer, 0);
    }

    #[test]
    fn a_carry_longer_than_the_headroom_is_kept_too() {
        let (mut buffer, mut written) = (Buffer::new(), 0);
        fill(&mut buffer, &mut written, usize::MAX);
        buffer.consume(CHUNK - HEADROOM * 3);
        fill(&mut buffer, &mut written, 100);
        assert_eq!(buffer.bytes().len(), HEADROOM * 3 + 100);
        assert_runs_on(&buffer, CHUNK - HEADROOM * 3);
    }
}
