//! `Live`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;

use super::asked::{AskedOverlays, Dedup, Sources, inputs, selection};
use super::convert::{capture_error, option_error};
use super::monitor::PyMonitor;
use super::run::Analysis;
use crate::error::CaptureError;
use crate::scan::{self, Options, Run, Split};

/// A run that is looked at on its way.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct Live {
    /// `None` once it is over.
    run: Mutex<Option<UnderWay>>,
    keep_on_interrupt: bool,
}

struct UnderWay {
    run: scan::Live,
    monitor: PyMonitor,
}

impl UnderWay {
    /// Reads on for so long. What was seen until then, and whether it goes on.
    fn advance(mut self, time: Duration) -> Result<(Run, PyMonitor, Option<scan::Live>), CaptureError> {
        if self.run.advance(time, &mut self.monitor)? {
            Ok((self.run.so_far(), self.monitor, Some(self.run)))
        } else {
            Ok((self.run.end().0, self.monitor, None))
        }
    }
}

#[pymethods]
impl Live {
    #[new]
    #[pyo3(signature = (sources, *, overlays, select, checksums, dedup, max_flows, count, threads, progress, keep_on_interrupt))]
    // As `scan`.
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    fn new(
        py: Python<'_>,
        sources: Sources<'_>,
        overlays: AskedOverlays,
        select: Vec<(String, String)>,
        checksums: bool,
        dedup: Dedup,
        max_flows: Option<u64>,
        count: Option<u64>,
        threads: Option<usize>,
        progress: Option<Py<PyAny>>,
        keep_on_interrupt: bool,
    ) -> PyResult<Self> {
        if threads == Some(0) {
            return Err(option_error(py, "threads", "0", "one thread or more"));
        }
        let (inputs, interrupted) = inputs(&sources)?;
        let options = overlays.options(selection(py, select)?, dedup, count);
        let options = Options { checksums, max_flows, ..options };
        let mut monitor = PyMonitor::new(progress, interrupted);
        let run = py.detach(|| scan::Live::begin(inputs, &options, Split::over(threads), &mut monitor));
        let run = run.map_err(|error| capture_error(py, error))?;
        Ok(Self { run: Mutex::new(Some(UnderWay { run, monitor })), keep_on_interrupt })
    }

    #[getter]
    fn ended(&self) -> bool {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn stop(&self) {
        if let Some(under_way) = self.run.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            under_way.run.stop();
        }
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<Analysis> {
        let time =
            Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let taken = self.run.lock().unwrap_or_else(PoisonError::into_inner).take();
        let under_way = taken.ok_or_else(|| PyValueError::new_err("the run is over"))?;
        let advanced = py.detach(|| under_way.advance(time));
        let (run, mut monitor, more) = advanced.map_err(|error| capture_error(py, error))?;
        match monitor.raised.take() {
            Some(error) if !(self.keep_on_interrupt && error.is_instance_of::<PyKeyboardInterrupt>(py)) => {
                return Err(error);
            }
            _ => {}
        }
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = more.map(|run| UnderWay { run, monitor });
        Ok(Analysis::new(run.analysis, run.captures, run.interrupted))
    }
}
