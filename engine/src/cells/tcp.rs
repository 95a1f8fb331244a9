//! What one direction of a TCP connection did, in one byte: enough for Zeek's connection states.

use crate::wire::tcp::flags;

/// How a direction of a connection ended: by what it sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Not in this capture.
    Open,
    /// With FIN.
    Closed,
    /// With RST.
    Reset,
}

/// What one direction of a TCP connection did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trace(u8);

const SYN: u8 = 1;
const SYN_ACK: u8 = 2;
const DATA: u8 = 4;
const FIN_FIRST: u8 = 8;
const RST_FIRST: u8 = 16;
const ENDED: u8 = FIN_FIRST | RST_FIRST;

impl Trace {
    /// The bits that it takes of a byte.
    pub(super) const BITS: u8 = SYN | SYN_ACK | DATA | ENDED;

    #[inline]
    pub(super) fn of(bits: u8) -> Self {
        Self(bits & Self::BITS)
    }

    #[inline]
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    /// The bits that a segment adds which neither opens nor ends.
    #[inline]
    pub(super) fn data(has_data: bool) -> u8 {
        if has_data { DATA } else { 0 }
    }

    /// With one more segment, of these control bits, in capture order.
    #[inline]
    pub(super) fn with(self, control: u8, has_data: bool) -> Self {
        let mut bits = self.0 | if has_data { DATA } else { 0 };
        if control & (flags::SYN | flags::RST | flags::FIN) != 0 {
            if control & flags::SYN != 0 {
                bits |= if control & flags::ACK != 0 { SYN_ACK } else { SYN };
            }
            if bits & ENDED == 0 {
                bits |= match control & (flags::RST | flags::FIN) {
                    0 => 0,
                    flags::FIN => FIN_FIRST,
                    _ => RST_FIRST,
                };
            }
        }
        Self(bits)
    }

    /// Adds what the same direction did later.
    #[inline]
    pub fn merge(&mut self, later: Trace) {
        let end = if self.0 & ENDED != 0 { self.0 } else { later.0 } & ENDED;
        self.0 = (self.0 | later.0) & !ENDED | end;
    }

    /// It sent a SYN without ACK: it opened.
    #[must_use]
    pub fn sent_syn(self) -> bool {
        self.0 & SYN != 0
    }

    /// It answered a SYN.
    #[must_use]
    pub fn sent_syn_ack(self) -> bool {
        self.0 & SYN_ACK != 0
    }

    /// It sent data.
    #[must_use]
    pub fn sent_data(self) -> bool {
        self.0 & DATA != 0
    }

    /// How it ended.
    #[must_use]
    pub fn end(self) -> End {
        match self.0 & ENDED {
            0 => End::Open,
            FIN_FIRST => End::Closed,
            _ => End::Reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(segments: &[u8]) -> Trace {
        segments.iter().fold(Trace::default(), |trace, control| trace.with(*control, false))
    }

    /// A reset after a close (a lingering socket's) does not undo the close, nor the other way round.
    #[test]
    fn the_first_end_counts() {
        assert_eq!(trace(&[flags::FIN, flags::RST]).end(), End::Closed);
        assert_eq!(trace(&[flags::RST, flags::FIN]).end(), End::Reset);
        assert_eq!(trace(&[flags::ACK]).end(), End::Open);
    }

    /// Split anywhere and merged, a trace is the same.
    #[test]
    fn merging_is_exact() {
        let all = [flags::SYN, flags::ACK, flags::FIN | flags::ACK, flags::RST, flags::SYN | flags::ACK];
        for at in 0..=all.len() {
            let mut first = trace(&all[..at]);
            first.merge(trace(&all[at..]));
            assert_eq!(first, trace(&all));
        }
    }
}
