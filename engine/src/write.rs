//! Captures written: pcap and pcapng, plain or compressed. The same frames give the same bytes on every machine.

mod checksum;
mod compressed;
pub mod decap;
pub mod encap;
mod encoder;
pub mod extract;
mod folder;
pub mod mass;
mod mix;
pub mod output;
mod pcap;
mod pcapng;
pub mod rewrite;

use std::io::{self, Write};

use crate::capture::{Compression, LinkType};

use compressed::Sink;
use encoder::Encoder;

/// Readers of captures, libpcap and Wireshark among them, take no longer frames.
pub const LARGEST_FRAME: u32 = 262_144;

/// How a capture is written.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// pcapng rather than pcap.
    pub pcapng: bool,
    /// Times in nanoseconds rather than microseconds; what is finer is cut off.
    pub nanoseconds: bool,
    /// How it is compressed.
    pub compression: Option<Compression>,
    /// So many bytes of each frame are kept.
    pub snap_length: u32,
}

/// One frame to write.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Nanoseconds since 1970 UTC.
    pub time: i64,
    /// Its bytes.
    pub data: &'a [u8],
    /// Its length on the wire.
    pub wire_len: u32,
    /// Which of the interfaces it came over.
    pub interface: u32,
    /// What pcapng says of it beside; pcap has no place for that.
    pub comment: Option<&'a str>,
}

/// Writes a capture frame by frame.
pub struct CaptureWriter<W: Write> {
    sink: Sink<W>,
    encoder: Encoder,
}

/// So much is handed on at a time, in bytes.
const BUFFER: usize = 1 << 20;

impl<W: Write> CaptureWriter<W> {
    /// Begins a capture.
    pub fn new(target: W, writing: Writing) -> io::Result<Self> {
        Ok(Self { sink: Sink::new(target, writing.compression)?, encoder: Encoder::new(writing) })
    }

    /// Describes an interface and returns its number. There must be one before the first frame; of pcap, which has no
    /// names of interfaces and one link type, there is one alone.
    pub fn interface(&mut self, link: LinkType, name: Option<&str>) -> io::Result<u32> {
        self.encoder.interface(link, name)
    }

    /// Appends a frame.
    #[inline]
    pub fn frame(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.cut_frame(record, 0)
    }

    /// Appends a frame without its last `cut` bytes, as the end of a capture that is still being written; `cut` is less
    /// than the frame's record.
    #[inline]
    pub fn cut_frame(&mut self, record: &Record<'_>, cut: usize) -> io::Result<()> {
        self.encoder.frame(record, cut)?;
        if self.encoder.pending().len() >= BUFFER { self.hand_on() } else { Ok(()) }
    }

    /// Writes what was appended so far.
    pub fn hand_on(&mut self) -> io::Result<()> {
        self.sink.write_all(self.encoder.pending())?;
        self.encoder.pending().clear();
        Ok(())
    }

    /// Ends the capture.
    pub fn finish(mut self) -> io::Result<W> {
        self.hand_on()?;
        self.sink.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITING: Writing = Writing { pcapng: false, nanoseconds: false, compression: None, snap_length: 4 };

    fn written(writing: Writing, records: &[Record<'_>]) -> Vec<u8> {
        let mut writer = CaptureWriter::new(Vec::new(), writing).unwrap();
        writer.interface(LinkType::ETHERNET, None).unwrap();
        for record in records {
            writer.frame(record).unwrap();
        }
        writer.finish().unwrap()
    }

    /// Byte by byte, as the format's description has it; the snap length cuts, and the wire length stays.
    #[test]
    fn a_pcap_of_one_frame() {
        let record =
            Record { time: 1_500_000_999, data: b"abcdef", wire_len: 6, interface: 0, comment: Some("lost") };
        let mut expected =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0];
        expected.extend([1, 0, 0, 0, 0x20, 0xa1, 7, 0, 4, 0, 0, 0, 6, 0, 0, 0]);
        expected.extend(b"abcd");
        assert_eq!(written(WRITING, &[record]), expected);
    }

    /// A section, an interface with its resolution, and a packet with a comment.
    #[test]
    fn a_pcapng_of_one_frame() {
        let record = Record { time: 5, data: b"abc", wire_len: 9, interface: 0, comment: Some("hi") };
        let writing = Writing { pcapng: true, nanoseconds: true, ..WRITING };
        let mut expected = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
        expected.extend([0xff; 8]);
        expected.extend([28, 0, 0, 0]);
        expected.extend([1, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0]);
        expected.extend([9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0]);
        expected
            .extend([6, 0, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0]);
        expected.extend(b"abc\0");
        expected.extend([1, 0, 2, 0, b'h', b'i', 0, 0, 0, 0, 0, 0, 48, 0, 0, 0]);
        assert_eq!(written(writing, &[record]), expected);
    }

    /// A time that the container cannot hold is an error, and no other time.
    #[test]
    fn impossible_times_are_refused() {
        for (pcapng, time) in [(false, -1), (true, -1), (false, (1 << 32) * 1_000_000_000)] {
            let mut writer = CaptureWriter::new(Vec::new(), Writing { pcapng, ..WRITING }).unwrap();
            writer.interface(LinkType::ETHERNET, None).unwrap();
            let record = Record { time, data: b"", wire_len: 0, interface: 0, comment: None };
            assert_eq!(writer.frame(&record).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    }

    /// Interfaces come up when their first frame does, with their names; pcap has no second link type.
    #[test]
    fn a_pcapng_of_two_interfaces() {
        let mut writer =
            CaptureWriter::new(Vec::new(), Writing { pcapng: true, snap_length: 0, ..WRITING }).unwrap();
        assert_eq!(writer.interface(LinkType::ETHERNET, Some("vni-7")).unwrap(), 0);
        assert_eq!(writer.interface(LinkType::LINUX_SLL2, None).unwrap(), 1);
        let written = writer.finish().unwrap();
        let named =
            [1, 0, 0, 0, 44, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0, b'v', b'n', b'i', b'-', b'7'];
        assert_eq!(written[28..53], named);
        assert_eq!(written[72..82], [1, 0, 0, 0, 32, 0, 0, 0, 20, 1]);
        let mut writer = CaptureWriter::new(Vec::new(), WRITING).unwrap();
        assert_eq!(writer.interface(LinkType::ETHERNET, Some("vni-7")).unwrap(), 0);
        assert_eq!(writer.interface(LinkType::ETHERNET, Some("vni-8")).unwrap(), 0);
        let refused = writer.interface(LinkType::RAW, None).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "pcap holds one link type, and there are ETHERNET and RAW: pcapng holds both"
        );
    }
}
