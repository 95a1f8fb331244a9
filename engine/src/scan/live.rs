//! A run that can be looked at on its way.

use std::time::{Duration, Instant};

use super::crew::{Crew, Split};
use super::{Input, Monitor, Options, Reading, Run};
use crate::analysis::{Analysis, Settings};
use crate::capture::Facts;
use crate::decode::Overlays;
use crate::error::CaptureError;

/// A run under way.
pub struct Live {
    reading: Reading,
    analysis: Analysis,
    crew: Crew,
}

impl Live {
    /// Begins. VXLAN's ports are those that are asked for: to look for others a run has to be read twice.
    pub fn begin(
        inputs: Vec<Input>,
        options: &Options,
        split: Split,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, CaptureError> {
        Self::over(inputs, options.overlays.clone(), options, split, monitor)
    }

    pub(super) fn over(
        inputs: Vec<Input>,
        overlays: Overlays,
        options: &Options,
        split: Split,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, CaptureError> {
        let Options { select, checksums, dedup, max_flows, .. } = options.clone();
        let settings = Settings { overlays, select, checksums, dedup, max_flows };
        let analysis = Analysis::new(settings);
        let reading = Reading::begin(inputs, options.count, monitor)?;
        // Whether a frame is a copy that is to be dropped depends on those before it, so that each is looked at in its
        // turn.
        let crew = Crew::new(if options.dedup.is_some() { Split::NONE } else { split });
        Ok(Self { reading, analysis, crew })
    }

    /// Reads on by one buffer or segment. False at the end, which the monitor may bring about.
    pub fn step(&mut self, monitor: &mut dyn Monitor) -> Result<bool, CaptureError> {
        self.reading.step_with(monitor, &mut self.crew, &mut self.analysis)
    }

    /// Reads on for so long, one step at least. False at the end.
    pub fn advance(&mut self, time: Duration, monitor: &mut dyn Monitor) -> Result<bool, CaptureError> {
        let begun = Instant::now();
        while self.step(monitor)? {
            if begun.elapsed() >= time {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads no more.
    pub fn stop(&mut self) {
        self.reading.stop();
    }

    /// What was seen so far, apart from what goes on.
    #[must_use]
    pub fn so_far(&mut self) -> Run {
        self.analysis.finish();
        let mut analysis = Analysis::new(self.analysis.settings().clone());
        analysis.merge(&self.analysis);
        Run { analysis, captures: self.captures(), interrupted: self.reading.interrupted() }
    }

    fn captures(&self) -> Vec<(String, Facts)> {
        self.reading.captures().iter().cloned().chain(self.reading.under_way()).collect()
    }

    /// What was seen, and the inputs to be read again.
    #[must_use]
    pub fn end(mut self) -> (Run, Vec<Input>) {
        self.analysis.finish();
        let interrupted = self.reading.interrupted();
        let (inputs, captures) = self.reading.end();
        (Run { analysis: self.analysis, captures, interrupted }, inputs)
    }
}
