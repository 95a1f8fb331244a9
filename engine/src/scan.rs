//! A run: captures in the order of their first packets, one analysis, progress, interruption.

mod input;

pub use input::{Input, Origin};

use std::ops::ControlFlow;

use crate::analysis::{Analysis, LEAST_FRAMES, Settings};
use crate::capture::{Capture, Facts, Step};
use crate::decode::Ports;
use crate::error::{CaptureError, Damage};
use crate::select::Select;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// UDP destination ports of VXLAN.
    pub ports: Vec<u16>,
    /// Take in the ports whose traffic looks like VXLAN as well.
    pub auto_ports: bool,
    /// Which packets to report.
    pub select: Select,
    /// Stop after so many frames.
    pub count: Option<u64>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Bytes of input read.
    pub bytes: u64,
    /// Bytes of input in all, where that is known.
    pub total: Option<u64>,
    /// Frames read.
    pub frames: u64,
}

/// Is told now and then how far a run has come, and may stop it.
pub trait Monitor {
    /// Called after each buffer; `Break` ends the run with what was seen so far. `interrupted` when a signal came.
    fn look(&mut self, progress: Progress, interrupted: bool) -> ControlFlow<()>;
}

/// A monitor that lets a run go on.
pub struct Unwatched;

impl Monitor for Unwatched {
    fn look(&mut self, _: Progress, _: bool) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// What was seen.
    pub analysis: Analysis,
    /// What each capture says of itself, with its name, in the order of the run.
    pub captures: Vec<(String, Facts)>,
    /// Whether the monitor stopped it.
    pub interrupted: bool,
}

/// Reads `inputs` as one run.
pub fn scan(inputs: Vec<Input>, options: &Options, monitor: &mut dyn Monitor) -> Result<Run, CaptureError> {
    let mut inputs = inputs;
    if options.auto_ports {
        // Which ports those are is known at the end: what can be read only once is kept for the second time.
        for input in &mut inputs {
            input.keep()?;
        }
    }
    let first = pass(&mut inputs, &options.ports, options, monitor)?;
    let found: Vec<u16> = first
        .analysis
        .candidates()
        .filter(|candidate| candidate.frames >= LEAST_FRAMES)
        .map(|candidate| candidate.port)
        .collect();
    if !options.auto_ports || found.is_empty() || first.interrupted {
        return Ok(first);
    }
    let asked = first.analysis.settings().ports.iter();
    let ports: Vec<u16> = asked.chain(found).collect();
    pass(&mut inputs, &ports, options, monitor)
}

fn pass(
    inputs: &mut [Input],
    ports: &[u16],
    options: &Options,
    monitor: &mut dyn Monitor,
) -> Result<Run, CaptureError> {
    let settings = Settings { ports: Ports::new(ports), select: options.select.clone() };
    let mut pass = Pass {
        run: Run { analysis: Analysis::new(settings), captures: Vec::new(), interrupted: false },
        progress: Progress { total: inputs.iter().map(Input::size).sum(), ..Progress::default() },
        left: options.count,
        monitor,
    };
    for input in pass.in_order(inputs)? {
        pass.read(input)?;
    }
    // Ctrl-C often ends the writer of a pipe too: then the end comes first, and the signal is still to be looked at.
    let _ = pass.look(true);
    pass.run.analysis.finish();
    Ok(pass.run)
}

struct Pass<'a> {
    run: Run,
    progress: Progress,
    left: Option<u64>,
    monitor: &'a mut dyn Monitor,
}

impl Pass<'_> {
    /// The captures in the order of their first packets; those without a time come last, as they were given.
    fn in_order<'i>(&mut self, inputs: &'i mut [Input]) -> Result<Vec<&'i mut Input>, CaptureError> {
        let several = inputs.len() > 1;
        let mut timed = Vec::with_capacity(inputs.len());
        for input in inputs {
            let first = if several { self.first_time(input)? } else { None };
            timed.push((first.unwrap_or(i64::MAX), input));
        }
        timed.sort_by_key(|(first, _)| *first);
        Ok(timed.into_iter().map(|(_, input)| input).collect())
    }

    fn first_time(&mut self, input: &mut Input) -> Result<Option<i64>, CaptureError> {
        let mut capture = input.open()?;
        let time = loop {
            match capture.first_time() {
                Err(CaptureError::Io { source, .. }) if source.kind() == std::io::ErrorKind::Interrupted => {
                    if self.look(true).is_break() {
                        break None;
                    }
                }
                told => break told?,
            }
        };
        input.give_back(capture);
        Ok(time)
    }

    fn read(&mut self, input: &mut Input) -> Result<(), CaptureError> {
        if self.run.interrupted || self.left == Some(0) {
            return Ok(());
        }
        let mut capture = input.open()?;
        let before = self.progress.bytes;
        let broken = loop {
            match self.drain(&mut capture) {
                Ok(Step::End | Step::Stopped) => break None,
                Ok(step) => {
                    self.progress.bytes = before + capture.bytes_read();
                    if self.look(step == Step::Interrupted).is_break() {
                        break None;
                    }
                }
                // What came before is whole; only this capture ends here.
                Err(CaptureError::Io { source, .. }) => break Some(source),
                Err(error) => return Err(error),
            }
        };
        self.progress.bytes = before + capture.bytes_read();
        let mut facts = capture.facts();
        if let Some(error) = broken {
            let (expected, found) = ("readable input".to_owned(), error.to_string());
            facts.complete = false;
            facts.damage = Some(Damage { offset: facts.bytes, expected, found, fatal: true });
        }
        self.run.captures.push((capture.name().to_owned(), facts));
        Ok(())
    }

    fn drain(&mut self, capture: &mut Capture) -> Result<Step, CaptureError> {
        let (analysis, frames) = (&mut self.run.analysis, &mut self.progress.frames);
        let Some(left) = &mut self.left else {
            return capture.drain(&mut |frame| {
                *frames += 1;
                analysis.observe(&frame);
                ControlFlow::Continue(())
            });
        };
        capture.drain(&mut |frame| {
            *frames += 1;
            *left -= u64::from(analysis.observe(&frame));
            if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn look(&mut self, interrupted: bool) -> ControlFlow<()> {
        let answer = self.monitor.look(self.progress, interrupted);
        self.run.interrupted |= answer.is_break();
        answer
    }
}
