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
