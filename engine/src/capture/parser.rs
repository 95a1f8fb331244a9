//! The contract of both parsers. A parser is given bytes and does no I/O:
//!
//! - `drain` hands over every record that is whole in `bytes`, in order, and says how many bytes it is done
//!   with. What it is not done with comes again, in front of what was read since.
//! - It consumes nothing only when it needs more bytes, and never needs more than
//!   [`LARGEST_RECORD`](super::buffer::LARGEST_RECORD) at once.
//! - `Damage` comes after all records in front of it were handed over. Nothing can be read after it.
//! - Offsets count from the start of the decompressed capture.

use std::ops::ControlFlow;

use super::Frame;
use super::facts::Facts;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use crate::error::Damage;

/// How one call of `drain` went.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drained {
    /// Bytes of the input that are done with.
    pub(super) consumed: usize,
    /// Whether the callback said `Break`, for the record that the consumed bytes end with.
    pub(super) stopped: bool,
}

/// The parser of one capture.
#[derive(Clone)]
pub(super) enum Parser {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Parser {
    #[inline]
    pub(super) fn drain<F>(&mut self, bytes: &[u8], each: &mut F) -> Result<Drained, Damage>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        match self {
            Self::Pcap(parser) => parser.drain(bytes, each),
            Self::Pcapng(parser) => parser.drain(bytes, each),
        }
    }

    /// Whether the file header or the first section header was read.
    pub(super) fn has_begun(&self) -> bool {
        match self {
            Self::Pcap(parser) => parser.has_begun(),
            Self::Pcapng(parser) => parser.has_begun(),
        }
    }

    /// Bytes consumed so far.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Pcap(parser) => parser.offset(),
            Self::Pcapng(parser) => parser.offset(),
        }
    }

    /// Goes on at `offset`, where a record starts.
    pub(super) fn stand_at(&mut self, offset: u64) {
        match self {
            Self::Pcap(parser) => parser.stand_at(offset),
            Self::Pcapng(parser) => parser.stand_at(offset),
        }
    }

    /// A number that changes with everything that records are read by: as long as it stays, a record means the same.
    pub(super) fn state(&self) -> u64 {
        match self {
            Self::Pcap(_) => 0,
            Self::Pcapng(parser) => parser.state(),
        }
    }

    /// Where, in `bytes` and at most at `until`, a record seems to start. A guess, to be proven by the record before;
    /// `bytes` stand at `offset` of the capture.
    pub(super) fn guess(&self, bytes: &[u8], offset: u64, until: usize) -> Option<usize> {
        match self {
            Self::Pcap(parser) => parser.guess(bytes, until),
            Self::Pcapng(parser) => parser.guess(bytes, offset, until),
        }
    }

    /// Where the block starts of which some bytes are consumed and others still to come.
    pub(super) fn unfinished(&self) -> Option<u64> {
        match self {
            Self::Pcap(_) => None,
            Self::Pcapng(parser) => parser.unfinished(),
        }
    }

    /// Writes what the capture says about itself.
    pub(super) fn describe(&self, facts: &mut Facts) {
        match self {
            Self::Pcap(parser) => parser.describe(facts),
            Self::Pcapng(parser) => parser.describe(facts),
        }
    }
}
