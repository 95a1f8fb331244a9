//! What went wrong in the TCP segments of a cell.

/// Counts of TCP segments; docs/tcp-health.md says which ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// They repeat what was sent before, or bring what was lost on the way to the capture point.
    pub retransmitted: u64,
    /// They were overtaken by others.
    pub out_of_order: u64,
    /// They repeat an acknowledgment, and carry nothing else.
    pub duplicate_acks: u64,
    /// Bytes that were passed over and never came.
    pub missing_bytes: u64,
    /// They offer a window of 0.
    pub zero_windows: u64,
    /// They reset the connection.
    pub resets: u64,
    /// A SYN that was sent before; they are among the retransmitted.
    pub syn_retries: u64,
    /// The smallest payload of more than a byte among those that were overtaken or sent again; 0 for none.
    smallest_behind: u32,
}

impl Health {
    /// Of a cell in which nothing went wrong.
    pub const GOOD: Self = Self {
        retransmitted: 0,
        out_of_order: 0,
        duplicate_acks: 0,
        missing_bytes: 0,
        zero_windows: 0,
        resets: 0,
        syn_retries: 0,
        smallest_behind: 0,
    };

    /// Adds those of others.
    pub fn add(&mut self, more: &Health) {
        self.retransmitted += more.retransmitted;
        self.out_of_order += more.out_of_order;
        self.duplicate_acks += more.duplicate_acks;
        self.missing_bytes += more.missing_bytes;
        self.zero_windows += more.zero_windows;
        self.resets += more.resets;
        self.syn_retries += more.syn_retries;
        self.note_behind(more.smallest_behind);
    }

    /// The smallest payload of more than a byte among those that were overtaken or sent again.
    #[must_use]
    pub fn smallest_behind(&self) -> Option<u32> {
        (self.smallest_behind != 0).then_some(self.smallest_behind)
    }

    fn note_behind(&mut self, len: u32) {
        if len > 1 && (self.smallest_behind == 0 || len < self.smallest_behind) {
            self.smallest_behind = len;
        }
    }

    /// One more that was overtaken, or else sent again, with so much data.
    pub(super) fn count_behind(&mut self, overtaken: bool, len: u32) {
        *self.behind(overtaken) += 1;
        self.note_behind(len);
    }

    /// One that was taken for overtaken, or else sent again, is so or so.
    pub(super) fn recount_behind(&mut self, before: bool, after: bool) {
        *self.behind(before) -= 1;
        *self.behind(after) += 1;
    }

    fn behind(&mut self, overtaken: bool) -> &mut u64 {
        if overtaken { &mut self.out_of_order } else { &mut self.retransmitted }
    }
}
