//! What a run has to say of itself, as plain values.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::convert::value;
use crate::analysis::{Candidate, Found, Incomplete, Tally, Window};
use crate::capture::{Compression, Facts, NO_TIME};
use crate::disposition::{Disposition, Ending};
use crate::stream::Told;
use crate::value::Value;
use crate::write::encap::LeftOut;
use crate::write::output::{Losses, Written};

/// What a run that wrote came to.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct Outcome {
    captures: Vec<(String, Facts)>,
    frames: Py<PyDict>,
    copies: Py<PyDict>,
    candidates: Vec<PortCandidate>,
    ports: Vec<u16>,
    #[pyo3(get)]
    interrupted: bool,
    #[pyo3(get)]
    written: u64,
    /// What is not as it should be, in frames, by name.
    losses: Vec<(&'static str, u64)>,
    files: Vec<(String, u64)>,
}

/// UDP port, frames that look like VXLAN, VNIs, how many of the frames come from a port of VXLAN's.
pub(super) type PortCandidate = (u16, u64, Vec<u32>, u64);

impl Outcome {
    pub(super) fn new(py: Python<'_>, told: &Told<'_>, written: u64) -> PyResult<Self> {
        Ok(Self {
            captures: told.captures.to_vec(),
            frames: frames(py, told.tally, told.selected, told.incomplete)?.unbind(),
            copies: copies(py, told.tally)?.unbind(),
            candidates: candidates(told.tally),
            ports: told.ports.iter().collect(),
            interrupted: told.interrupted,
            written,
            losses: Vec::new(),
            files: Vec::new(),
        })
    }

    /// Of a run that wrote captures.
    pub(super) fn of_captures(
        py: Python<'_>,
        told: &Told<'_>,
        written: Written,
        left_out: LeftOut,
    ) -> PyResult<Self> {
        let Losses { untimed, times_cut, frames_cut, not_ethernet: without_ethernet } = written.losses;
        let LeftOut { not_ethernet, too_short, too_long } = left_out;
        let losses = vec![
            ("untimed", untimed),
            ("times_cut", times_cut),
            ("frames_cut", frames_cut),
            ("not_ethernet", not_ethernet + without_ethernet),
            ("too_short", too_short),
            ("too_long", too_long),
        ];
        Ok(Self { losses, files: written.files, ..Self::new(py, told, written.frames)? })
    }
}

#[pymethods]
impl Outcome {
    fn captures<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        captures(py, &self.captures)
    }

    fn frames<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.frames.bind(py).clone()
    }

    fn copies<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.copies.bind(py).clone()
    }

    fn candidates(&self) -> Vec<PortCandidate> {
        self.candidates.clone()
    }

    fn losses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts(py, self.losses.iter().copied())
    }

    fn files(&self) -> Vec<(String, u64)> {
        self.files.clone()
    }

    fn ports(&self) -> Vec<u16> {
        self.ports.clone()
    }
}

/// The reasons that frames can have, each with what they count as.
#[pyfunction]
pub(super) fn reasons() -> Vec<(&'static str, &'static str)> {
    Ending::reasons().map(|ending| (ending.name(), ending.disposition().name())).collect()
}

pub(super) fn frames<'py>(
    py: Python<'py>,
    tally: &Tally,
    selected: u64,
    (incomplete, for_memory): (u64, u64),
) -> PyResult<Bound<'py, PyDict>> {
    let endings = tally.endings();
    let frames = PyDict::new(py);
    frames.set_item("total", endings.total())?;
    for disposition in [
        Disposition::Vxlan,
        Disposition::Fragment,
        Disposition::Other,
        Disposition::Invalid,
        Disposition::Malformed,
    ] {
        frames.set_item(disposition.name(), endings.of(disposition))?;
    }
    frames.set_item("selected", selected)?;
    frames.set_item("reasons", counts(py, endings.reasons())?)?;
    frames.set_item("notes", counts(py, tally.notes())?)?;
    frames.set_item("encapsulations", counts(py, endings.encapsulations())?)?;
    frames.set_item("incomplete_datagrams", incomplete)?;
    frames.set_item("incomplete_for_memory", for_memory)?;
    Ok(frames)
}

pub(super) fn copies<'py>(py: Python<'py>, tally: &Tally) -> PyResult<Bound<'py, PyDict>> {
    let Found { packets, bare, looked_at } = tally.copies().found();
    let Window { time, frames } = tally.copies().window();
    let copies = PyDict::new(py);
    copies.set_item("dropped", tally.copies().are_dropped())?;
    copies.set_item("packets", packets)?;
    copies.set_item("bare", bare)?;
    copies.set_item("frames_examined", looked_at)?;
    copies.set_item("window_s", time as f64 / 1e9)?;
    copies.set_item("window_frames", frames)?;
    Ok(copies)
}

pub(super) fn incomplete<'py>(py: Python<'py>, told: &Incomplete) -> PyResult<Bound<'py, PyDict>> {
    let datagram = PyDict::new(py);
    datagram.set_item("source", told.datagram.source().to_string())?;
    datagram.set_item("destination", told.datagram.destination().to_string())?;
    datagram.set_item("identification", told.datagram.identification())?;
    datagram.set_item("vni", told.vni)?;
    datagram.set_item("frames", told.frames)?;
    datagram.set_item("wire_bytes", told.wire_bytes)?;
    let time = Some(told.first_seen).filter(|time| *time != NO_TIME);
    datagram.set_item("first_seen", value(py, Value::maybe(time, Value::Time))?)?;
    datagram.set_item("missing", told.gaps())?;
    datagram.set_item("why", told.why.name())?;
    Ok(datagram)
}

pub(super) fn candidates(tally: &Tally) -> Vec<PortCandidate> {
    let told = |c: &Candidate| (c.port, c.frames, c.vnis.iter().copied().collect(), c.from_vxlan_ports);
    tally.candidates().map(told).collect()
}

pub(super) fn counts(
    py: Python<'_>,
    named: impl IntoIterator<Item = (&'static str, u64)>,
) -> PyResult<Bound<'_, PyDict>> {
    let counts = PyDict::new(py);
    named.into_iter().try_for_each(|(name, count)| counts.set_item(name, count))?;
    Ok(counts)
}

pub(super) fn captures<'py>(
    py: Python<'py>,
    captures: &[(String, Facts)],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    captures.iter().map(|(name, facts)| capture(py, name, facts)).collect()
}

fn capture<'py>(py: Python<'py>, name: &str, facts: &Facts) -> PyResult<Bound<'py, PyDict>> {
    let link_types: Vec<String> = facts.link_types.iter().map(|link| link.name().into_owned()).collect();
    let capture = PyDict::new(py);
    capture.set_item("name", name)?;
    capture.set_item("format", facts.format.name())?;
    capture.set_item("byte_order", facts.byte_order.name())?;
    let resolution = Some(&facts.timestamp_resolution).filter(|resolution| !resolution.is_empty());
    capture.set_item("timestamp_resolution", resolution)?;
    capture.set_item("link_types", link_types)?;
    capture.set_item("compression", facts.compression.map(Compression::name))?;
    capture.set_item("bytes", facts.bytes)?;
    capture.set_item("complete", facts.complete)?;
    capture.set_item("truncated_at", facts.truncated_at)?;
    capture.set_item("dropped_packets", facts.dropped)?;
    capture.set_item("clock_steps", facts.clock.steps())?;
    capture.set_item("largest_clock_step_s", facts.clock.largest_step())?;
    capture.set_item("damage", facts.damage.as_ref().map(ToString::to_string))?;
    capture.set_item("fatal", facts.damage.as_ref().is_some_and(|damage| damage.fatal))?;
    Ok(capture)
}
