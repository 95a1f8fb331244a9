//! Frames as the bytes of a capture; no I/O.

use std::io;

use super::{Record, Writing, pcap, pcapng};
use crate::capture::LinkType;

/// A capture under way: what was appended to it and not taken away yet.
pub(super) struct Encoder {
    writing: Writing,
    interfaces: u32,
    /// Of the first interface.
    link: Option<LinkType>,
    pending: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(writing: Writing) -> Self {
        let mut pending = Vec::new();
        if writing.pcapng {
            pcapng::section(&mut pending);
        }
        Self { writing, interfaces: 0, link: None, pending }
    }

    /// Describes an interface and returns its number. pcap has one, whatever it is called.
    pub(super) fn interface(&mut self, link: LinkType, name: Option<&str>) -> io::Result<u32> {
        if self.writing.pcapng {
            pcapng::interface(self.writing, link, name, &mut self.pending)?;
        } else {
            match self.link {
                None => pcap::header(self.writing, link, &mut self.pending),
                Some(first) if first == link => return Ok(0),
                Some(first) => {
                    let words = format!(
                        "pcap holds one link type, and there are {first} and {link}: pcapng holds both"
                    );
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
                }
            }
        }
        self.link.get_or_insert(link);
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Appends a frame without its last `cut` bytes.
    #[inline]
    pub(super) fn frame(&mut self, record: &Record<'_>, cut: usize) -> io::Result<()> {
        let start = self.pending.len();
        let kept = &record.data[..record.data.len().min(self.writing.snap_length as usize)];
        let record = Record { data: kept, ..*record };
        if self.writing.pcapng {
            pcapng::packet(self.writing, &record, &mut self.pending)?;
        } else {
            pcap::record(self.writing, &record, &mut self.pending)?;
        }
        self.pending.truncate(start.max(self.pending.len().saturating_sub(cut)));
        Ok(())
    }

    /// What was appended and not taken away yet.
    #[inline]
    pub(super) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }
}

/// A time as the container has it; an error for one that it cannot hold.
pub(super) fn ticks(writing: Writing, time: i64) -> io::Result<u64> {
    let unit = if writing.nanoseconds { 1 } else { 1000 };
    let ticks = u64::try_from(time).map(|time| time / unit);
    ticks.map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a time before 1970"))
}
