//! The first segment of a direction in this part of the capture: what is needed to join it to an earlier part.

use crate::cells::stream::{Peer, Segment};
use crate::wire::tcp::flags;

mod bit {
    /// There is a first segment.
    pub(super) const SEEN: u8 = 1;
    /// It came before any of the other direction.
    pub(super) const CAME_FIRST: u8 = 2;
    /// What the other direction had said until then...
    pub(super) const PEER_HAS_NO_ROOM: u8 = 4;
    pub(super) const PEER_PROBED: u8 = 8;
    pub(super) const PEER_KNOWS_FIRST_BYTE: u8 = 16;
    /// ... which was its own first segment only, and that may have been a probe.
    pub(super) const PEER_IS_LONE: u8 = 32;
    /// A SYN or a SYN-ACK came before it.
    pub(super) const SHAKEN: u8 = 64;
    /// Another connection between the same ports began after it.
    pub(super) const RESTARTED: u8 = 128;
}

/// What came before the first segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// What the other direction had said.
    pub(super) peer: Peer,
    /// That was nothing.
    pub(super) came_first: bool,
    /// That was its own first segment only, and that may have been a probe.
    pub(super) peer_is_lone: bool,
    /// A SYN or a SYN-ACK.
    pub(super) shaken: bool,
}

/// The first segment. Its time stands beside it, so that no byte is lost to alignment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    sequence: u32,
    acknowledgment: u32,
    len: u32,
    /// Its cell. Before there is a first segment, any cell of the connection.
    pub(super) cell: u32,
    window: u16,
    control: u8,
    bits: u8,
}

impl Head {
    pub(super) fn unseen(cell: u32) -> Self {
        Self { sequence: 0, acknowledgment: 0, len: 0, cell, window: 0, control: 0, bits: 0 }
    }

    /// Of `segment`, in `cell`.
    pub(super) fn of(segment: &Segment, cell: u32, before: Before) -> Self {
        let set = |bit, holds| if holds { bit } else { 0 };
        let bits = bit::SEEN
            | set(bit::CAME_FIRST, before.came_first)
            | set(bit::PEER_HAS_NO_ROOM, before.peer.has_no_room)
            | set(bit::PEER_PROBED, before.peer.probed)
            | set(bit::PEER_KNOWS_FIRST_BYTE, before.peer.knows_first_byte(segment))
            | set(bit::PEER_IS_LONE, before.peer_is_lone)
            | set(bit::SHAKEN, before.shaken);
        let Segment { sequence, acknowledgment, len, window, control, .. } = *segment;
        Self { sequence, acknowledgment, len, cell, window, control, bits }
    }

    fn has(&self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    pub(super) fn is_seen(&self) -> bool {
        self.has(bit::SEEN)
    }

    pub(super) fn came_first(&self) -> bool {
        self.has(bit::CAME_FIRST)
    }

    pub(super) fn has_restarted(&self) -> bool {
        self.has(bit::RESTARTED)
    }

    pub(super) fn restart(&mut self) {
        self.bits |= bit::RESTARTED;
    }

    /// The segment, which came at `time`.
    pub(super) fn segment(&self, time: i64) -> Segment {
        let Self { sequence, acknowledgment, len, window, control, .. } = *self;
        Segment { sequence, acknowledgment, len, window, control, time }
    }

    /// What came before it in this part.
    pub(super) fn before(&self) -> Before {
        let knows = self.has(bit::PEER_KNOWS_FIRST_BYTE);
        let peer = Peer {
            has_no_room: self.has(bit::PEER_HAS_NO_ROOM),
            probed: self.has(bit::PEER_PROBED),
            acknowledged: knows.then(|| self.sequence.wrapping_add(1)),
        };
        Before {
            peer,
            came_first: self.has(bit::CAME_FIRST),
            peer_is_lone: self.has(bit::PEER_IS_LONE),
            shaken: self.has(bit::SHAKEN),
        }
    }

    /// Whether it ends a handshake that an earlier part began and this one did not.
    pub(super) fn ends_handshake(&self) -> bool {
        self.is_seen() && self.control & flags::ACK != 0 && !self.has(bit::SHAKEN)
    }
}
