//! `write_flows`.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use super::asked::{AskedOverlays, Dedup, Sources, inputs, selection};
use super::convert::run_error;
use super::monitor::PyMonitor;
use super::packets::form_named;
use super::target;
use super::told::Outcome;
use crate::ageing::{self, Over};
use crate::scan::Options;
use crate::stream::Told;

/// Writes a line for each flow once it is over.
#[pyfunction]
#[pyo3(signature = (
    sources, *, overlays, select, checksums, dedup, max_flows, count, silence, across_vnis, form, target, progress
))]
// Python names each argument, and hands over what it made of them.
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn write_flows(
    py: Python<'_>,
    sources: Sources<'_>,
    overlays: AskedOverlays,
    select: Vec<(String, String)>,
    checksums: bool,
    dedup: Dedup,
    max_flows: Option<u64>,
    count: Option<u64>,
    silence: i64,
    across_vnis: bool,
    form: &str,
    target: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Outcome, u64)> {
    let form = form_named(py, form)?;
    let (inputs, interrupted) = inputs(&sources)?;
    let options = overlays.options(selection(py, select)?, dedup, count);
    let options = Options { checksums, max_flows, ..options };
    let over = Over { silence: silence.max(0), across_vnis };
    let mut monitor = PyMonitor::new(progress, interrupted);
    let mut target = target::open(target)?;
    let run = py.detach(|| ageing::write(inputs, &options, over, form, &mut target, &mut monitor));
    let run = run.map_err(|error| run_error(py, error))?;
    match monitor.raised {
        Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
        _ => {
            let told = Told {
                tally: run.analysis.tally(),
                selected: run.analysis.selected(),
                incomplete: run.analysis.incomplete_datagrams(),
                ports: &run.analysis.settings().overlays.ports,
                captures: &run.captures,
                interrupted: run.interrupted,
            };
            Ok((Outcome::new(py, &told, run.rows)?, run.analysis.cells().rest()))
        }
    }
}
