//! The pcapng format: a chain of blocks (draft-ietf-opsawg-pcapng).
//!
//! ```text
//! block   type u32, length u32, body, the length again
//! ```
//! A Section Header Block sets the byte order and forgets the interfaces before it. Blocks that carry
//! neither a packet nor tell of an interface are skipped as they come, however long they are.

mod block;
mod guess;
mod interface;
mod length;
mod options;
mod section;
mod skip;
mod statistics;

use std::collections::HashSet;
use std::ops::ControlFlow;

use self::block::{Misfit, Packet};
use self::interface::Interface;
use self::length::{check_held_length, check_length, without_trailer};
use self::section::Section;
use self::skip::Skip;
use self::statistics::Drops;
use super::facts::{ByteOrder, Facts, Format, is_sub_microsecond, resolution_name};
use super::number::u32_at;
use super::parser::Drained;
use super::{Frame, LinkType, NO_TIME};
use crate::error::Damage;

pub(super) use self::section::{MAGIC, VERSION_OFFSET, unknown_version};

const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const SECTION_HEADER: u32 = u32::from_be_bytes(MAGIC);
/// Type and length.
const HEAD_LEN: usize = 8;

/// Why a walk over blocks ended.
enum Pause {
    /// The next block is not whole.
    Short,
    /// The callback said `Break`.
    Stopped,
    /// A Section Header Block is next.
    Section,
    /// A block of this length that need not be held is next.
    Skip(u32),
}

/// A pcapng capture being read; see [`super::parser`] for the contract.
#[derive(Debug, Clone, Default)]
pub(super) struct Pcapng {
    offset: u64,
    /// How many blocks there were that were told of, beside packets.
    state: u64,
    /// `None` before the first section.
    section: Option<Section>,
    interfaces: Vec<Interface>,
    skip: Option<Skip>,
    seen: Seen,
    drops: Drops,
}

/// What the facts are made of; collected, as sections and interfaces come and go.
#[derive(Debug, Clone, Default)]
struct Seen {
    little: bool,
    big: bool,
    /// Distinct values of `if_tsresol`.
    resolutions: Vec<u8>,
    links: Vec<LinkType>,
    known_links: HashSet<LinkType>,
}

impl Pcapng {
    #[inline]
    pub(super) fn drain<F>(&mut self, bytes: &[u8], each: &mut F) -> Result<Drained, Damage>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        let base = self.offset;
        let mut rest = bytes;
        let mut stopped = false;
        while self.next_blocks(&mut rest, each, &mut stopped)?.is_continue() {}
        let consumed = bytes.len() - rest.len();
        debug_assert_eq!(self.offset, base + consumed as u64);
        Ok(Drained { consumed, stopped })
    }

    pub(super) fn has_begun(&self) -> bool {
        self.section.is_some()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn stand_at(&mut self, offset: u64) {
        self.offset = offset;
    }

    pub(super) fn state(&self) -> u64 {
        self.state
    }

    /// See [`super::parser::Parser::guess`].
    pub(super) fn guess(&self, bytes: &[u8], offset: u64, until: usize) -> Option<usize> {
        if self.section?.big_endian {
            guess::first::<true>(bytes, offset, until)
        } else {
            guess::first::<false>(bytes, offset, until)
        }
    }

    pub(super) fn unfinished(&self) -> Option<u64> {
        self.skip.as_ref().map(|skip| skip.start)
    }

    pub(super) fn describe(&self, facts: &mut Facts) {
        facts.format = Format::Pcapng;
        facts.byte_order = match (self.seen.little, self.seen.big) {
            (false, false) => ByteOrder::Unknown,
            (true, false) => ByteOrder::Little,
            (false, true) => ByteOrder::Big,
            (true, true) => ByteOrder::Mixed,
        };
        let mut names: Vec<String> = Vec::new();
        for name in self.seen.resolutions.iter().copied().map(resolution_name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        facts.timestamp_resolution = names.join(", ");
        facts.sub_microsecond = self.seen.resolutions.iter().copied().any(is_sub_microsecond);
        facts.link_types.clone_from(&self.seen.links);
        facts.dropped = self.drops.total();
    }

    /// Reads on in `rest` until something changes: a section, a block to skip, an end.
    fn next_blocks<F>(
        &mut self,
        rest: &mut &[u8],
        each: &mut F,
        stopped: &mut bool,
    ) -> Result<ControlFlow<()>, Damage>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        if let Some(skip) = &mut self.skip {
            let (count, done) = skip.advance(rest)?;
            self.take(rest, count);
            if !done {
                return Ok(ControlFlow::Break(()));
            }
            self.skip = None;
        }
        let big = self.section.is_some_and(|section| section.big_endian);
        let pause = if big { self.walk::<true, F>(rest, each)? } else { self.walk::<false, F>(rest, each)? };
        match pause {
            Pause::Short => return Ok(ControlFlow::Break(())),
            Pause::Stopped => {
                *stopped = true;
                return Ok(ControlFlow::Break(()));
            }
            Pause::Skip(length) => self.skip = Some(Skip::new(self.offset, length, big)),
            Pause::Section => match Section::read(rest, self.offset)? {
                Some((section, length)) => {
                    self.begin(section);
                    self.take(rest, length);
                }
                None => return Ok(ControlFlow::Break(())),
            },
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take(&mut self, rest: &mut &[u8], count: usize) {
        *rest = rest.get(count..).unwrap_or_default();
        self.offset += count as u64;
    }

    fn begin(&mut self, section: Section) {
        self.interfaces.clear();
        self.drops.begin_section();
        self.seen.little |= !section.big_endian;
        self.seen.big |= section.big_endian;
        self.section = Some(section);
        self.state += 1;
    }

    /// The hot loop: blocks that are held whole, up to the first of another kind.
    #[inline]
    fn walk<const BIG: bool, F>(&mut self, rest: &mut &[u8], each: &mut F) -> Result<Pause, Damage>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        loop {
            let Some(head) = rest.first_chunk::<HEAD_LEN>() else {
                return Ok(Pause::Short);
            };
            let kind = u32_at::<BIG, HEAD_LEN>(head, 0);
            let length = u32_at::<BIG, HEAD_LEN>(head, 4);
            if kind == SECTION_HEADER {
                return Ok(Pause::Section);
            }
            check_length(length, self.offset)?;
            let is_packet = matches!(kind, ENHANCED_PACKET | SIMPLE_PACKET | OBSOLETE_PACKET);
            if !is_packet && !tells_of_interface(kind, length) {
                return Ok(Pause::Skip(length));
            }
            check_held_length(length, self.offset)?;
            let Some((whole, after)) = rest.split_at_checked(length as usize) else {
                return Ok(Pause::Short);
            };
            let block = without_trailer::<BIG>(whole, length, self.offset)?;
            let stopped = if is_packet {
                each(self.frame::<BIG>(kind, block)?).is_break()
            } else {
                self.tell_of_interface::<BIG>(kind, block)?;
                false
            };
            *rest = after;
            self.offset += u64::from(length);
            if stopped {
                return Ok(Pause::Stopped);
            }
        }
    }

    #[inline]
    fn frame<'a, const BIG: bool>(&self, kind: u32, block: &'a [u8]) -> Result<Frame<'a>, Damage> {
        let packet = match kind {
            ENHANCED_PACKET => block::enhanced::<BIG>(block),
            SIMPLE_PACKET => block::simple::<BIG>(block, self.first_snap_length()),
            _ => block::obsolete::<BIG>(block),
        };
        match packet {
            Ok(packet) => Ok(self.frame_of(&packet)),
            Err(misfit) => Err(self.misfit(&misfit, block)),
        }
    }

    #[inline]
    fn frame_of<'a>(&self, packet: &Packet<'a>) -> Frame<'a> {
        let (interface, link) = match self.interfaces.get(packet.interface as usize) {
            Some(interface) => (interface, interface.link_type()),
            None => (&Interface::UNDESCRIBED, LinkType::UNKNOWN),
        };
        Frame {
            data: packet.data,
            // A block that is held whole is far below 4 GiB.
            wire_len: packet.original.max(packet.data.len() as u32),
            time: packet.ticks.map_or(NO_TIME, |ticks| interface.time(ticks)),
            link,
        }
    }

    /// 0, no limit, where the section has no interface.
    fn first_snap_length(&self) -> u32 {
        self.interfaces.first().map_or(0, |interface| interface.snap_length)
    }

    fn tell_of_interface<const BIG: bool>(&mut self, kind: u32, block: &[u8]) -> Result<(), Damage> {
        if kind == INTERFACE_STATISTICS {
            self.drops.add::<BIG>(block, self.interfaces.len());
            self.state += 1;
            return Ok(());
        }
        let Some(interface) = Interface::read::<BIG>(block) else {
            let least = interface::DESCRIPTION_LEN + 4;
            return Err(self.misfit(&Misfit::Short { least }, block));
        };
        self.interfaces.push(interface);
        self.seen.interface(&interface);
        self.state += 1;
        Ok(())
    }

    #[cold]
    fn misfit(&self, misfit: &Misfit, block: &[u8]) -> Damage {
        match misfit {
            Misfit::Short { least } => Damage {
                offset: self.offset,
                expected: format!("a block of this type to be at least {least} bytes long"),
                found: format!("block length {}", block.len() + 4),
                fatal: true,
            },
            Misfit::Captured { claimed, room } => Damage {
                offset: self.offset,
                expected: format!("a captured length of at most {room}, which is what its block holds"),
                found: format!("a captured length of {claimed}"),
                fatal: false,
            },
        }
    }
}

/// Whether a block has to be held for what it says of an interface.
fn tells_of_interface(kind: u32, length: u32) -> bool {
    kind == INTERFACE_DESCRIPTION || kind == INTERFACE_STATISTICS && length <= statistics::LONGEST
}

impl Seen {
    fn interface(&mut self, interface: &Interface) {
        if !self.resolutions.contains(&interface.resolution) {
            self.resolutions.push(interface.resolution);
        }
        let link = interface.link_type();
        if self.known_links.insert(link) {
            self.links.push(link);
        }
    }
}
