//! What all packets with one key add up to.

use super::stream::Stream;
use super::tcp::Trace;
use super::{NO_TIME_YET, NONE};
use crate::capture::NO_TIME;
use crate::packet::{Key, Note, Origin, Packet};
use crate::wire::tcp::flags;

/// What all packets with one key add up to. Two cache lines: the key, and what each packet changes.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Cell {
    /// What the packets have in common.
    pub key: Key,
    /// Packets.
    pub packets: u64,
    /// Wire lengths, those of all fragments of their datagrams included.
    pub wire_bytes: u64,
    /// Inner Ethernet frames.
    pub inner_bytes: u64,
    /// What the inner transport protocol carried.
    pub payload_bytes: u64,
    /// The latest time; [`NO_TIME_YET`] before any.
    pub(super) last: i64,
    /// Where the first packet came from.
    pub(super) origin: Origin,
    /// Largest outer IP packet that segmentation offload did not make; 0 if there is none.
    pub largest_on_cable: u32,
    // Where this direction of a TCP connection stands ([`Stream`]), if its latest segment is of this cell.
    pub(super) next: u32,
    pub(super) acknowledged: u32,
    pub(super) window: u16,
    /// TCP control bits of all packets together.
    pub tcp_control: u8,
    // What this direction of a TCP connection did ([`Trace`]), and marks.
    pub(super) bits: u8,
}

/// What is needed of a cell only when it is new, or in the end.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// The earliest time; [`NO_TIME`] where there is none.
    pub(super) first: i64,
    /// First cell of the station (VNI, inner source MAC) that sent the packets, and the next cell of the same one.
    pub(super) station: u32,
    pub(super) next_of_station: u32,
    /// Its side of a TCP connection, once a segment was followed.
    pub(super) side: u32,
    /// Its row of what few cells have.
    pub(super) rare: u32,
}

impl Link {
    pub(super) const NEW: Self =
        Self { first: NO_TIME, station: NONE, next_of_station: NONE, side: NONE, rare: NONE };

    /// Takes in a time that is before `last`: the first one, none at all, or that of a clock that stepped back.
    #[cold]
    pub(super) fn step_back(&mut self, last: &mut i64, time: i64) {
        if time == NO_TIME {
            return;
        }
        if self.first == NO_TIME {
            (self.first, *last) = (time, time);
        } else {
            self.first = self.first.min(time);
        }
    }
}

pub(super) mod mark {
    /// More than one outer source port or MAC: they are in the spill.
    pub(in crate::cells) const SPILLED: u8 = 0x20;
    /// The station has been seen behind several VTEPs: each packet may be a move.
    pub(in crate::cells) const CONTESTED: u8 = 0x40;
    /// The next TCP segment is to be looked at, even if it is plainly the next.
    pub(in crate::cells) const CARE: u8 = 0x80;
}
const _: () = assert!(Trace::BITS & (mark::SPILLED | mark::CONTESTED | mark::CARE) == 0);

impl Cell {
    pub(super) fn new(key: Key, origin: Origin) -> Self {
        Self {
            key,
            packets: 0,
            wire_bytes: 0,
            inner_bytes: 0,
            payload_bytes: 0,
            last: NO_TIME_YET,
            origin,
            largest_on_cable: 0,
            next: 0,
            acknowledged: 0,
            window: 0,
            tcp_control: 0,
            bits: mark::CARE,
        }
    }

    /// How this direction of a TCP connection went.
    #[inline]
    #[must_use]
    pub fn trace(&self) -> Trace {
        Trace::of(self.bits)
    }

    pub(super) fn set_trace(&mut self, trace: Trace) {
        self.bits = self.bits & !Trace::BITS | trace.bits();
    }

    #[inline]
    pub(super) fn has(&self, mark: u8) -> bool {
        self.bits & mark != 0
    }

    pub(super) fn mark(&mut self, mark: u8) {
        self.bits |= mark;
    }

    pub(super) fn set_care(&mut self, holds: bool) {
        self.bits = self.bits & !mark::CARE | if holds { mark::CARE } else { 0 };
    }

    pub(super) fn stream(&self) -> Stream {
        Stream { next: self.next, acknowledged: self.acknowledged, window: self.window }
    }

    pub(super) fn set_stream(&mut self, stream: Stream) {
        Stream { next: self.next, acknowledged: self.acknowledged, window: self.window } = stream;
    }

    /// Whether the packets are segments of TCP whose headers the capture holds.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.tcp_control != 0
    }

    #[inline(always)]
    pub(super) fn add(&mut self, packet: &Packet) {
        self.packets += 1;
        self.wire_bytes += u64::from(packet.wire_len);
        self.inner_bytes += u64::from(packet.inner_len);
        self.payload_bytes += u64::from(packet.payload_len);
    }

    /// Takes in a TCP segment that is what most are: the next one in order, with no care to be taken, new in what it
    /// carries or acknowledges. Whether it is.
    #[inline(always)]
    pub(super) fn take_next(&mut self, packet: &Packet) -> bool {
        const OPENS_OR_ENDS: u8 = flags::SYN | flags::FIN | flags::RST;
        if packet.tcp_sequence != self.next
            || packet.tcp_control & (OPENS_OR_ENDS | flags::ACK) != flags::ACK
            || self.bits & mark::CARE != 0
            || packet.tcp_window == 0
            || packet.notes.has(Note::InnerMalformed)
        {
            return false;
        }
        let len = packet.payload_len;
        // One byte may be a probe, and none a repeated acknowledgment.
        let repeats = packet.tcp_acknowledgment == self.acknowledged && packet.tcp_window == self.window;
        if len <= 1 && (len == 1 || repeats) {
            return false;
        }
        self.next = self.next.wrapping_add(len);
        self.acknowledged = packet.tcp_acknowledgment;
        self.window = packet.tcp_window;
        self.tcp_control |= packet.tcp_control;
        self.bits |= Trace::data(len != 0);
        true
    }

    pub(super) fn merge(&mut self, later: &Cell) {
        self.packets += later.packets;
        self.wire_bytes += later.wire_bytes;
        self.inner_bytes += later.inner_bytes;
        self.payload_bytes += later.payload_bytes;
        self.largest_on_cable = self.largest_on_cable.max(later.largest_on_cable);
        self.tcp_control |= later.tcp_control;
        let mut trace = self.trace();
        trace.merge(later.trace());
        self.set_trace(trace);
    }
}
