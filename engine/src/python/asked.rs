//! What a run is asked: its sources and its selection.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::convert::{filter_error, option_error};
use super::reader::PyReader;
use crate::analysis::Window;
use crate::decode::{Overlays, Ports};
use crate::encapsulation::Encapsulation;
use crate::scan::{Input, Options, Origin};
use crate::select::{Select, SelectError};

/// Name to show, and a path, contents or an open binary file.
pub(super) type Sources<'py> = Vec<(String, Bound<'py, PyAny>)>;

/// The sources as inputs, and what is set when Ctrl-C comes while Python reads for one of them.
pub(super) fn inputs(sources: &Sources<'_>) -> PyResult<(Vec<Input>, Arc<AtomicBool>)> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let inputs = sources
        .iter()
        .map(|(name, source)| Ok(Input::new(name, origin(source, &interrupted)?)))
        .collect::<PyResult<_>>()?;
    Ok((inputs, interrupted))
}

/// Nanoseconds and frames within which copies are dropped, each the default where it is not given.
pub(super) type Dedup = Option<(Option<u64>, Option<u32>)>;

fn window(dedup: Dedup) -> Option<Window> {
    let usual = Window::default();
    dedup.map(|(time, frames)| Window {
        time: time.unwrap_or(usual.time),
        frames: frames.unwrap_or(usual.frames),
    })
}

/// The attributes of `vxinspect.overlays.Overlays`, which has checked them.
#[derive(FromPyObject)]
pub(super) struct AskedOverlays {
    ports: Vec<u16>,
    auto_ports: bool,
    encapsulations: Vec<String>,
    max_depth: usize,
    match_source_port: bool,
}

impl AskedOverlays {
    pub(super) fn options(self, select: Select, dedup: Dedup, count: Option<u64>) -> Options {
        let selected = self.encapsulations.iter().filter_map(|name| Encapsulation::named(name)).collect();
        let overlays = Overlays::new(Ports::new(&self.ports), selected, self.max_depth)
            .matching_source_port(self.match_source_port);
        Options {
            overlays,
            auto_ports: self.auto_ports,
            select,
            checksums: false,
            dedup: window(dedup),
            max_flows: None,
            count,
        }
    }
}

pub(super) fn selection(py: Python<'_>, terms: Vec<(String, String)>) -> PyResult<Select> {
    Select::new(terms).map_err(|error| match error {
        SelectError::Term { field, text, expected } => option_error(py, &field, &text, expected),
        SelectError::Filter(error) => filter_error(py, error),
    })
}

/// `-` is standard input, and so is it where it is to grow: a pipe has no end but its own.
fn origin(source: &Bound<'_, PyAny>, interrupted: &Arc<AtomicBool>) -> PyResult<Origin> {
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok(Origin::Bytes(bytes.as_bytes().into()));
    }
    if source.is_instance_of::<PyString>() {
        let path: PathBuf = source.extract()?;
        return Ok(if path.as_os_str() == "-" { Origin::Stdin } else { Origin::Path(path) });
    }
    if let Ok(path) = source.getattr("growing") {
        let path: PathBuf = path.extract()?;
        return Ok(if path.as_os_str() == "-" { Origin::Stdin } else { Origin::Growing(path) });
    }
    if !source.hasattr("read")? {
        return Err(PyTypeError::new_err("a source must be a path, bytes or a binary file object"));
    }
    let object = source.clone().unbind();
    Ok(Origin::Reader(Box::new(PyReader { object, interrupted: Arc::clone(interrupted) })))
}
