//! A capture: told by magic, decompressed, read frame by frame.
//!
//! Bytes flow `source` (input, decompression) -> `buffer` -> `parser` (pcap, pcapng) -> the
//! caller's function. Memory stays bounded whatever the capture says about itself, and no frame is copied or
//! allocated for.

mod ahead;
mod buffer;
mod clock;
mod compressed;
mod facts;
mod link;
mod magic;
mod number;
mod parser;
mod pcap;
mod pcapng;
mod segment;
mod source;

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use self::buffer::Buffer;
use self::parser::Parser;
use self::source::{Arrival, MOST_EXPANSION, Source};
use crate::error::{CaptureError, Damage};

pub use self::clock::Clock;
pub use self::facts::{ByteOrder, Compression, Facts, Format};
pub use self::link::LinkType;
pub use self::segment::{SegmentReader, Segments};
pub use self::source::ReadAt;

/// The time of a frame that has none.
pub const NO_TIME: i64 = i64::MIN;

/// One record of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What was captured of it.
    pub data: &'a [u8],
    /// Its length on the wire, at least that of `data`.
    pub wire_len: u32,
    /// Nanoseconds since 1970 UTC, or [`NO_TIME`].
    pub time: i64,
    /// What its first byte belongs to.
    pub link: LinkType,
}

/// How one call of [`Capture::drain`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There may be more to read.
    More,
    /// The function said `Break`. The frame it said so on is consumed, those after it are not.
    Stopped,
    /// A signal interrupted the read. Nothing is lost: look at signals, then call again.
    Interrupted,
    /// All that was asked for was read, and there may be more.
    Reached,
    /// Everything that can be read was read.
    End,
}

/// A capture that is open for reading, once, from its start to its end.
pub struct Capture {
    name: String,
    source: Source,
    buffer: Buffer,
    stage: Stage,
    /// The most that is read at once.
    most: usize,
    /// Whether the buffer holds bytes that the current stage has not looked at.
    fresh: bool,
    /// A read was interrupted before there was a caller to tell.
    interrupted: bool,
    /// The frame that [`Capture::first_time`] looked at.
    first: Option<KeptFrame>,
    truncated_at: Option<u64>,
    damage: Option<Damage>,
}

/// What the next bytes of the source are for.
enum Stage {
    TellCompression,
    TellFormat,
    Read(Parser),
    Ended(Option<Parser>),
}

/// Why a source gives no more.
enum Ending {
    Whole,
    Cut,
    Damaged(Damage),
}

/// A frame that outlives the buffer.
struct KeptFrame {
    data: Vec<u8>,
    wire_len: u32,
    time: i64,
    link: LinkType,
}

impl Capture {
    /// Opens a capture; `name` is for messages. Reads as much as tells the format.
    ///
    /// An input that is cut short opens as long as its first four bytes are there.
    /// Where a signal interrupts, the capture opens all the same and the next call says so.
    pub fn open(name: &str, input: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        Self::open_source(name, Source::new(input))
    }

    /// Opens a capture that can be read anywhere, and so in segments.
    pub fn open_at(name: &str, file: Arc<dyn ReadAt>) -> Result<Self, CaptureError> {
        Self::open_source(name, Source::at(file))
    }

    fn open_source(name: &str, source: Source) -> Result<Self, CaptureError> {
        let mut capture = Self {
            name: name.to_owned(),
            source,
            buffer: Buffer::new(),
            most: usize::MAX,
            stage: Stage::TellCompression,
            fresh: false,
            interrupted: false,
            first: None,
            truncated_at: None,
            damage: None,
        };
        while matches!(capture.stage, Stage::TellCompression | Stage::TellFormat) {
            if capture.step(&mut |_| ControlFlow::Continue(()))? == Step::Interrupted {
                capture.interrupted = true;
                break;
            }
        }
        Ok(capture)
    }

    /// Refills the buffer once and hands over each frame that is whole.
    ///
    /// Errors end the capture, except for `CaptureError::Io`, after which a call tries again.
    /// A capture that is cut short or damaged behind its header ends with [`Step::End`]; the facts tell.
    #[inline]
    pub fn drain<F>(&mut self, each: &mut F) -> Result<Step, CaptureError>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        if self.interrupted {
            self.interrupted = false;
            return Ok(Step::Interrupted);
        }
        if let Some(kept) = self.first.take()
            && each(kept.frame()).is_break()
        {
            return Ok(Step::Stopped);
        }
        self.step(each)
    }

    /// The time of the next frame, which stays to be drained; of the first when nothing was drained before.
    /// `None` when there is no frame, or it has no time.
    ///
    /// A signal is told as `CaptureError::Io` of kind `Interrupted`, after which a call tries again.
    pub fn first_time(&mut self) -> Result<Option<i64>, CaptureError> {
        while self.first.is_none() {
            let mut kept = None;
            let mut keep = |frame: Frame<'_>| {
                kept = Some(KeptFrame::of(frame));
                ControlFlow::Break(())
            };
            match self.drain(&mut keep)? {
                Step::Interrupted => return Err(self.io(io::ErrorKind::Interrupted.into())),
                Step::End => break,
                Step::More | Step::Stopped | Step::Reached => self.first = kept,
            }
        }
        let time = self.first.as_ref().map(|kept| kept.time);
        Ok(time.filter(|time| *time != NO_TIME))
    }

    /// Has a thread of its own decompress it from here on, where it is a compressed file, with the help of `threads` others
    /// where its members can be told apart. What is read stays the same.
    pub fn decompress_ahead(&mut self, threads: usize) {
        if matches!(self.stage, Stage::Read(_)) {
            self.source.decompress_ahead(threads);
        }
    }

    /// What is known about the capture so far.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts {
            format: Format::Unknown,
            byte_order: ByteOrder::Unknown,
            timestamp_resolution: String::new(),
            sub_microsecond: false,
            link_types: Vec::new(),
            compression: self.source.compression(),
            bytes: self.bytes_taken(),
            complete: self.truncated_at.is_none(),
            truncated_at: self.truncated_at,
            damage: self.damage.clone(),
            dropped: None,
            clock: Clock::default(),
        };
        if let Stage::Read(parser) | Stage::Ended(Some(parser)) = &self.stage {
            parser.describe(&mut facts);
        }
        facts
    }

    /// Bytes of the input that records were read from. Where reading was stopped, how much more was in the buffer is
    /// nobody's business.
    fn bytes_taken(&self) -> u64 {
        match &self.stage {
            Stage::Read(parser) if self.source.compression().is_none() => parser.offset(),
            _ => self.source.bytes(),
        }
    }

    /// Bytes read from the input so far, before decompression.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes()
    }

    /// The name it was opened with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One refill, unless there are bytes that were not looked at, and one look.
    #[inline]
    fn step<F>(&mut self, each: &mut F) -> Result<Step, CaptureError>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        if matches!(self.stage, Stage::Ended(_)) {
            return Ok(Step::End);
        }
        if !self.fresh {
            let room = self.buffer.room();
            let most = room.len().min(self.most);
            match self.source.read(&mut room[..most]) {
                Ok(Arrival::Bytes(count)) => self.buffer.filled(count),
                Ok(Arrival::Nothing) => return Ok(Step::More),
                Ok(Arrival::End) => return self.end(Ending::Whole),
                Ok(Arrival::Cut) => return self.end(Ending::Cut),
                Ok(Arrival::Corrupt(words)) => {
                    let damage = self.corrupt(words);
                    return self.end(Ending::Damaged(damage));
                }
                Ok(Arrival::Expanded { bytes, compressed }) => {
                    let damage = self.expanded(bytes, compressed);
                    return self.end(Ending::Damaged(damage));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    return Ok(Step::Interrupted);
                }
                Err(error) => return Err(self.io(error)),
            }
        }
        self.fresh = false;
        match &mut self.stage {
            Stage::Read(parser) => match parser.drain(self.buffer.bytes(), each) {
                Ok(drained) => {
                    self.buffer.consume(drained.consumed);
                    self.fresh = drained.stopped;
                    Ok(if drained.stopped { Step::Stopped } else { Step::More })
                }
                Err(damage) => self.end(Ending::Damaged(damage)),
            },
            _ => self.tell(false),
        }
    }

    /// Tells compression and format, one a call, once there are enough bytes for it or there will be no more.
    #[cold]
    fn tell(&mut self, at_end: bool) -> Result<Step, CaptureError> {
        let head = self.buffer.bytes();
        if matches!(self.stage, Stage::TellCompression) {
            if head.len() < magic::COMPRESSION_LEN && !at_end {
                return Ok(Step::More);
            }
            self.stage = Stage::TellFormat;
            if let Some(compression) = magic::compression_of(head) {
                let started = self.source.decompress(compression, head);
                self.buffer.consume(usize::MAX);
                return started.map(|()| Step::More).map_err(|error| self.io(error));
            }
        }
        if head.len() < magic::FORMAT_LEN && !at_end {
            return Ok(Step::More);
        }
        match magic::parser_of(head) {
            Ok(Some(parser)) => {
                // What the parser took of the head counts in its offset.
                self.buffer.consume(parser.offset() as usize);
                self.stage = Stage::Read(parser);
                self.fresh = true;
                Ok(Step::More)
            }
            Ok(None) => Err(self.not_a_capture()),
            Err(version) => Err(self.unknown_version(version)),
        }
    }

    /// Ends the capture, or says that it never began. Where the format is still to be told, that comes first:
    /// the source ends once more.
    #[cold]
    fn end(&mut self, ending: Ending) -> Result<Step, CaptureError> {
        if !matches!(self.stage, Stage::Read(_)) {
            if let Ending::Damaged(damage) = ending {
                self.stage = Stage::Ended(None);
                return Err(self.damaged(damage));
            }
            return self.tell(true);
        }
        let Stage::Read(parser) = std::mem::replace(&mut self.stage, Stage::Ended(None)) else {
            return Ok(Step::End);
        };
        let (begun, offset) = (parser.has_begun(), parser.offset());
        let open_at = parser.unfinished();
        self.stage = Stage::Ended(Some(parser));
        let whole = matches!(ending, Ending::Whole) && open_at.is_none();
        if !(whole && self.buffer.bytes().is_empty()) {
            self.truncated_at = Some(open_at.unwrap_or(offset));
        }
        if let Ending::Damaged(damage) = ending {
            if !begun {
                return Err(self.damaged(damage));
            }
            self.damage = Some(damage);
        }
        Ok(Step::End)
    }

    /// Corrupt compressed data, where the bytes end that could be decoded.
    fn corrupt(&self, words: String) -> Damage {
        Damage {
            offset: self.decoded(),
            expected: format!("sound {} data", self.compression_name()),
            found: words,
            fatal: false,
        }
    }

    /// A bomb: a small file that would take hours to read.
    fn expanded(&self, bytes: u64, compressed: u64) -> Damage {
        let compression = self.compression_name();
        Damage {
            offset: self.decoded(),
            expected: format!("at most {MOST_EXPANSION} bytes for each of {compression} data"),
            found: format!(
                "{bytes} bytes of {compressed}; decompressed by another program and piped in, all is read"
            ),
            fatal: false,
        }
    }

    /// Where the bytes end that were decompressed and looked at.
    fn decoded(&self) -> u64 {
        let parsed = match &self.stage {
            Stage::Read(parser) => parser.offset(),
            _ => 0,
        };
        parsed + self.buffer.bytes().len() as u64
    }

    fn compression_name(&self) -> &'static str {
        self.source.compression().map_or("compressed", |it| it.name())
    }

    fn not_a_capture(&mut self) -> CaptureError {
        self.stage = Stage::Ended(None);
        CaptureError::NotACapture {
            name: self.name.clone(),
            found: magic::describe(self.buffer.bytes(), self.source.compression()),
        }
    }

    fn unknown_version(&mut self, version: magic::UnknownVersion) -> CaptureError {
        self.stage = Stage::Ended(None);
        CaptureError::UnknownVersion {
            name: self.name.clone(),
            offset: version.offset,
            expected: version.expected,
            found: version.found,
        }
    }

    fn damaged(&self, damage: Damage) -> CaptureError {
        CaptureError::Damaged { name: self.name.clone(), damage }
    }

    fn io(&self, source: io::Error) -> CaptureError {
        CaptureError::Io { name: self.name.clone(), source }
    }
}

impl KeptFrame {
    fn of(frame: Frame<'_>) -> Self {
        Self { data: frame.data.to_vec(), wire_len: frame.wire_len, time: frame.time, link: frame.link }
    }

    fn frame(&self) -> Frame<'_> {
        Frame { data: &self.data, wire_len: self.wire_len, time: self.time, link: self.link }
    }
}
