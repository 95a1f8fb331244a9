//! A run that writes flows once they are over, in memory that does not grow with the run.

use std::io::{self, Write};

use crate::analysis::{Ageing, Analysis, Settings};
use crate::capture::{Facts, Frame};
use crate::error::RunError;
use crate::packets::text::{Form, Lines};
use crate::scan::{self, Input, Monitor, Options, Taken};
use crate::views::flows::{self, FlowRow};

/// So much text is written at a time, in bytes.
const HANDED_ON: usize = 1 << 18;

/// What a run came to, but for what was written.
#[derive(Debug)]
pub struct Aged {
    /// What was seen. Its cells are those of flows that were under way at the end.
    pub analysis: Analysis,
    /// What each capture says of itself, with its name, in the order of the run.
    pub captures: Vec<(String, Facts)>,
    /// Whether the monitor stopped it.
    pub interrupted: bool,
    /// How many rows were written.
    pub rows: u64,
}

/// When a flow is over.
#[derive(Debug, Clone, Copy)]
pub struct Over {
    /// After so many nanoseconds without a packet, ...
    pub silence: i64,
    /// ... in whatever VNI: a flow is one 5-tuple in all of them.
    pub across_vnis: bool,
}

/// Reads `inputs` as one run, and writes each flow as a line of `form` once it is `over`, or in the end.
pub fn write(
    inputs: Vec<Input>,
    options: &Options,
    over: Over,
    form: Form,
    target: &mut dyn Write,
    monitor: &mut dyn Monitor,
) -> Result<Aged, RunError> {
    let (mut reading, overlays) = scan::begin(inputs, options, monitor)?;
    let Options { select, checksums, dedup, max_flows, .. } = options.clone();
    let mut analysis = Analysis::new(Settings { overlays, select, checksums, dedup, max_flows });
    let mut ageing = Ageing::new(over.silence);
    let mut lines = Lines::of::<FlowRow>(form).with_header::<FlowRow>();
    let mut failed = None;
    let read = loop {
        let step = reading.step(monitor, &mut |_, frame: &Frame<'_>| {
            if !analysis.observe(frame) {
                return Taken::Outside;
            }
            if let Some(since) = ageing.tick(frame.time)
                && let Err(error) = analysis.retire(since, over.across_vnis, |row, cells| {
                    lines.row(row, cells);
                    hand_on(&mut lines, target, HANDED_ON)
                })
            {
                failed = Some(error);
                return Taken::Last;
            }
            Taken::Inside
        });
        if let Some(error) = failed.take() {
            return Err(error.into());
        }
        if step.is_err() || matches!(step, Ok(false)) {
            break step;
        }
        if reading.is_live() {
            hand_on(&mut lines, target, 0)?;
        }
    };
    analysis.finish();
    for row in flows::ended(analysis.cells(), over.across_vnis, |_| true) {
        lines.row(&row, analysis.cells());
        hand_on(&mut lines, target, HANDED_ON)?;
    }
    hand_on(&mut lines, target, 0)?;
    read?;
    let interrupted = reading.interrupted();
    Ok(Aged { analysis, captures: reading.end().1, interrupted, rows: lines.rows() })
}

/// Writes what was drawn, where it is so many bytes.
fn hand_on(lines: &mut Lines, target: &mut dyn Write, least: usize) -> io::Result<()> {
    if lines.drawn().len() >= least && !lines.drawn().is_empty() {
        target.write_all(lines.drawn())?;
        target.flush()?;
        lines.drawn().clear();
    }
    Ok(())
}
