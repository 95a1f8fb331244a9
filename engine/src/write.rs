//! Captures written: pcap and pcapng, plain or compressed. The same frames give the same bytes on every machine.

mod compressed;
pub mod mass;
mod pcap;
mod pcapng;

use std::io::{self, Write};

use crate::capture::{Compression, LinkType};

use compressed::Sink;

/// How a capture is written.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// pcapng rather than pcap.
    pub pcapng: bool,
    /// Times in nanoseconds rather than microseconds; what is finer is cut off.
    pub nanoseconds: bool,
    /// How it is compressed.
    pub compression: Option<Compression>,
    /// Link type of all frames.
    pub link: LinkType,
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
    /// What pcapng says of it beside; pcap has no place for that.
    pub comment: Option<&'a str>,
}

/// Writes a capture frame by frame.
pub struct CaptureWriter<W: Write> {
    sink: Sink<W>,
    writing: Writing,
    /// What is not handed on yet.
    pending: Vec<u8>,
}

/// So much is handed on at a time, in bytes.
const BUFFER: usize = 1 << 20;

impl<W: Write> CaptureWriter<W> {
    /// Begins a capture.
    pub fn new(target: W, writing: Writing) -> io::Result<Self> {
        let mut pending = Vec::with_capacity(BUFFER);
        if writing.pcapng {
            pcapng::begin(&writing, &mut pending);
        } else {
            pcap::begin(&writing, &mut pending);
        }
        Ok(Self { sink: Sink::new(target, writing.compression)?, writing, pending })
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
        let start = self.pending.len();
        let kept = &record.data[..record.data.len().min(self.writing.snap_length as usize)];
        let record = Record { data: kept, ..*record };
        if self.writing.pcapng {
            pcapng::packet(&self.writing, &record, &mut self.pending)?;
        } else {
            pcap::record(&self.writing, &record, &mut self.pending)?;
        }
        self.pending.truncate(start.max(self.pending.len().saturating_sub(cut)));
        if self.pending.len() >= BUFFER { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Ends the capture.
    pub fn finish(mut self) -> io::Result<W> {
        self.hand_on()?;
        self.sink.finish()
    }
}

/// A time as the container has it; an error for one that it cannot hold.
fn ticks(writing: &Writing, time: i64) -> io::Result<u64> {
    let unit = if writing.nanoseconds { 1 } else { 1000 };
    let ticks = u64::try_from(time).map(|time| time / unit);
    ticks.map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a time before 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITING: Writing = Writing {
        pcapng: false,
        nanoseconds: false,
        compression: None,
        link: LinkType::ETHERNET,
        snap_length: 4,
    };

    fn written(writing: Writing, records: &[Record<'_>]) -> Vec<u8> {
        let mut writer = CaptureWriter::new(Vec::new(), writing).unwrap();
        for record in records {
            writer.frame(record).unwrap();
        }
        writer.finish().unwrap()
    }

    /// Byte by byte, as the format's description has it; the snap length cuts, and the wire length stays.
    #[test]
    fn a_pcap_of_one_frame() {
        let record = Record { time: 1_500_000_999, data: b"abcdef", wire_len: 6, comment: Some("lost") };
        let mut expected =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0];
        expected.extend([1, 0, 0, 0, 0x20, 0xa1, 7, 0, 4, 0, 0, 0, 6, 0, 0, 0]);
        expected.extend(b"abcd");
        assert_eq!(written(WRITING, &[record]), expected);
    }

    /// A section, an interface with its resolution, and a packet with a comment.
    #[test]
    fn a_pcapng_of_one_frame() {
        let record = Record { time: 5, data: b"abc", wire_len: 9, comment: Some("hi") };
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
            let record = Record { time, data: b"", wire_len: 0, comment: None };
            assert_eq!(writer.frame(&record).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    }
}
