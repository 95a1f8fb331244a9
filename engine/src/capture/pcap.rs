//! The classic pcap format.
//!
//! ```text
//! file    magic u32, major u16, minor u16, thiszone i32, sigfigs u32, snaplen u32, network u32
//! record  seconds u32, fraction u32, captured length u32, original length u32, the captured bytes
//! ```
//! The magic tells the byte order of all numbers and the unit of the fraction. See the draft "PCAP Capture
//! File Format" (draft-ietf-opsawg-pcap).

mod guess;

use std::ops::ControlFlow;

use super::facts::{ByteOrder, Facts, Format, resolution_name};
use super::number::{u16_at, u32_at};
use super::parser::Drained;
use super::{Frame, LinkType};
use crate::error::Damage;

/// Length of the file header.
pub(super) const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;
/// Where the version stands in the file header.
pub(super) const VERSION_OFFSET: u64 = 4;
const VERSION_MAJOR: u16 = 2;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// The bits of the network field that are the link type (`LT_LINKTYPE` in libpcap); those above tell the
/// length of a frame check sequence.
const LINK_TYPE_MASK: u32 = 0x03ff_ffff;
/// What libpcap accepts as a captured length whatever the snap length is (`MAXIMUM_SNAPLEN`).
const ALWAYS_CAPTURABLE: u32 = 262_144;
/// What a large snap length can raise that to.
const LARGEST_CAPTURE: u32 = 16 << 20;

/// What the magic says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Magic {
    big_endian: bool,
    /// Nanoseconds that one unit of the fraction stands for.
    unit: u32,
}

impl Magic {
    /// `None` when the bytes are no pcap magic.
    pub(super) fn of(bytes: [u8; 4]) -> Option<Self> {
        let (big, little) = (u32::from_be_bytes(bytes), u32::from_le_bytes(bytes));
        let (big_endian, unit) = match (big, little) {
            (MICROSECONDS, _) => (true, 1000),
            (NANOSECONDS, _) => (true, 1),
            (_, MICROSECONDS) => (false, 1000),
            (_, NANOSECONDS) => (false, 1),
            _ => return None,
        };
        Some(Self { big_endian, unit })
    }
}

/// What the rest of the file header says.
#[derive(Debug, Clone, Copy)]
struct Header {
    link: LinkType,
    /// The largest captured length that is not absurd.
    limit: u32,
}

/// A pcap capture being read; see [`super::parser`] for the contract.
#[derive(Debug, Clone)]
pub(super) struct Pcap {
    magic: Magic,
    /// `None` when the capture breaks off inside its file header.
    header: Option<Header>,
    offset: u64,
}

impl Pcap {
    /// Starts on the file header in `head`. A whole one counts as consumed, see [`Self::offset`].
    /// Errors with the version as found when no reader of this format could know it.
    pub(super) fn new(magic: Magic, head: &[u8]) -> Result<Self, String> {
        let Some(head) = head.first_chunk::<HEADER_LEN>() else {
            return Ok(Self { magic, header: None, offset: 0 });
        };
        let header = if magic.big_endian { read_header::<true>(head)? } else { read_header::<false>(head)? };
        Ok(Self { magic, header: Some(header), offset: HEADER_LEN as u64 })
    }

    #[inline]
    pub(super) fn drain<F>(&mut self, bytes: &[u8], each: &mut F) -> Result<Drained, Damage>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        let Some(header) = self.header else {
            return Ok(Drained { consumed: 0, stopped: false });
        };
        let (drained, absurd) = if self.magic.big_endian {
            walk::<true, F>(bytes, header, self.magic.unit, each)
        } else {
            walk::<false, F>(bytes, header, self.magic.unit, each)
        };
        self.offset += drained.consumed as u64;
        match absurd {
            None => Ok(drained),
            Some(captured) => Err(self.absurd(captured, header.limit)),
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.header.is_some()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn stand_at(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// See [`super::parser::Parser::guess`].
    pub(super) fn guess(&self, bytes: &[u8], until: usize) -> Option<usize> {
        let header = self.header?;
        let second = 1_000_000_000 / self.magic.unit;
        if self.magic.big_endian {
            guess::first::<true>(bytes, until, header.limit, second)
        } else {
            guess::first::<false>(bytes, until, header.limit, second)
        }
    }

    pub(super) fn describe(&self, facts: &mut Facts) {
        facts.format = Format::Pcap;
        facts.byte_order = if self.magic.big_endian { ByteOrder::Big } else { ByteOrder::Little };
        facts.timestamp_resolution = resolution_name(if self.magic.unit == 1 { 9 } else { 6 });
        facts.sub_microsecond = self.magic.unit == 1;
        facts.link_types = self.header.map(|header| header.link).into_iter().collect();
    }

    #[cold]
    fn absurd(&self, captured: u32, limit: u32) -> Damage {
        Damage {
            offset: self.offset,
            expected: format!("a record of at most {limit} captured bytes"),
            found: format!("a captured length of {captured}"),
            fatal: false,
        }
    }
}

fn read_header<const BIG: bool>(head: &[u8; HEADER_LEN]) -> Result<Header, String> {
    let major = u16_at::<BIG, HEADER_LEN>(head, 4);
    let minor = u16_at::<BIG, HEADER_LEN>(head, 6);
    if major != VERSION_MAJOR {
        return Err(format!("version {major}.{minor}"));
    }
    let snap_length = u32_at::<BIG, HEADER_LEN>(head, 16);
    let network = u32_at::<BIG, HEADER_LEN>(head, 20);
    Ok(Header {
        link: LinkType::of_file(network & LINK_TYPE_MASK),
        limit: snap_length.clamp(ALWAYS_CAPTURABLE, LARGEST_CAPTURE),
    })
}

/// The hot loop. Also answers the captured length, if absurd, of the record after those consumed.
#[inline]
fn walk<const BIG: bool, F>(bytes: &[u8], header: Header, unit: u32, each: &mut F) -> (Drained, Option<u32>)
where
    F: FnMut(Frame<'_>) -> ControlFlow<()>,
{
    let mut rest = bytes;
    let mut stopped = false;
    let mut absurd = None;
    while let Some((record, body)) = rest.split_first_chunk::<RECORD_HEADER_LEN>() {
        let captured = u32_at::<BIG, RECORD_HEADER_LEN>(record, 8);
        if captured > header.limit {
            absurd = Some(captured);
            break;
        }
        let Some((data, after)) = body.split_at_checked(captured as usize) else {
            break;
        };
        rest = after;
        let seconds = i64::from(u32_at::<BIG, RECORD_HEADER_LEN>(record, 0));
        let fraction = i64::from(u32_at::<BIG, RECORD_HEADER_LEN>(record, 4));
        let frame = Frame {
            data,
            wire_len: u32_at::<BIG, RECORD_HEADER_LEN>(record, 12).max(captured),
            // At most 2^32 * 10^9 + 2^32 * 10^3: far inside an i64.
            time: seconds * 1_000_000_000 + fraction * i64::from(unit),
            link: header.link,
        };
        if each(frame).is_break() {
            stopped = true;
            break;
        }
    }
    let consumed = bytes.len() - rest.len();
    (Drained { consumed, stopped }, absurd)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::{Drained, HEADER_LEN, Magic, Pcap};

    /// Version 2.4, snap length 65535, Ethernet, little-endian.
    const HEADER: [u8; HEADER_LEN] =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0];
    /// One second and two microseconds, three of five bytes.
    const RECORD: [u8; 19] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 7, 8, 9];

    fn parser() -> Pcap {
        let magic = Magic::of([0xd4, 0xc3, 0xb2, 0xa1]).unwrap();
        Pcap::new(magic, &HEADER).unwrap()
    }

    /// How a drain went, and the captured bytes, wire length and time of each frame.
    fn drain(parser: &mut Pcap, bytes: &[u8]) -> (Drained, Vec<(Vec<u8>, u32, i64)>) {
        let mut frames = Vec::new();
        let drained = parser.drain(bytes, &mut |frame| {
            frames.push((frame.data.to_vec(), frame.wire_len, frame.time));
            ControlFlow::Continue(())
        });
        (drained.unwrap(), frames)
    }

    #[test]
    fn a_record_is_consumed_with_its_header() {
        let mut parser = parser();
        let (drained, frames) = drain(&mut parser, &RECORD);
        assert_eq!(drained, Drained { consumed: 19, stopped: false });
        assert_eq!(frames, [(vec![7, 8, 9], 5, 1_000_002_000)]);
        assert_eq!(parser.offset(), 24 + 19);
    }

    #[test]
    fn nothing_of_a_record_that_is_not_whole_is_consumed() {
        for length in 0..RECORD.len() {
            let mut parser = parser();
            let (drained, frames) = drain(&mut parser, &RECORD[..length]);
            assert_eq!(drained, Drained { consumed: 0, stopped: false });
            assert!(frames.is_empty());
        }
    }

    #[test]
    fn break_leaves_the_records_behind_it() {
        let bytes = [RECORD, RECORD].concat();
        let drained = parser().drain(&bytes, &mut |_| ControlFlow::Break(()));
        assert_eq!(drained, Ok(Drained { consumed: 19, stopped: true }));
    }

    #[test]
    fn damage_names_the_record_behind_those_handed_over() {
        let mut absurd = RECORD;
        absurd[10] = 0xff;
        let bytes = [RECORD, absurd].concat();
        let mut frames = 0;
        let damage = parser().drain(&bytes, &mut |_| {
            frames += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(damage.unwrap_err().offset, 24 + 19);
        assert_eq!(frames, 1);
    }

    #[test]
    fn magics_tell_byte_order_and_unit() {
        let big_micro = Magic::of([0xa1, 0xb2, 0xc3, 0xd4]).unwrap();
        assert_eq!(big_micro, Magic { big_endian: true, unit: 1000 });
        let little_nano = Magic::of([0x4d, 0x3c, 0xb2, 0xa1]).unwrap();
        assert_eq!(little_nano, Magic { big_endian: false, unit: 1 });
        assert_eq!(Magic::of([0xa1, 0xb2, 0xcd, 0x34]), None);
    }
}
