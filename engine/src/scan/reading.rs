//! The frames of several captures, one buffer at a time: in order, counted, with progress and interruption.

use std::io;
use std::ops::ControlFlow;

use super::crew::Crew;
use super::waiting::Changed;
use super::{Input, Monitor, Progress, observe};
use crate::analysis::Analysis;
use crate::capture::{Capture, Clock, Facts, Frame, LinkType, Step};
use crate::error::{CaptureError, Damage};

/// Which frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which capture it is in, from 0, in the order of the run.
    pub capture: usize,
    /// Its number there, from 1.
    pub number: u64,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is inside the time window, and so counts towards the frames that were asked for.
    Inside,
    /// It is outside.
    Outside,
    /// It is the last that is wanted.
    Last,
}

/// Captures that are being read as one run.
pub struct Reading {
    inputs: Vec<Input>,
    /// Which of them is read or comes next.
    at: usize,
    open: Option<Open>,
    progress: Progress,
    left: Option<u64>,
    captures: Vec<(String, Facts)>,
    interrupted: bool,
    ahead: Ahead,
}

/// What captures say of themselves before their first frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ahead {
    /// Whether a time may be finer than microseconds.
    pub sub_microsecond: bool,
    /// The first link type.
    pub link: Option<LinkType>,
}

struct Open {
    capture: Capture,
    clock: Clock,
    /// Bytes and frames of the captures before.
    bytes: u64,
    frames: u64,
}

impl Reading {
    /// Begins a run over at most `count` frames. Captures come in the order of their first packets; those without a time
    /// come last, as they were given.
    pub fn begin(
        inputs: Vec<Input>,
        count: Option<u64>,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, CaptureError> {
        let total = inputs.iter().map(Input::size).sum();
        let mut reading = Self {
            inputs,
            at: 0,
            open: None,
            progress: Progress { total, ..Progress::default() },
            left: count,
            captures: Vec::new(),
            interrupted: false,
            ahead: Ahead::default(),
        };
        if reading.inputs.len() > 1 {
            reading.put_in_order(monitor)?;
        }
        Ok(reading)
    }

    /// Reads up to the first frame, and tells what the captures that were opened so far say of themselves.
    pub fn look_ahead(&mut self, monitor: &mut dyn Monitor) -> Result<Ahead, CaptureError> {
        if let Some(mut open) = self.next()? {
            self.first_time(&mut open.capture, monitor)?;
            self.open = Some(open);
        }
        Ok(self.ahead)
    }

    fn put_in_order(&mut self, monitor: &mut dyn Monitor) -> Result<(), CaptureError> {
        let mut timed = Vec::with_capacity(self.inputs.len());
        for mut input in std::mem::take(&mut self.inputs) {
            let mut capture = input.open()?;
            let first = self.first_time(&mut capture, monitor)?;
            input.give_back(capture);
            timed.push((first.unwrap_or(i64::MAX), input));
        }
        timed.sort_by_key(|(first, _)| *first);
        self.inputs = timed.into_iter().map(|(_, input)| input).collect();
        Ok(())
    }

    fn first_time(
        &mut self,
        capture: &mut Capture,
        monitor: &mut dyn Monitor,
    ) -> Result<Option<i64>, CaptureError> {
        let time = loop {
            match capture.first_time() {
                Err(CaptureError::Io { source, .. }) if source.kind() == io::ErrorKind::Interrupted => {
                    if self.look(monitor, true).is_break() {
                        break None;
                    }
                }
                told => break told?,
            }
        };
        let facts = capture.facts();
        self.ahead.sub_microsecond |= facts.sub_microsecond;
        self.ahead.link = self.ahead.link.or(facts.link_types.first().copied());
        Ok(time)
    }

    /// Reads on by one buffer and hands over its frames, all of one capture. False at the end, which the monitor may
    /// bring about.
    #[inline]
    pub fn step<F>(&mut self, monitor: &mut dyn Monitor, each: &mut F) -> Result<bool, CaptureError>
    where
        F: FnMut(Position, &Frame<'_>) -> Taken,
    {
        self.step_by(monitor, |reading, open| reading.drain(open, None, each))
    }

    /// Reads on by one segment, which others of the crew may have walked already, and takes it into `analysis`.
    pub(super) fn step_with(
        &mut self,
        monitor: &mut dyn Monitor,
        crew: &mut Crew,
        analysis: &mut Analysis,
    ) -> Result<bool, CaptureError> {
        self.step_by(monitor, |reading, open| reading.take_turn(open, crew, analysis))
    }

    fn take_turn(
        &mut self,
        open: &mut Open,
        crew: &mut Crew,
        analysis: &mut Analysis,
    ) -> Result<Step, CaptureError> {
        if crew.threads() > 1 {
            open.capture.decompress_ahead(crew.threads());
        }
        let number = self.at - 1;
        let size = self.inputs.get(number).and_then(Input::size).unwrap_or_default();
        let turn = crew.turn((number, &open.capture), size, analysis);
        let until = turn.as_ref().map(|turn| turn.end);
        if let Some(mut part) = turn.and_then(|turn| turn.part) {
            let fits =
                self.left.is_none_or(|left| left > part.walked.inside()) && analysis.can_take(&part.walked);
            if fits {
                analysis.take_walked(&mut part.walked);
                self.progress.frames += part.walked.frames();
                open.clock.merge(part.walked.clock());
                self.left = self.left.map(|left| left - part.walked.inside());
                open.capture.jump(part.range.end);
            }
            crew.done(part.walked, analysis);
            if fits {
                return Ok(Step::Reached);
            }
        }
        self.drain(open, until, &mut |_, frame: &Frame<'_>| observe(analysis, frame))
    }

    #[inline]
    fn step_by(
        &mut self,
        monitor: &mut dyn Monitor,
        take: impl FnOnce(&mut Self, &mut Open) -> Result<Step, CaptureError>,
    ) -> Result<bool, CaptureError> {
        let Some(mut open) = self.next()? else {
            // Ctrl-C often ends the writer of a pipe too: then the end comes first, and the signal is still to be
            // looked at.
            let _ = self.look(monitor, true);
            return Ok(false);
        };
        let drained = take(self, &mut open);
        self.progress.bytes = open.bytes + open.capture.bytes_read();
        let size = self.inputs.get(self.at - 1).and_then(Input::size);
        let lost = size.filter(|size| matches!(drained, Ok(Step::End)) && open.capture.bytes_read() < *size);
        let broken = match drained {
            Ok(Step::Stopped) => {
                self.left = Some(0);
                None
            }
            Ok(Step::End) => None,
            Ok(step) => {
                if self.look(monitor, step == Step::Interrupted).is_continue() {
                    self.open = Some(open);
                    return Ok(true);
                }
                None
            }
            // What came before is whole; only this capture ends here.
            Err(CaptureError::Io { source, .. }) => Some(source),
            Err(error) => return Err(error),
        };
        self.tell_of(&open, broken, lost);
        Ok(true)
    }

    /// The capture that is read now, or the next one; `None` where there is none, or no more frames are wanted.
    fn next(&mut self) -> Result<Option<Open>, CaptureError> {
        if let Some(open) = self.open.take() {
            return Ok(Some(open));
        }
        let wanted = !self.interrupted && self.left != Some(0);
        let Some(input) = self.inputs.get_mut(self.at).filter(|_| wanted) else {
            return Ok(None);
        };
        self.at += 1;
        let Progress { bytes, frames, .. } = self.progress;
        Ok(Some(Open { capture: input.open()?, clock: Clock::default(), bytes, frames }))
    }

    /// Reads on by one buffer, or up to where it says.
    #[inline]
    fn drain<F>(&mut self, open: &mut Open, until: Option<u64>, each: &mut F) -> Result<Step, CaptureError>
    where
        F: FnMut(Position, &Frame<'_>) -> Taken,
    {
        let (before, capture, frames) = (open.frames, self.at - 1, &mut self.progress.frames);
        let clock = &mut open.clock;
        let mut take = |frame: &Frame<'_>| {
            *frames += 1;
            clock.see(frame.time);
            each(Position { capture, number: *frames - before }, frame)
        };
        let Some(left) = &mut self.left else {
            let mut each = |frame: Frame<'_>| match take(&frame) {
                Taken::Last => ControlFlow::Break(()),
                Taken::Inside | Taken::Outside => ControlFlow::Continue(()),
            };
            return match until {
                Some(until) => open.capture.drain_to(until, &mut each),
                None => open.capture.drain(&mut each),
            };
        };
        let mut each = |frame: Frame<'_>| {
            let taken = take(&frame);
            *left -= u64::from(taken != Taken::Outside);
            if *left == 0 || taken == Taken::Last {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        match until {
            Some(until) => open.capture.drain_to(until, &mut each),
            None => open.capture.drain(&mut each),
        }
    }

    /// `broken`: why it could not be read on; `lost`: the size that it had, where it came to its end before.
    fn tell_of(&mut self, open: &Open, broken: Option<io::Error>, lost: Option<u64>) {
        let mut facts = open.capture.facts();
        facts.clock = open.clock;
        if let Some(size) = lost.filter(|_| facts.damage.is_none()) {
            let found = format!("one that was cut to {} while it was read", facts.bytes);
            facts.complete = false;
            let (offset, expected) = (facts.bytes, format!("a file of {size} bytes"));
            facts.truncated_at = facts.truncated_at.or(Some(offset));
            facts.damage = Some(Damage { offset, expected, found, fatal: true });
        }
        if let Some(error) = broken {
            let expected = match error.get_ref() {
                Some(inner) if inner.is::<Changed>() => "a file that grows",
                _ => "readable input",
            };
            let (expected, found) = (expected.to_owned(), error.to_string());
            facts.complete = false;
            facts.damage = Some(Damage { offset: facts.bytes, expected, found, fatal: true });
        }
        self.captures.push((open.capture.name().to_owned(), facts));
    }

    fn look(&mut self, monitor: &mut dyn Monitor, interrupted: bool) -> ControlFlow<()> {
        let answer = monitor.look(self.progress, interrupted);
        self.interrupted |= answer.is_break();
        answer
    }

    /// What each capture says of itself, with its name: those that were read to their end, in the order of the run.
    #[must_use]
    pub fn captures(&self) -> &[(String, Facts)] {
        &self.captures
    }

    /// What the capture that is read now says of itself so far, with its name.
    #[must_use]
    pub fn under_way(&self) -> Option<(String, Facts)> {
        let open = self.open.as_ref()?;
        Some((open.capture.name().to_owned(), Facts { clock: open.clock, ..open.capture.facts() }))
    }

    /// The names of all captures, in the order of the run.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(Input::name)
    }

    /// Reads no more.
    pub(super) fn stop(&mut self) {
        self.interrupted = true;
    }

    /// Lets go of what is open and of what was still to come.
    pub fn close(&mut self) {
        self.left = Some(0);
        self.open = None;
        self.inputs.clear();
    }

    /// Whether the monitor stopped it.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Whether more of what is read now may take its time to come: it is no regular file.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.open.is_some() && self.inputs.get(self.at - 1).is_some_and(|input| input.size().is_none())
    }

    /// What was read, to be read again or told of.
    #[must_use]
    pub fn end(self) -> (Vec<Input>, Vec<(String, Facts)>) {
        (self.inputs, self.captures)
    }
}
