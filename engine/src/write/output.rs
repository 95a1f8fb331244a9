//! Where frames of a run are written: one capture, or one for each VNI or tunnel.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use super::encoder::Encoder;
use super::folder::Folder;
use super::{CaptureWriter, Record, Writing};
use crate::capture::{LinkType, NO_TIME};
use crate::packet::Tunnel;
use crate::scan::Monitor;

/// What the captures of a folder have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBy {
    /// The VNI.
    Vni,
    /// The pair of VTEPs, or the sender and the multicast group.
    Tunnel,
}

/// What pcapng tells of frames by the interface that they came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Nothing but their link type.
    Plain(LinkType),
    /// Inner frames of a VNI. Wireshark shows the name beside each and filters by it, and can tell flows of different
    /// interfaces apart.
    Vni(u32),
}

/// A frame to write, and where it belongs.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its interface.
    pub interface: Interface,
    /// Which VNI and which tunnel it was in.
    pub overlay: Option<(u32, Tunnel)>,
    /// Nanoseconds since 1970 UTC, or [`NO_TIME`].
    pub time: i64,
    /// Its bytes.
    pub data: &'a [u8],
    /// Its length on the wire.
    pub wire_len: u32,
    /// What pcapng says of it beside.
    pub comment: Option<&'a str>,
}

/// What was written otherwise than it should have been, and what was not written; in frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Without a time, or of one that the format cannot hold: written as of 1970.
    pub untimed: u64,
    /// Finer than the microseconds that they were written in.
    pub times_cut: u64,
    /// Longer than any reader takes: cut to that length.
    pub frames_cut: u64,
    /// Left out: packets that have no Ethernet header inside their overlay.
    pub not_ethernet: u64,
}

/// Where frames are written.
pub struct Output {
    writing: Writing,
    target: Target,
    written: u64,
    losses: Losses,
}

enum Target {
    One(Box<CaptureWriter<Box<dyn Write + Send>>>, Interfaces),
    Many(Folder),
}

/// The interfaces of one capture and their numbers.
#[derive(Default)]
pub(super) struct Interfaces {
    numbers: HashMap<Interface, u32>,
    latest: Option<(Interface, u32)>,
}

impl Interfaces {
    /// The number of `interface`, which is described to the capture where it is new there.
    pub(super) fn number(
        &mut self,
        interface: Interface,
        describe: impl FnOnce(LinkType, Option<&str>) -> io::Result<u32>,
    ) -> io::Result<u32> {
        if let Some((latest, number)) = self.latest
            && latest == interface
        {
            return Ok(number);
        }
        let number = match self.numbers.get(&interface) {
            Some(number) => *number,
            None => match interface {
                Interface::Plain(link) => describe(link, None)?,
                Interface::Vni(vni) => describe(LinkType::ETHERNET, Some(&format!("vni-{vni}")))?,
            },
        };
        self.numbers.insert(interface, number);
        self.latest = Some((interface, number));
        Ok(number)
    }
}

/// The first second that pcap, whose seconds have 32 bits, cannot hold.
const PCAP_ENDS: i64 = (1 << 32) * 1_000_000_000;

impl Output {
    /// One capture.
    pub fn one(target: Box<dyn Write + Send>, writing: Writing) -> io::Result<Self> {
        let target = Target::One(Box::new(CaptureWriter::new(target, writing)?), Interfaces::default());
        Ok(Self { writing, target, written: 0, losses: Losses::default() })
    }

    /// A folder, empty and nobody else's, that gets a capture for each VNI or tunnel.
    #[must_use]
    pub fn many(folder: PathBuf, by: SplitBy, writing: Writing) -> Self {
        let target = Target::Many(Folder::new(folder, by, writing));
        Self { writing, target, written: 0, losses: Losses::default() }
    }

    /// Writes a frame.
    pub fn put(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        let record = self.record(piece);
        match &mut self.target {
            Target::One(writer, interfaces) => {
                let interface =
                    interfaces.number(piece.interface, |link, name| writer.interface(link, name))?;
                writer.frame(&Record { interface, ..record })?;
            }
            Target::Many(folder) => folder.put(piece, &record)?,
        }
        self.written += 1;
        Ok(())
    }

    /// Counts a packet that has no place in a capture of Ethernet.
    pub(super) fn leave_out_not_ethernet(&mut self) {
        self.losses.not_ethernet += 1;
    }

    fn record<'a>(&mut self, piece: &Piece<'a>) -> Record<'a> {
        let Piece { time, data, wire_len, comment, .. } = *piece;
        // A frame without a time has one long before 1970.
        const { assert!(NO_TIME < 0) }
        let fits = time >= 0 && (self.writing.pcapng || time < PCAP_ENDS);
        self.losses.untimed += u64::from(!fits);
        self.losses.times_cut += u64::from(fits && !self.writing.nanoseconds && time % 1000 != 0);
        self.losses.frames_cut += u64::from(data.len() > self.writing.snap_length as usize);
        Record { time: if fits { time } else { 0 }, data, wire_len, interface: 0, comment }
    }

    /// Writes what was put so far, for a reader who waits for it. Captures of a folder are whole at the end alone.
    pub fn hand_on(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::One(writer, _) => writer.hand_on(),
            Target::Many(_) => Ok(()),
        }
    }

    /// Ends. A capture that got no frame says that there could have been some of `link`.
    pub fn finish(self, link: LinkType, monitor: &mut dyn Monitor) -> io::Result<Written> {
        let Self { target, written, losses, .. } = self;
        let files = match target {
            Target::One(mut writer, interfaces) => {
                if interfaces.numbers.is_empty() {
                    writer.interface(link, None)?;
                }
                writer.finish()?.flush()?;
                Vec::new()
            }
            Target::Many(folder) => folder.finish(monitor)?,
        };
        Ok(Written { frames: written, losses, files })
    }
}

/// What was written.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// How many frames.
    pub frames: u64,
    /// What is not as it should be.
    pub losses: Losses,
    /// The captures of a folder and how many frames each has, in order of their names.
    pub files: Vec<(String, u64)>,
}

/// A capture of a folder, as far as it is not in its file yet.
pub(super) struct Part {
    encoder: Encoder,
    interfaces: Interfaces,
}

impl Part {
    pub(super) fn new(writing: Writing) -> Self {
        Self { encoder: Encoder::new(writing), interfaces: Interfaces::default() }
    }

    /// Appends a frame; the answer is what that added to what is pending, in bytes.
    pub(super) fn put(&mut self, interface: Interface, record: &Record<'_>) -> io::Result<usize> {
        let Self { encoder, interfaces } = self;
        let before = encoder.pending().len();
        let interface = interfaces.number(interface, |link, name| encoder.interface(link, name))?;
        encoder.frame(&Record { interface, ..*record }, 0)?;
        Ok(encoder.pending().len() - before)
    }

    pub(super) fn pending(&mut self) -> &mut Vec<u8> {
        self.encoder.pending()
    }
}
