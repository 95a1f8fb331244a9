//! A capture read in segments, by several at once.
//!
//! Who reads it from its start knows where each record begins, and what interfaces there are. Who begins in the middle
//! guesses where, and reads by what is known when he is made: what he found is true if the records before end where his
//! began, and nothing changed that they are read by. The one who reads from the start proves both, or reads it again.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::buffer::{Buffer, CHUNK};
use super::parser::Parser;
use super::source::{Arrival, ReadAt, Source};
use super::{Capture, Frame, Stage, Step};
use crate::error::CaptureError;

/// Bytes read at a time of the record that a segment ends in.
const OVERHANG: usize = 4096;
/// Bytes that a guess is made from, at least.
const EVIDENCE: usize = 64 * 1024;

impl Capture {
    /// Where the next record starts; `None` while there is no telling, or where the capture cannot be read in segments.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.source.shared()?;
        match &self.stage {
            Stage::Read(parser) if self.first.is_none() && parser.unfinished().is_none() => {
                Some(parser.offset())
            }
            _ => None,
        }
    }

    /// A number that stays the same as long as records mean the same.
    #[must_use]
    pub fn state(&self) -> u64 {
        match &self.stage {
            Stage::Read(parser) => parser.state(),
            _ => 0,
        }
    }

    /// Hands over the records that start before `until`; [`Step::Reached`] after the last of them.
    pub fn drain_to<F>(&mut self, until: u64, each: &mut F) -> Result<Step, CaptureError>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        while self.position().is_some_and(|position| position < until) {
            let held = self.source.bytes();
            let step = if held < until {
                self.most = usize::try_from(until - held).unwrap_or(usize::MAX);
                self.step(each)
            } else {
                // Bytes of the next segment are at hand: the records are taken one by one.
                self.most = OVERHANG;
                self.step_once(each)
            };
            self.most = usize::MAX;
            match step? {
                Step::More | Step::Reached => {}
                other => return Ok(other),
            }
        }
        Ok(if matches!(self.stage, Stage::Ended(_)) { Step::End } else { Step::Reached })
    }

    /// One step, that ends behind the first record.
    fn step_once<F>(&mut self, each: &mut F) -> Result<Step, CaptureError>
    where
        F: FnMut(Frame<'_>) -> ControlFlow<()>,
    {
        let mut wanted = true;
        let step = self.step(&mut |frame| {
            wanted = each(frame).is_continue();
            ControlFlow::Break(())
        })?;
        Ok(if step == Step::Stopped && wanted { Step::More } else { step })
    }

    /// Goes on at `offset`, up to which another has read the records.
    pub fn jump(&mut self, offset: u64) {
        let Stage::Read(parser) = &mut self.stage else {
            return;
        };
        let ahead = offset.saturating_sub(parser.offset());
        if ahead < self.buffer.bytes().len() as u64 {
            self.buffer.consume(ahead as usize);
            self.fresh = true;
        } else {
            self.buffer.clear();
            self.source.go_to(offset);
            self.fresh = false;
        }
        parser.stand_at(offset);
    }

    /// What segments of the capture are read by; `None` where it cannot be read in segments.
    #[must_use]
    pub fn segments(&self) -> Option<Segments> {
        self.position()?;
        let Stage::Read(parser) = &self.stage else {
            return None;
        };
        Some(Segments { parser: parser.clone(), file: Arc::clone(self.source.shared()?) })
    }
}

/// What is known of a capture when it begins to be read in segments.
#[derive(Clone)]
pub struct Segments {
    parser: Parser,
    file: Arc<dyn ReadAt>,
}

impl Segments {
    /// What records are read by; see [`Capture::state`].
    #[must_use]
    pub fn state(&self) -> u64 {
        self.parser.state()
    }

    /// One who reads them.
    #[must_use]
    pub fn reader(&self) -> SegmentReader {
        let capture = Capture {
            name: String::new(),
            source: Source::at(Arc::clone(&self.file)),
            buffer: Buffer::new(),
            most: usize::MAX,
            stage: Stage::Read(self.parser.clone()),
            fresh: false,
            interrupted: false,
            first: None,
            truncated_at: None,
            damage: None,
        };
        SegmentReader { parser: self.parser.clone(), capture }
    }
}

/// Reads segments of a capture, in any order.
pub struct SegmentReader {
    parser: Parser,
    capture: Capture,
}

impl SegmentReader {
    /// Hands over the records that seem to start within `segment`. From where to where they go; `None` where none was
    /// found, or something came up that only the one who reads from the start can tell the meaning of.
    pub fn read<F>(&mut self, segment: Range<u64>, each: &mut F) -> Option<Range<u64>>
    where
        F: FnMut(Frame<'_>),
    {
        let start = self.find_start(&segment)?;
        let step = self.capture.drain_to(segment.end, &mut |frame| {
            each(frame);
            ControlFlow::Continue(())
        });
        let end = self.capture.position()?;
        let is_sound = step.ok()? == Step::Reached && self.capture.state() == self.parser.state();
        is_sound.then_some(start..end)
    }

    /// Goes to where the first record of `segment` seems to start.
    fn find_start(&mut self, segment: &Range<u64>) -> Option<u64> {
        let capture = &mut self.capture;
        capture.buffer.clear();
        capture.source.go_to(segment.start);
        let len = usize::try_from(segment.end - segment.start).unwrap_or(usize::MAX);
        let wanted = len.clamp(EVIDENCE, CHUNK);
        while capture.buffer.bytes().len() < wanted {
            let left = wanted - capture.buffer.bytes().len();
            let room = capture.buffer.room();
            let most = room.len().min(left);
            match capture.source.read(&mut room[..most]) {
                Ok(Arrival::Bytes(count)) => capture.buffer.filled(count),
                _ => break,
            }
        }
        let bytes = capture.buffer.bytes();
        let at = self.parser.guess(bytes, segment.start, len.min(bytes.len()))?;
        capture.buffer.consume(at);
        capture.fresh = true;
        let (start, mut parser) = (segment.start + at as u64, self.parser.clone());
        parser.stand_at(start);
        capture.stage = Stage::Read(parser);
        Some(start)
    }
}
