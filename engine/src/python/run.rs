//! `scan`, `Analysis` and `Rows`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

use super::arrow;
use super::asked::{AskedOverlays, Dedup, Sources, inputs, selection};
use super::convert::{capture_error, option_error, value};
use super::monitor::PyMonitor;
use super::packets::form_named;
use super::told::{self, PortCandidate, counts};
use crate::analysis;
use crate::capture::Facts;
use crate::cells;
use crate::scan::{self as run, Options, Split};
use crate::select::field::{FIELDS, Field};
use crate::value::Value;
use crate::views::vnis::{self, VniRow};
use crate::views::{self, AnyTable, Demand, View, flows, summary, underlay};

/// What one run saw.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct Analysis {
    seen: Arc<analysis::Analysis>,
    /// Rolled up once: a summary needs them twice.
    vnis: OnceLock<Vec<VniRow>>,
    /// How many pairs of flows would be one across VNIs: found with the flows, where those were asked for.
    pairs: OnceLock<u64>,
    captures: Vec<(String, Facts)>,
    #[pyo3(get)]
    interrupted: bool,
}

/// Source and destination VTEP, the smallest MTU told, and how many errors tell that a packet is too large, that it is
/// undeliverable, that its time was exceeded, that a header makes no sense.
type IcmpErrors = (String, String, Option<u32>, (u64, u64, u64, u64));

/// The rows of one table.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct Rows {
    seen: Arc<analysis::Analysis>,
    table: Arc<dyn AnyTable>,
}

#[pymethods]
impl Rows {
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.table.columns())
    }

    #[getter]
    fn total(&self) -> usize {
        self.table.total()
    }

    fn __len__(&self) -> usize {
        self.table.len()
    }

    fn rows<'py>(&self, py: Python<'py>, start: usize, stop: usize) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let rows = (start..stop).map_while(|row| self.table.values(row, self.seen.cells()));
        rows.map(|values| tuple(py, values)).collect()
    }

    fn text(&self, py: Python<'_>, form: &str, start: usize, stop: usize) -> PyResult<Option<String>> {
        let form = form_named(py, form)?;
        let stop = stop.min(self.table.len());
        let drawn = py.detach(|| self.table.lines(form, start.min(stop)..stop, self.seen.cells()));
        // What is plain is ASCII.
        Ok(drawn.and_then(|drawn| String::from_utf8(drawn).ok()))
    }

    #[allow(clippy::needless_pass_by_value)] // What Python hands over is a copy.
    fn arrow<'py>(&self, py: Python<'py>, kinds: Vec<String>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::stream(py, &self.seen, &self.table, &kinds)
    }

    #[pyo3(signature = (columns, *, least = Vec::new(), most = Vec::new(), words = Vec::new()))]
    #[allow(clippy::needless_pass_by_value)] // What Python hands over is a copy.
    fn pick<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<String>,
        least: Vec<(String, f64)>,
        most: Vec<(String, f64)>,
        words: Vec<(String, Vec<String>)>,
    ) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let demand = Demand { least, most, words };
        let rows = py.detach(|| self.table.pick(&demand, &columns, self.seen.cells()));
        let rows = rows.map_err(|unknown| {
            let expected = format!("a column of this table ({})", unknown.columns);
            option_error(py, "columns", &unknown.name, &expected)
        })?;
        rows.into_iter().map(|values| tuple(py, values)).collect()
    }
}

#[pymethods]
impl Analysis {
    fn captures<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        told::captures(py, &self.captures)
    }

    fn frames<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let selected = summary::bytes(self.seen.cells()).packets;
        told::frames(py, self.seen.tally(), selected, self.seen.incomplete_datagrams())
    }

    fn incomplete<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.seen.incomplete().iter().map(|each| told::incomplete(py, each)).collect()
    }

    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let seen = self.seen.seen();
        let time = PyDict::new(py);
        let (first, last) = seen.ends().unzip();
        time.set_item("first_seen", value(py, Value::maybe(first, Value::Time))?)?;
        time.set_item("last_seen", value(py, Value::maybe(last, Value::Time))?)?;
        time.set_item("duration_s", seen.seconds())?;
        Ok(time)
    }

    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let totals = py.detach(|| summary::totals(self.seen.cells(), self.vnis()));
        let named = [
            ("vnis", totals.vnis),
            ("vteps", totals.vteps),
            ("tunnels", totals.tunnels),
            ("flows", totals.flows),
            ("macs", totals.macs),
            ("ips", totals.ips),
            ("rest_packets", self.rest_packets()),
        ];
        counts(py, named)
    }

    fn rest_packets(&self) -> u64 {
        self.seen.cells().rest()
    }

    fn bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let sums = summary::bytes(self.seen.cells());
        let overhead = sums.wire.cast_signed() - sums.inner.cast_signed();
        let bytes = counts(py, [("wire", sums.wire), ("inner", sums.inner), ("payload", sums.payload)])?;
        bytes.set_item("overhead", overhead)?;
        bytes.set_item("overhead_percent", value(py, Value::percent(overhead, sums.wire))?)?;
        Ok(bytes)
    }

    fn copies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        told::copies(py, self.seen.tally())
    }

    fn loops(&self) -> Vec<(u32, String, String, u64)> {
        let told = self.seen.tally().copies().loops().iter();
        told.map(|(way, packets)| (way.vni, way.source.to_string(), way.destination.to_string(), packets))
            .collect()
    }

    fn candidates(&self) -> Vec<PortCandidate> {
        told::candidates(self.seen.tally())
    }

    fn checksums<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let sums = py.detach(|| views::verdicts(self.seen.cells()));
        sums.map(|sums| counts(py, sums)).transpose()
    }

    fn icmp_errors(&self) -> Vec<IcmpErrors> {
        let told = |(source, destination, errors): (IpAddr, IpAddr, cells::Errors)| {
            let counts = (errors.too_big, errors.unreachable, errors.time_exceeded, errors.parameter_problem);
            (source.to_string(), destination.to_string(), errors.mtu, counts)
        };
        underlay::errors(self.seen.cells()).into_iter().map(told).collect()
    }

    fn unkept_icmp_errors(&self) -> u64 {
        self.seen.cells().unkept_errors()
    }

    fn unkept_claims(&self) -> u64 {
        self.seen.cells().unkept_claims()
    }

    fn ports(&self) -> Vec<u16> {
        self.seen.settings().overlays.ports.iter().collect()
    }

    fn flow_pairs(&self, py: Python<'_>) -> u64 {
        py.detach(|| *self.pairs.get_or_init(|| flows::rows_and_pairs(self.seen.cells()).1))
    }

    fn ports_seen(&self) -> Vec<u16> {
        let overlays = &self.seen.settings().overlays;
        let ports = self.seen.cells().tunnels().filter_map(|(tunnel, _)| tunnel.udp_port());
        // What was taken by its source port may go to any.
        let ports: BTreeSet<u16> = ports.filter(|port| overlays.is_known(*port)).collect();
        ports.into_iter().collect()
    }

    fn select(&self) -> Vec<(String, String)> {
        self.seen.settings().select.terms().to_vec()
    }

    #[pyo3(signature = (view, *, sort = Vec::new(), limit = None))]
    #[allow(clippy::needless_pass_by_value)] // What Python hands over is a copy.
    fn table(
        &self,
        py: Python<'_>,
        view: &str,
        sort: Vec<(String, bool)>,
        limit: Option<usize>,
    ) -> PyResult<Rows> {
        let view = view_named(view).ok_or_else(|| option_error(py, "view", view, VIEWS))?;
        let table = py.detach(|| match view {
            View::Vnis => views::table(self.vnis().to_vec(), self.seen.cells(), &sort, limit),
            View::Flows => {
                let (rows, pairs) = flows::rows_and_pairs(self.seen.cells());
                self.pairs.get_or_init(|| pairs);
                views::table(rows, self.seen.cells(), &sort, limit)
            }
            _ => view.table(self.seen.cells(), &sort, limit),
        });
        let table = table.map_err(|unknown| {
            let expected = format!("a column of this table ({})", unknown.columns);
            option_error(py, "sort", &unknown.name, &expected)
        })?;
        Ok(Rows { seen: Arc::clone(&self.seen), table: Arc::from(table) })
    }

    fn merge(&self, py: Python<'_>, later: &Analysis) -> Self {
        let mut both = analysis::Analysis::new(self.seen.settings().clone());
        py.detach(|| {
            both.merge(&self.seen);
            both.merge(&later.seen);
        });
        let captures = self.captures.iter().chain(&later.captures).cloned().collect();
        Self::new(both, captures, self.interrupted || later.interrupted)
    }
}

impl Analysis {
    pub(super) fn new(seen: analysis::Analysis, captures: Vec<(String, Facts)>, interrupted: bool) -> Self {
        Self { seen: Arc::new(seen), vnis: OnceLock::new(), pairs: OnceLock::new(), captures, interrupted }
    }

    fn vnis(&self) -> &[VniRow] {
        self.vnis.get_or_init(|| vnis::rows(self.seen.cells()))
    }
}

fn tuple(py: Python<'_>, values: Vec<Value>) -> PyResult<Bound<'_, PyTuple>> {
    let values: Vec<_> = values.into_iter().map(|each| value(py, each)).collect::<PyResult<_>>()?;
    PyTuple::new(py, values)
}

const VIEWS: &str = "vnis, flows, flows_auto, flows_no_vni, conversations_mac, conversations_mac_auto, conversations_mac_no_vni, conversations_ip, \
    conversations_ip_auto, conversations_ip_no_vni, tunnels, underlay, vteps, fdb, addresses, overhead_total, overhead_vni, overhead_tunnel, \
    bursts, losses, doubles, strays, one_way_tunnels or sources";

fn view_named(name: &str) -> Option<View> {
    Some(match name {
        "vnis" => View::Vnis,
        "flows" => View::Flows,
        "flows_auto" => View::FlowsPaired,
        "flows_no_vni" => View::FlowsAcrossVnis,
        "conversations_mac" => View::ConversationsByMac,
        "conversations_mac_auto" => View::ConversationsByMacPaired,
        "conversations_mac_no_vni" => View::ConversationsByMacAcrossVnis,
        "conversations_ip" => View::ConversationsByIp,
        "conversations_ip_auto" => View::ConversationsByIpPaired,
        "conversations_ip_no_vni" => View::ConversationsByIpAcrossVnis,
        "tunnels" => View::Tunnels,
        "underlay" => View::Underlay,
        "vteps" => View::Vteps,
        "fdb" => View::Fdb,
        "addresses" => View::Addresses,
        "overhead_total" => View::OverheadTotal,
        "overhead_vni" => View::OverheadByVni,
        "overhead_tunnel" => View::OverheadByTunnel,
        "bursts" => View::Bursts,
        "losses" => View::Losses,
        "doubles" => View::Doubles,
        "strays" => View::Strays,
        "one_way_tunnels" => View::OneWayTunnels,
        "sources" => View::Sources,
        _ => return None,
    })
}

/// The fields of a filter: name, other name, what it holds, meaning, example.
#[pyfunction]
pub(super) fn fields() -> Vec<(&'static str, Option<&'static str>, &'static str, &'static str, &'static str)>
{
    let also = |field: &Field| Some(field.also).filter(|also| !also.is_empty());
    FIELDS.iter().map(|field| (field.name, also(field), field.kind(), field.text, field.example)).collect()
}

/// Reads captures as one run.
#[pyfunction]
#[pyo3(signature = (sources, *, overlays, select, checksums, dedup, max_flows, count, threads, progress, keep_on_interrupt))]
// The one call of the module: Python names each argument, and hands over what it made of them.
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn scan(
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
) -> PyResult<Analysis> {
    if threads == Some(0) {
        return Err(option_error(py, "threads", "0", "one thread or more"));
    }
    let (inputs, interrupted) = inputs(&sources)?;
    let options = overlays.options(selection(py, select)?, dedup, count);
    let options = Options { checksums, max_flows, ..options };
    let mut monitor = PyMonitor::new(progress, interrupted);
    let run = py.detach(|| run::scan(inputs, &options, Split::over(threads), &mut monitor));
    let run = run.map_err(|error| capture_error(py, error))?;
    match monitor.raised {
        Some(error) if !(keep_on_interrupt && error.is_instance_of::<PyKeyboardInterrupt>(py)) => Err(error),
        _ => Ok(Analysis::new(run.analysis, run.captures, run.interrupted)),
    }
}
