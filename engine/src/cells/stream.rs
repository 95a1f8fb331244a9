//! One direction of a TCP connection: where it stands, and what its next segment is beside that.
//!
//! All of it is arithmetic on sequence numbers, which wrap: docs/tcp-health.md has the same in words.

use crate::packet::Packet;
use crate::wire::tcp::flags;

/// The largest window there is (RFC 7323, section 2.3), in bytes. A sequence number farther away than this is not of the
/// same connection.
pub(super) const LARGEST_WINDOW: u32 = 1 << 30;

/// What a segment says of the stream that it is part of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    /// Bytes of data.
    pub(super) len: u32,
    pub(super) window: u16,
    pub(super) control: u8,
    pub(super) time: i64,
}

impl Segment {
    pub(super) fn of(packet: &Packet) -> Self {
        Self {
            sequence: packet.tcp_sequence,
            acknowledgment: packet.tcp_acknowledgment,
            len: packet.payload_len,
            window: packet.tcp_window,
            control: packet.tcp_control,
            time: packet.time,
        }
    }

    pub(super) fn has(&self, bit: u8) -> bool {
        self.control & bit != 0
    }

    /// Opens a connection.
    pub(super) fn is_syn(&self) -> bool {
        self.control & (flags::SYN | flags::ACK) == flags::SYN
    }

    /// Neither opens, closes nor resets.
    pub(super) fn is_plain(&self) -> bool {
        self.control & (flags::SYN | flags::FIN | flags::RST) == 0
    }

    /// Whether it is as small as those that ask whether the peer is there, or has room again.
    pub(super) fn may_probe(&self) -> bool {
        self.is_plain() && self.len <= 1
    }

    /// Whether it is one byte for a peer without room.
    pub(super) fn probes_window(&self, peer: Peer) -> bool {
        self.len == 1 && self.is_plain() && peer.has_no_room
    }

    /// Whether, as the first of its direction, it asks whether the peer is there, or has room.
    pub(super) fn starts_as_probe(&self, peer: Peer) -> bool {
        self.probes_window(peer) || self.may_probe() && peer.knows_first_byte(self)
    }

    /// How many sequence numbers it takes: its data's, and one each for SYN and FIN.
    fn space(&self) -> u32 {
        self.len.wrapping_add(u32::from(self.has(flags::SYN))).wrapping_add(u32::from(self.has(flags::FIN)))
    }

    /// The sequence number behind it.
    pub(super) fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.space())
    }
}

/// How far `a` is behind `b` in the stream; negative where it is before.
pub(super) fn distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

/// What the other direction has said, where that bears on a segment. The default is that of one that was silent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peer {
    /// It has no room for data.
    pub(super) has_no_room: bool,
    /// Its latest segment was a keep-alive or a window probe, so that what comes back is the answer.
    pub(super) probed: bool,
    /// Its latest acknowledgment.
    pub(super) acknowledged: Option<u32>,
}

impl Peer {
    /// Whether it has acknowledged the byte that `segment` begins with.
    pub(super) fn knows_first_byte(&self, segment: &Segment) -> bool {
        self.acknowledged.is_some_and(|ack| distance(ack, segment.sequence) > 0)
    }
}

/// What this direction did before, beside its [`Stream`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    /// The sequence number of the SYN, where it was seen.
    pub(super) syn: Option<u32>,
    /// The latest segment asked whether the peer is there or has room, or may have.
    pub(super) probed: bool,
    /// The latest segment was a window probe, and the peer may have taken its byte.
    pub(super) offered: bool,
}

/// What a segment is, beside those before it in its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The first one, or the first of another connection between the same ports.
    Start,
    /// New: it begins where all before ended, or so many bytes behind that.
    Ahead(u32),
    /// It takes sequence numbers, and begins with one that is not new.
    Behind,
    /// It takes no sequence number, and stands at one that is not new.
    Old,
    /// A SYN that was sent before.
    SynAgain,
    /// At the last sequence number, to see whether the peer is there (RFC 9293, section 3.8.4).
    KeepAlive,
    /// One byte for a peer without room, to see whether it has any now (RFC 9293, section 3.8.6.1).
    WindowProbe,
    /// The byte of a probe once more, with what comes behind it.
    Resumed,
    /// It repeats an acknowledgment and carries nothing else (RFC 5681, section 2).
    DuplicateAck,
}

impl Verdict {
    /// Whether it asks whether the peer is there, or has room.
    pub(super) fn is_probe(self) -> bool {
        matches!(self, Self::KeepAlive | Self::WindowProbe)
    }

    /// Whether it was sent again or overtaken, and may say what was true before.
    pub(super) fn is_late(self) -> bool {
        matches!(self, Self::Behind | Self::Old)
    }
}

/// Where a direction stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stream {
    /// The sequence number behind all that was sent.
    pub(super) next: u32,
    /// The latest acknowledgment, but for older ones of segments that came late.
    pub(super) acknowledged: u32,
    /// The latest window, unscaled.
    pub(super) window: u16,
}

impl Stream {
    /// What `segment` is, if it is not the first.
    pub(super) fn judge(&self, segment: &Segment, peer: Peer, past: Past) -> Verdict {
        let ahead = distance(segment.sequence, self.next);
        if segment.has(flags::SYN) {
            let again = match past.syn {
                Some(syn) => segment.sequence == syn,
                None => ahead == -1 || segment.end() == self.next,
            };
            return if again { Verdict::SynAgain } else { Verdict::Start };
        }
        if ahead.unsigned_abs() > LARGEST_WINDOW {
            return Verdict::Start;
        }
        let repeats = self.repeats(segment);
        match ahead {
            0 if segment.probes_window(peer) => Verdict::WindowProbe,
            // Of a connection that was quiet when the capture began, only the peer tells how far it had come.
            0 if (segment.len == 1 && segment.is_plain() || repeats) && peer.knows_first_byte(segment) => {
                Verdict::KeepAlive
            }
            0 if repeats && !peer.probed => Verdict::DuplicateAck,
            1 if past.offered => Verdict::Ahead(0),
            0.. => Verdict::Ahead(ahead.cast_unsigned()),
            -1 if segment.may_probe() => Verdict::KeepAlive,
            -1 if segment.len > 1 && past.probed => Verdict::Resumed,
            _ if segment.space() == 0 => Verdict::Old,
            _ => Verdict::Behind,
        }
    }

    /// Whether `segment`, which is in order, says only what the one before it said.
    pub(super) fn repeats(&self, segment: &Segment) -> bool {
        segment.len == 0
            && segment.is_plain()
            && segment.has(flags::ACK)
            && segment.window != 0
            && (segment.acknowledgment, segment.window) == (self.acknowledged, self.window)
    }

    /// Whether a segment at the place of `first`, which carries nothing and repeats the last one, is a duplicate
    /// acknowledgment.
    pub(super) fn would_repeat(&self, first: &Segment, peer: Peer) -> bool {
        let segment = Segment { len: 0, window: 1, ..*first };
        let stream = Self { acknowledged: first.acknowledgment, window: 1, ..*self };
        stream.judge(&segment, peer, Past::default()) == Verdict::DuplicateAck
    }

    /// Takes in a segment that is a `verdict` for such a peer.
    pub(super) fn take(&mut self, segment: &Segment, verdict: Verdict, peer: Peer) {
        match verdict {
            // The byte is not taken as long as there is no room for it.
            Verdict::WindowProbe => {}
            Verdict::Start => {
                let is_probe = segment.probes_window(peer);
                self.next = if is_probe { segment.sequence } else { segment.end() };
                self.acknowledged = 0;
            }
            _ if distance(segment.end(), self.next) > 0 => self.next = segment.end(),
            _ => {}
        }
        let is_older = verdict.is_late() && distance(segment.acknowledgment, self.acknowledged) < 0;
        if segment.has(flags::ACK) && !is_older {
            self.acknowledged = segment.acknowledgment;
        }
        self.window = segment.window;
    }
}
