//! A run: captures in the order of their first packets, one analysis, progress, interruption.

mod crew;
mod input;
mod live;
mod reading;
mod waiting;

pub use crew::Split;
pub use input::{Input, Origin};
pub use live::Live;
pub use reading::{Ahead, Position, Reading, Taken};

use std::ops::ControlFlow;

use crate::analysis::{Analysis, Settings, Window};
use crate::capture::{Facts, Frame};
use crate::decode::Overlays;
use crate::error::CaptureError;
use crate::packet::Packet;
use crate::select::Select;
use crate::sieve::Sieve;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is taken for an overlay.
    pub overlays: Overlays,
    /// Take in the ports whose traffic looks like VXLAN as well.
    pub auto_ports: bool,
    /// Which packets to report.
    pub select: Select,
    /// Whether checksums are verified.
    pub checksums: bool,
    /// Within which window copies of a packet are dropped; `None` counts each of them.
    pub dedup: Option<Window>,
    /// How many flows have rows of their own; `None` for all.
    pub max_flows: Option<u64>,
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

/// Reads `inputs` as one run. However the work is split, the run comes to the same.
pub fn scan(
    inputs: Vec<Input>,
    options: &Options,
    split: Split,
    monitor: &mut dyn Monitor,
) -> Result<Run, CaptureError> {
    let (first, inputs) = pass(kept(inputs, options)?, options.overlays.clone(), options, split, monitor)?;
    let found = first.analysis.tally().likely_ports();
    if !options.auto_ports || found.is_empty() || first.interrupted {
        return Ok(first);
    }
    Ok(pass(inputs, options.overlays.with_ports(&found), options, split, monitor)?.0)
}

/// Begins to read `inputs`, and tells what is taken for an overlay: what is asked for, and where that is wanted the
/// ports whose traffic looks like it. For runs that give answers on the way, and so must know before.
pub fn begin(
    inputs: Vec<Input>,
    options: &Options,
    monitor: &mut dyn Monitor,
) -> Result<(Reading, Overlays), CaptureError> {
    let asked = options.overlays.clone();
    if !options.auto_ports {
        return Ok((Reading::begin(inputs, options.count, monitor)?, asked));
    }
    let select = options.select.clone();
    let overlays = asked.clone();
    let settings = Settings { overlays, select, checksums: false, dedup: None, max_flows: None };
    let mut sieve = Sieve::new(settings);
    let mut packet = Packet::default();
    let mut reading = Reading::begin(kept(inputs, options)?, options.count, monitor)?;
    let mut take = |_, frame: &Frame<'_>| match sieve.look(frame, &mut packet) {
        Some(_) => Taken::Inside,
        None => Taken::Outside,
    };
    while reading.step(monitor, &mut take)? {}
    let interrupted = reading.interrupted();
    let mut reading = Reading::begin(reading.end().0, options.count, monitor)?;
    if interrupted {
        reading.stop();
    }
    Ok((reading, asked.with_ports(&sieve.tally().likely_ports())))
}

/// Which ports look like VXLAN's is known at the end: what can be read only once is kept for the second time.
fn kept(mut inputs: Vec<Input>, options: &Options) -> Result<Vec<Input>, CaptureError> {
    if options.auto_ports {
        inputs.iter_mut().try_for_each(Input::keep)?;
    }
    Ok(inputs)
}

fn observe(analysis: &mut Analysis, frame: &Frame<'_>) -> Taken {
    if analysis.observe(frame) { Taken::Inside } else { Taken::Outside }
}

fn pass(
    inputs: Vec<Input>,
    overlays: Overlays,
    options: &Options,
    split: Split,
    monitor: &mut dyn Monitor,
) -> Result<(Run, Vec<Input>), CaptureError> {
    let mut live = Live::over(inputs, overlays, options, split, monitor)?;
    while live.step(monitor)? {}
    Ok(live.end())
}
