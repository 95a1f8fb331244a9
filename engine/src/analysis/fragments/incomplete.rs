//! What is told of datagrams that were never complete.

use crate::decode::Datagram;

/// So many are told one by one, the earliest.
pub const MOST_LISTED: usize = 20;

/// So many gaps of one datagram are told.
pub const MOST_GAPS: usize = 16;

/// Why it was waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The capture ended.
    CaptureEnd,
    /// A later piece came when the time was over.
    Timeout,
    /// Another datagram has the same identification.
    IdentificationReused,
    /// Too many were under way.
    Memory,
}

impl Why {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Why::CaptureEnd => "capture_end",
            Why::Timeout => "timeout",
            Why::IdentificationReused => "identification_reused",
            Why::Memory => "memory",
        }
    }
}

/// An outer datagram of which pieces are missing.
// The order of the fields is the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Incomplete {
    /// When its first piece was seen: nanoseconds since 1970 UTC, or [`crate::capture::NO_TIME`].
    pub first_seen: i64,
    /// Which.
    pub datagram: Datagram,
    /// The VNI, where its front was seen.
    pub vni: Option<u32>,
    /// Frames that hold pieces of it.
    pub frames: u64,
    /// Their wire lengths.
    pub wire_bytes: u64,
    /// From which byte to before which, [`MOST_GAPS`] and one more at the most; without an end where the last piece was
    /// not seen.
    pub missing: Vec<(u16, Option<u16>)>,
    /// Why it was waited for no longer.
    pub why: Why,
}

impl Incomplete {
    /// The missing bytes in words: first and last, `1480-2959`; `2960-` where there is no telling the last; `...` at the
    /// end where there are more.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let gap = |(at, (start, end)): (usize, &(u16, Option<u16>))| match end {
            _ if at == MOST_GAPS => "...".to_owned(),
            Some(end) => format!("{start}-{}", end - 1),
            None => format!("{start}-"),
        };
        self.missing.iter().enumerate().map(gap).collect()
    }
}

/// Those that were given up for good.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// How many.
    pub(super) count: u64,
    /// ... for want of memory.
    pub(super) for_memory: u64,
    /// The earliest of those that were asked for.
    listed: Vec<Incomplete>,
}

impl Lost {
    /// Counts one, and lists it where it is among the earliest.
    pub(super) fn add(&mut self, why: Why, incomplete: Option<Incomplete>) {
        self.count += 1;
        self.for_memory += u64::from(why == Why::Memory);
        self.list(incomplete);
    }

    pub(super) fn merge(&mut self, later: &Lost) {
        self.count += later.count;
        self.for_memory += later.for_memory;
        self.list(later.listed.iter().cloned());
    }

    /// Enters those of `more` that are among the earliest.
    pub(super) fn list(&mut self, more: impl IntoIterator<Item = Incomplete>) {
        for one in more {
            let at = self.listed.partition_point(|listed| *listed <= one);
            if at < MOST_LISTED {
                self.listed.insert(at, one);
                self.listed.truncate(MOST_LISTED);
            }
        }
    }

    /// The earliest of these and of `more`.
    pub(super) fn with(&self, more: impl Iterator<Item = Incomplete>) -> Vec<Incomplete> {
        let mut all = Lost { listed: self.listed.clone(), ..Lost::default() };
        all.list(more);
        all.listed
    }
}
