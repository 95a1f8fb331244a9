//! Looks at Python's signals and tells progress while a run goes on without the GIL.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use crate::scan::{Monitor, Progress};

/// Signals are looked at so often, and progress is told every other time.
const EVERY: Duration = Duration::from_millis(50);

pub(super) struct PyMonitor {
    progress: Option<Py<PyAny>>,
    /// Set by a reader when Ctrl-C came while Python was reading.
    interrupted: Arc<AtomicBool>,
    looked: Instant,
    /// What stopped the run.
    pub(super) raised: Option<PyErr>,
}

impl PyMonitor {
    pub(super) fn new(progress: Option<Py<PyAny>>, interrupted: Arc<AtomicBool>) -> Self {
        Self { progress, interrupted, looked: Instant::now(), raised: None }
    }

    fn look_attached(&self, py: Python<'_>, progress: Progress) -> PyResult<()> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(PyKeyboardInterrupt::new_err(()));
        }
        py.check_signals()?;
        match &self.progress {
            Some(callback) => {
                callback.call1(py, (progress.bytes, progress.total, progress.frames)).map(|_| ())
            }
            None => Ok(()),
        }
    }
}

impl Monitor for PyMonitor {
    fn look(&mut self, progress: Progress, interrupted: bool) -> ControlFlow<()> {
        // What stopped the run stops it for good.
        if self.raised.is_some() {
            return ControlFlow::Break(());
        }
        if !interrupted && self.looked.elapsed() < EVERY {
            return ControlFlow::Continue(());
        }
        self.looked = Instant::now();
        match Python::attach(|py| self.look_attached(py, progress)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.raised = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
