//! `Packet`, `PacketReader` and `write_packets`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::asked::{AskedOverlays, Dedup, Sources, inputs, selection};
use super::convert::{capture_error, option_error, run_error, value};
use super::monitor::PyMonitor;
use super::target;
use super::told::{self, Outcome, PortCandidate};
use crate::capture::{LinkType, NO_TIME};
use crate::disposition::Ending;
use crate::encapsulation::{Around, Carriers};
use crate::packet::{self, Layer};
use crate::packets::text::{Form, Text};
use crate::packets::{self, COLUMNS, Row, Wanted};
use crate::scan::Position;
use crate::stream::{Seen, Stream};

/// A frame with its bytes.
#[pyclass(frozen, module = "vxinspect")]
pub(super) struct Packet {
    position: Position,
    /// Of its capture, where the run reads several.
    name: Option<Arc<str>>,
    time: i64,
    wire_len: u32,
    link: LinkType,
    ending: Ending,
    decoded: packet::Packet,
    layers: Box<[Layer]>,
    carriers: Carriers,
    data: Box<[u8]>,
    /// The inner frame, where it is put together from fragments, and so not in the data.
    together: Option<Box<[u8]>>,
}

impl Packet {
    fn of(seen: &Seen<'_>, names: &[Arc<str>]) -> Self {
        Self {
            position: seen.position,
            name: names.get(seen.position.capture).cloned(),
            time: seen.frame.time,
            wire_len: seen.frame.wire_len,
            link: seen.frame.link,
            ending: seen.look.ending,
            decoded: seen.packet().copied().unwrap_or_default(),
            layers: seen.around().layers.into(),
            carriers: seen.around().carriers,
            data: seen.frame.data.into(),
            together: seen.packet().is_some_and(is_together).then(|| seen.inner().into()),
        }
    }

    fn row(&self) -> Row<'_> {
        Row {
            position: self.position,
            time: self.time,
            wire_len: self.wire_len,
            captured_len: self.data.len() as u32,
            ending: self.ending,
            packet: self.ending.is_packet().then_some(&self.decoded),
            around: Around { layers: &self.layers, carriers: self.carriers },
        }
    }

    fn column<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let name = || self.name.as_deref().map(str::to_owned);
        value(py, COLUMNS[index].of(&self.row(), name))
    }
}

fn is_together(packet: &packet::Packet) -> bool {
    packet.notes.has(packet::Note::Reassembled)
}

/// Where a column stands; a name that is none's does not compile.
const fn index_of(name: &str) -> usize {
    let mut index = 0;
    while !is_same(COLUMNS[index].name.as_bytes(), name.as_bytes()) {
        index += 1;
    }
    index
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// The class's methods: a getter for each column, which `PyO3` wants in one block with the others.
macro_rules! with_columns {
    ([$($name:ident)*] $($methods:tt)*) => {
        #[pymethods]
        impl Packet {
            $(
                #[getter]
                fn $name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                    const INDEX: usize = index_of(stringify!($name));
                    self.column(py, INDEX)
                }
            )*
            $($methods)*
        }
    };
}

with_columns! {
    [
        number capture time src_vtep dst_vtep outer_src_port udp_port vni src_mac dst_mac vlan ethertype
        src_ip dst_ip protocol src_port dst_port tcp_flags wire_length captured_length inner_length
        payload_length disposition reason notes encapsulation depth policy_id flow_id
    ]

    #[getter]
    fn time_ns(&self) -> Option<i64> {
        Some(self.time).filter(|time| *time != NO_TIME)
    }

    #[getter]
    fn link_type(&self) -> String {
        self.link.name().into_owned()
    }

    #[getter]
    fn frame<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data)
    }

    #[getter]
    fn inner<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let inner = self.together.as_deref().unwrap_or_else(|| self.decoded.inner(&self.data));
        self.ending.is_packet().then(|| PyBytes::new(py, inner))
    }

    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let values: Vec<_> = (0..COLUMNS.len()).map(|index| self.column(py, index)).collect::<PyResult<_>>()?;
        PyTuple::new(py, values)
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let row = PyDict::new(py);
        for (index, column) in COLUMNS.iter().enumerate() {
            row.set_item(column.name, self.column(py, index)?)?;
        }
        Ok(row)
    }

    fn __repr__(&self) -> String {
        let Self { position: Position { number, .. }, wire_len, .. } = self;
        match self.row().packet {
            Some(packet) => {
                let (vni, inner) = (packet.key.vni(), packet.inner_len);
                format!("<Packet {number}: VNI {vni}, {inner} of {wire_len} bytes>")
            }
            None => format!("<Packet {number}: {}, {wire_len} bytes>", self.ending.name()),
        }
    }
}

/// Reads packets as they are asked for.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct PacketReader {
    state: Mutex<State>,
}

struct State {
    stream: Stream,
    /// Where there are several captures.
    names: Vec<Arc<str>>,
    wanted: Wanted,
    monitor: PyMonitor,
}

impl State {
    /// The frames of the next buffers, at least one; none at the end.
    fn batch(&mut self, py: Python<'_>) -> PyResult<Vec<Packet>> {
        let Self { stream, names, wanted, monitor } = self;
        let mut batch = Vec::new();
        let read = py.detach(|| {
            loop {
                let mut take =
                    |seen: &Seen<'_>| wanted.take(seen, |seen| batch.push(Packet::of(seen, names)));
                if !stream.step(monitor, &mut take)? || !batch.is_empty() {
                    return Ok(());
                }
            }
        });
        read.map_err(|error| capture_error(py, error))?;
        // What came with an interruption is given first: the call after this one finds the end, and raises.
        match self.monitor.raised.take_if(|_| batch.is_empty()) {
            Some(error) => Err(error),
            None => Ok(batch),
        }
    }
}

#[pymethods]
impl PacketReader {
    #[new]
    #[pyo3(signature = (sources, *, overlays, select, dedup, count, limit, all_frames, progress))]
    // Python names each argument, and hands over what it made of them.
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    fn new(
        py: Python<'_>,
        sources: Sources<'_>,
        overlays: AskedOverlays,
        select: Vec<(String, String)>,
        dedup: Dedup,
        count: Option<u64>,
        limit: Option<u64>,
        all_frames: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let (inputs, interrupted) = inputs(&sources)?;
        let options = overlays.options(selection(py, select)?, dedup, count);
        let mut monitor = PyMonitor::new(progress, interrupted);
        let stream = py.detach(|| Stream::begin(inputs, &options, &mut monitor));
        let stream = stream.map_err(|error| capture_error(py, error))?;
        let names = several(&stream).into_iter().map(Arc::from).collect();
        let state = State { stream, names, wanted: Wanted { all: all_frames, limit }, monitor };
        Ok(Self { state: Mutex::new(state) })
    }

    fn batch(&self, py: Python<'_>) -> PyResult<Vec<Packet>> {
        self.state(py).batch(py)
    }

    fn close(&self, py: Python<'_>) {
        self.state(py).stream.close();
    }

    fn captures<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        told::captures(py, self.state(py).stream.told().captures)
    }

    fn frames<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.state(py);
        let told = state.stream.told();
        told::frames(py, told.tally, told.selected, told.incomplete)
    }

    fn copies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        told::copies(py, self.state(py).stream.told().tally)
    }

    fn candidates(&self, py: Python<'_>) -> Vec<PortCandidate> {
        told::candidates(self.state(py).stream.told().tally)
    }

    fn ports(&self, py: Python<'_>) -> Vec<u16> {
        self.state(py).stream.told().ports.iter().collect()
    }

    #[getter]
    fn interrupted(&self, py: Python<'_>) -> bool {
        self.state(py).stream.told().interrupted
    }
}

impl PacketReader {
    /// Another thread may be reading, and needs the interpreter's lock for that.
    fn state(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        use pyo3::sync::MutexExt;
        self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of the captures, where there are several.
fn several(stream: &Stream) -> Vec<String> {
    let names: Vec<String> = stream.names().map(str::to_owned).collect();
    if names.len() > 1 { names } else { Vec::new() }
}

pub(super) fn form_named(py: Python<'_>, name: &str) -> PyResult<Form> {
    match name {
        "json" => Ok(Form::Json),
        "jsonl" => Ok(Form::JsonLines),
        "csv" => Ok(Form::Csv),
        other => Err(option_error(py, "form", other, "json, jsonl or csv")),
    }
}

/// Writes rows as text.
#[pyfunction]
#[pyo3(signature = (
    sources, *, overlays, select, dedup, count, limit, all_frames, form, names, target, progress
))]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn write_packets(
    py: Python<'_>,
    sources: Sources<'_>,
    overlays: AskedOverlays,
    select: Vec<(String, String)>,
    dedup: Dedup,
    count: Option<u64>,
    limit: Option<u64>,
    all_frames: bool,
    form: &str,
    names: HashMap<String, String>,
    target: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    let form = form_named(py, form)?;
    let (inputs, interrupted) = inputs(&sources)?;
    let options = overlays.options(selection(py, select)?, dedup, count);
    let mut monitor = PyMonitor::new(progress, interrupted);
    let mut target = target::open(target)?;
    let run = py.detach(|| {
        let mut stream = Stream::begin(inputs, &options, &mut monitor)?;
        let name = |name: String| names.get(&name).cloned().unwrap_or_default();
        let text = Text::new(form, several(&stream).into_iter().map(name).collect());
        let wanted = Wanted { all: all_frames, limit };
        let rows = packets::write(&mut stream, wanted, text, &mut target, &mut monitor)?;
        Ok((stream, rows))
    });
    let (stream, rows) = run.map_err(|error| run_error(py, error))?;
    match monitor.raised {
        Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
        _ => Outcome::new(py, &stream.told(), rows),
    }
}
