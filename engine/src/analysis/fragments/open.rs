//! One datagram under way: which pieces of it were seen, and its first bytes.

use std::collections::BTreeMap;

use super::incomplete::{Incomplete, MOST_GAPS, Why};
use super::is_apart;
use super::ranges::Ranges;
use crate::analysis::Settings;
use crate::cells::Charge;
use crate::decode::{self, Aside, Datagram, Overlays, Piece, Whole};
use crate::disposition::{Disposition, Ending};
use crate::packet::{Handling, Packet};
use crate::wire::mac::Mac;

/// So many pieces of one datagram are told from each other, which is 64 KiB in the smallest there are.
const MOST_PIECES: usize = 8192;

/// No datagram is longer.
const LONGEST: u32 = u16::MAX as u32;

/// A piece, beside its place and its bytes.
#[derive(Debug, Clone, Copy)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
struct Seen {
    /// How many pieces came before.
    arrival: u16,
    protocol: u8,
    more: bool,
    is_cut: bool,
    is_offload: bool,
    is_routed_on: bool,
    header_len: u32,
    front_len: u32,
    wire_len: u32,
    handling: Handling,
    mac: Option<Mac>,
    hash: u64,
    time: i64,
}

/// The pieces of one datagram, by offset and length.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces(BTreeMap<(u16, u16), Seen>);

impl Pieces {
    /// Whether `piece` is there, with the same bytes; `None` where there is none of its place and length.
    pub(super) fn repeated(&self, piece: &Piece<'_>) -> Option<bool> {
        self.0.get(&(piece.offset, piece.len)).map(|seen| seen.hash == piece.hash)
    }

    /// Whether all of `others` are there, with the same bytes.
    pub(super) fn hold(&self, others: &Pieces) -> bool {
        others.0.iter().all(|(at, seen)| self.0.get(at).is_some_and(|own| own.hash == seen.hash))
    }

    /// Memory beside itself, in bytes: nodes of the tree are half full at least, but for a first one of its own.
    pub(super) fn memory(&self) -> usize {
        const NODE: usize = 11;
        (2 * self.0.len()).max(NODE) * size_of::<((u16, u16), Seen)>()
    }
}

/// How a piece goes with those of its datagram that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is another one.
    New,
    /// It is one of them once more.
    Repeat,
    /// It goes beyond the end of the datagram, or puts the end elsewhere.
    Contradicts,
    /// In its place there is another: the identification is in use again.
    Other,
}

/// A datagram of which pieces are missing.
#[derive(Debug, Clone)]
// Each is a fact of its own.
#[allow(clippy::struct_excessive_bools)]
pub(in crate::analysis) struct Open {
    pub(in crate::analysis) datagram: Datagram,
    /// Its place in the order of all that this table saw.
    pub(super) serial: u64,
    /// Whether another one with the same addresses and identification came before.
    pub(super) follows: bool,
    /// What its frames ended as until now.
    pub(in crate::analysis) counted_as: Ending,
    /// Whether the front has told that.
    is_told: bool,
    pub(in crate::analysis) frames: u64,
    pub(in crate::analysis) charge: Charge,
    pub(super) pieces: Pieces,
    first_seen: i64,
    covered: Ranges,
    end: Option<u16>,
    front: Vec<u8>,
    held: Ranges,
    protocol: u8,
    front_len: Option<u32>,
    handling: Handling,
    mac: Option<Mac>,
    is_cut: bool,
    overlaps: bool,
    is_offload: bool,
    is_routed_on: bool,
}

impl Open {
    /// That of `piece`, which is still to be taken.
    pub(super) fn new(piece: &Piece<'_>, serial: u64, follows: bool) -> Self {
        Self {
            datagram: piece.datagram,
            serial,
            follows,
            counted_as: Ending::Fragment,
            is_told: false,
            frames: 0,
            charge: Charge::default(),
            pieces: Pieces::default(),
            first_seen: piece.time,
            covered: Ranges::default(),
            end: None,
            front: Vec::new(),
            held: Ranges::default(),
            protocol: piece.protocol,
            front_len: None,
            handling: Handling::default(),
            mac: None,
            is_cut: false,
            overlaps: false,
            is_offload: false,
            is_routed_on: false,
        }
    }

    /// The same at another place in the order.
    pub(super) fn renumbered(&self, serial: u64, follows: bool) -> Box<Self> {
        Box::new(Self { serial, follows, ..self.clone() })
    }

    /// Whether a piece of `time` is too late for it, or too early.
    pub(super) fn is_apart(&self, time: i64) -> bool {
        is_apart(self.first_seen, time)
    }

    /// When its first piece was seen.
    pub(super) fn first_seen(&self) -> i64 {
        self.first_seen
    }

    /// How `piece` goes with the others.
    pub(super) fn fit(&self, piece: &Piece<'_>) -> Fit {
        let beyond = self.end.is_some_and(|end| end < piece.end());
        let elsewhere = !piece.more
            && (self.covered.end() > piece.end() || self.end.is_some_and(|end| end != piece.end()));
        if beyond || elsewhere {
            return Fit::Contradicts;
        }
        match self.pieces.repeated(piece) {
            None => Fit::New,
            Some(true) => Fit::Repeat,
            Some(false) => Fit::Other,
        }
    }

    /// Takes a piece that fits, or one of its pieces once more, and keeps so many bytes of the front.
    pub(super) fn take(&mut self, piece: &Piece<'_>, is_repeat: bool, front: u16) {
        self.count(1, piece.charge());
        self.is_offload |= piece.is_offload;
        self.is_routed_on |= piece.is_routed_on;
        if is_repeat {
            return;
        }
        self.is_cut |= piece.is_cut;
        self.overlaps |= self.covered.meets(piece.offset, piece.end());
        self.covered.add(piece.offset, piece.end(), |_, _| {});
        if !piece.more {
            self.end = Some(piece.end());
        }
        if piece.offset == 0 && self.front_len.is_none() {
            (self.protocol, self.front_len) = (piece.protocol, Some(piece.front_len));
            (self.handling, self.mac) = (piece.handling, piece.mac);
        }
        self.keep(piece, front);
        if self.pieces.0.len() < MOST_PIECES {
            self.pieces.0.insert(
                (piece.offset, piece.len),
                Seen {
                    arrival: self.pieces.0.len() as u16,
                    protocol: piece.protocol,
                    more: piece.more,
                    is_cut: piece.is_cut,
                    is_offload: piece.is_offload,
                    is_routed_on: piece.is_routed_on,
                    header_len: piece.header_len,
                    front_len: piece.front_len,
                    wire_len: piece.wire_len,
                    handling: piece.handling,
                    mac: piece.mac,
                    hash: piece.hash,
                    time: piece.time,
                },
            );
        }
    }

    /// Counts frames that bring nothing new.
    pub(super) fn count(&mut self, frames: u64, charge: Charge) {
        self.frames += frames;
        self.charge.add(charge);
    }

    /// Of bytes that came more than once, the first stay.
    fn keep(&mut self, piece: &Piece<'_>, front: u16) {
        let end = usize::from(front).min(usize::from(piece.offset) + piece.data.len());
        let (start, end) = (piece.offset, end as u16);
        if start >= end {
            return;
        }
        if self.front.len() < usize::from(end) {
            self.front.resize(end.into(), 0);
        }
        let front = &mut self.front;
        self.held.add(start, end, |from, to| {
            let own = usize::from(from - start)..usize::from(to - start);
            front[from.into()..to.into()].copy_from_slice(&piece.data[own]);
        });
    }

    /// Whether all of it was seen.
    pub(super) fn is_complete(&self) -> bool {
        self.end.is_some_and(|end| self.covered.unbroken() == end)
    }

    /// The whole that `last` completed.
    pub(in crate::analysis) fn whole(&self, last: &Piece<'_>) -> Whole<'_> {
        Whole {
            len: self.covered.end().into(),
            is_complete: true,
            header_len: last.header_len,
            time: last.time,
            wire_len: last.wire_len,
            ..self.begun()
        }
    }

    /// Its first bytes, which it is done with.
    pub(super) fn take_front(&mut self) -> Vec<u8> {
        self.front.truncate(self.held.unbroken().into());
        std::mem::take(&mut self.front)
    }

    /// What its front tells of a whole that is as long as any may be.
    fn begun(&self) -> Whole<'_> {
        Whole {
            datagram: self.datagram,
            protocol: self.protocol,
            front: &self.front[..self.held.unbroken().into()],
            len: LONGEST,
            is_complete: false,
            is_cut: self.is_cut,
            overlaps: self.overlaps,
            is_offload: self.is_offload,
            is_routed_on: self.is_routed_on,
            front_len: self.front_len.unwrap_or(0),
            handling: self.handling,
            mac: self.mac,
            header_len: 0,
            time: self.first_seen,
            wire_len: 0,
        }
    }

    /// The packet of its front, as far as that goes; `None` where it holds no VXLAN header.
    fn glimpse(&self, overlays: &Overlays) -> Result<Packet, Ending> {
        let mut packet = Packet::default();
        match decode::whole(&self.begun(), overlays, &mut packet, &mut Aside::default()) {
            ending if ending.is_packet() => Ok(packet),
            ending => Err(ending),
        }
    }

    /// Where its front has told that it carries no VXLAN: what its frames end as, and how many are still counted as
    /// fragments.
    pub(super) fn told(&mut self, overlays: &Overlays) -> Option<(Ending, u64)> {
        if self.is_told {
            return (!self.is_ours()).then_some((self.counted_as, 1));
        }
        if self.held.unbroken() == 0 {
            return None;
        }
        let ending = self.glimpse(overlays).err().unwrap_or(Ending::Vxlan);
        self.is_told = ending != Ending::OuterCut;
        if ending.disposition() != Disposition::Other {
            return None;
        }
        self.counted_as = ending;
        Some((ending, self.frames))
    }

    /// Whether it carries VXLAN, or may.
    pub(super) fn is_ours(&self) -> bool {
        self.counted_as == Ending::Fragment
    }

    /// What is to be told of it where it stays incomplete; `None` where it is no packet that was asked for.
    pub(super) fn incomplete(&self, why: Why, settings: &Settings) -> Option<Incomplete> {
        let packet = self.glimpse(&settings.overlays).ok();
        let asked_for = match &packet {
            Some(packet) => settings.select.matches(packet, &[]),
            // Its addresses are no VTEPs.
            None if decode::is_carrier(self.protocol) => true,
            None => settings.select.may_match(self.datagram.source(), self.datagram.destination()),
        };
        asked_for.then(|| Incomplete {
            first_seen: self.first_seen,
            datagram: self.datagram,
            vni: packet.map(|packet| packet.key.vni()),
            frames: self.frames,
            wire_bytes: self.charge.wire,
            missing: self.covered.gaps(self.end).take(MOST_GAPS + 1).collect(),
            why,
        })
    }

    /// Its pieces as they came, but for repeats.
    pub(in crate::analysis) fn in_order(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut pieces: Vec<_> = self.pieces.0.iter().collect();
        pieces.sort_by_key(|(_, seen)| seen.arrival);
        pieces.into_iter().map(|((offset, len), seen)| Piece {
            datagram: self.datagram,
            offset: *offset,
            len: *len,
            more: seen.more,
            data: self.kept(*offset, *len),
            is_cut: seen.is_cut,
            hash: seen.hash,
            protocol: seen.protocol,
            header_len: seen.header_len,
            front_len: seen.front_len,
            handling: seen.handling,
            is_offload: seen.is_offload,
            is_routed_on: seen.is_routed_on,
            mac: seen.mac,
            time: seen.time,
            wire_len: seen.wire_len,
        })
    }

    /// What of a piece's bytes is in the front.
    fn kept(&self, offset: u16, len: u16) -> &[u8] {
        let end = self.held.unbroken_from(offset).min(offset + len);
        self.front.get(offset.into()..end.into()).unwrap_or_default()
    }

    /// The frames of it that were repeats, and what they cost.
    pub(in crate::analysis) fn repeats(&self) -> (u64, Charge) {
        let sum = |of: fn(&Seen) -> u32| self.pieces.0.values().map(|seen| u64::from(of(seen))).sum::<u64>();
        let wire = self.charge.wire - sum(|seen| seen.wire_len);
        let ip_header = self.charge.ip_header - sum(|seen| seen.header_len);
        let frames = self.frames - self.pieces.0.len() as u64;
        (frames, Charge { wire, ip_header, pieces: frames })
    }

    /// Memory that it takes, in bytes, about.
    pub(super) fn memory(&self) -> usize {
        let own = size_of::<Self>() + self.front.capacity();
        own + self.covered.memory() + self.held.memory() + self.pieces.memory()
    }
}
