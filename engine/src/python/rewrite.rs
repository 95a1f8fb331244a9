//! `decap`, `extract` and `encap`.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use super::asked::{AskedOverlays, Dedup, Sources, inputs, selection};
use super::convert::{option_error, run_error};
use super::monitor::PyMonitor;
use super::target;
use super::told::Outcome;
use super::write::writing;
use crate::analysis::Tally;
use crate::capture::LinkType;
use crate::decode::Ports;
use crate::encapsulation::Encapsulation;
use crate::error::RunError;
use crate::scan::{Ahead, Options, Reading};
use crate::stream::{Stream, Told};
use crate::wire::mac::Mac;
use crate::write::decap::Decap;
use crate::write::encap::{Encap, Headers, LeftOut, Vteps};
use crate::write::extract::Extract;
use crate::write::output::{Output, SplitBy};
use crate::write::rewrite::{Job, run};
use crate::write::{LARGEST_FRAME, Writing};

/// Where and how a run writes, but for what the captures that it reads tell.
enum Opened {
    One(Box<dyn Write + Send>, Writing),
    Many(PathBuf, SplitBy, Writing),
}

impl Opened {
    fn new(target: &Bound<'_, PyAny>, split_by: Option<&str>, writing: Writing) -> PyResult<Self> {
        let by = match split_by {
            None => return Ok(Self::One(target::open(target)?, writing)),
            Some("vni") => SplitBy::Vni,
            Some("tunnel") => SplitBy::Tunnel,
            Some(other) => return Err(option_error(target.py(), "split_by", other, "vni or tunnel")),
        };
        Ok(Self::Many(target.extract()?, by, writing))
    }

    /// Times are kept as fine as they are read; pcapng has room for nanoseconds in any case.
    fn output(self, ahead: Ahead) -> io::Result<Output> {
        let fine = |writing: Writing| Writing {
            nanoseconds: writing.nanoseconds || writing.pcapng || ahead.sub_microsecond,
            ..writing
        };
        match self {
            Opened::One(target, writing) => Output::one(target, fine(writing)),
            Opened::Many(folder, by, writing) => Ok(Output::many(folder, by, fine(writing))),
        }
    }
}

/// Reads, and lets `job` write.
fn rewritten(
    py: Python<'_>,
    sources: &Sources<'_>,
    options: &Options,
    opened: Opened,
    job: &mut (dyn Job + Send),
    inner: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    let (inputs, interrupted) = inputs(sources)?;
    let mut monitor = PyMonitor::new(progress, interrupted);
    let done = py.detach(|| {
        let mut stream = Stream::begin(inputs, options, &mut monitor)?;
        let ahead = stream.look_ahead(&mut monitor)?;
        let link = ahead.link.filter(|_| !inner).unwrap_or(LinkType::ETHERNET);
        let written = run(&mut stream, job, opened.output(ahead)?, link, &mut monitor)?;
        Ok((stream, written))
    });
    let done = done.map_err(|error| ended(py, error, &mut monitor));
    let (stream, written) = done?;
    whole(py, monitor)?;
    Outcome::of_captures(py, &stream.told(), written, LeftOut::default())
}

/// Why a run ended: what it wrote may have been stopped by what the monitor raised.
fn ended(py: Python<'_>, error: RunError, monitor: &mut PyMonitor) -> PyErr {
    match (&error, monitor.raised.take()) {
        (RunError::Output(io), Some(raised)) if io.kind() == io::ErrorKind::Interrupted => raised,
        _ => run_error(py, error),
    }
}

/// After Ctrl-C what was written is whole.
fn whole(py: Python<'_>, monitor: PyMonitor) -> PyResult<()> {
    match monitor.raised {
        Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
        _ => Ok(()),
    }
}

/// Writes the inner frames of packets.
#[pyfunction]
#[pyo3(signature = (
    sources, *, overlays, select, dedup, count, target, split_by, container, nanoseconds, compression, progress
))]
// Python names each argument, and hands over what it made of them.
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn decap(
    py: Python<'_>,
    sources: Sources<'_>,
    overlays: AskedOverlays,
    select: Vec<(String, String)>,
    dedup: Dedup,
    count: Option<u64>,
    target: Bound<'_, PyAny>,
    split_by: Option<&str>,
    container: &str,
    nanoseconds: bool,
    compression: Option<&str>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    let writing = writing(py, container, nanoseconds, compression, LARGEST_FRAME)?;
    let options = overlays.options(selection(py, select)?, dedup, count);
    let opened = Opened::new(&target, split_by, writing)?;
    rewritten(py, &sources, &options, opened, &mut Decap::default(), true, progress)
}

/// Writes the frames of packets.
#[pyfunction]
#[pyo3(signature = (
    sources, *, overlays, select, dedup, count, invert, target, container, nanoseconds, compression, progress
))]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn extract(
    py: Python<'_>,
    sources: Sources<'_>,
    overlays: AskedOverlays,
    select: Vec<(String, String)>,
    dedup: Dedup,
    count: Option<u64>,
    invert: bool,
    target: Bound<'_, PyAny>,
    container: &str,
    nanoseconds: bool,
    compression: Option<&str>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    let writing = writing(py, container, nanoseconds, compression, LARGEST_FRAME)?;
    let options = overlays.options(selection(py, select)?, dedup, count);
    let opened = Opened::new(&target, None, writing)?;
    rewritten(py, &sources, &options, opened, &mut Extract::new(invert), false, progress)
}

/// Writes plain frames as packets.
#[pyfunction]
#[pyo3(signature = (
    sources, *, select, count, src_vtep, dst_vtep, vni, src_mac, dst_mac, encapsulation, port, source_port, flow_id, ttl,
    udp_checksum, target, container, nanoseconds, compression, progress
))]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn encap(
    py: Python<'_>,
    sources: Sources<'_>,
    select: Vec<(String, String)>,
    count: Option<u64>,
    src_vtep: &str,
    dst_vtep: &str,
    vni: u32,
    src_mac: &str,
    dst_mac: &str,
    encapsulation: &str,
    port: u16,
    source_port: Option<u16>,
    flow_id: Option<u8>,
    ttl: u8,
    udp_checksum: bool,
    target: Bound<'_, PyAny>,
    container: &str,
    nanoseconds: bool,
    compression: Option<&str>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    let ip = |option: &str, text: &str| {
        text.parse::<IpAddr>().map_err(|_| option_error(py, option, text, "an IP address"))
    };
    let mac = |option: &str, text: &str| {
        Mac::parse(text)
            .ok_or_else(|| option_error(py, option, text, "a MAC address, such as 02:00:00:00:00:01"))
    };
    let vteps = Vteps::new(ip("src_vtep", src_vtep)?, ip("dst_vtep", dst_vtep)?)
        .ok_or_else(|| option_error(py, "dst_vtep", dst_vtep, "an address of the source's IP version"))?;
    if vni >> 24 != 0 {
        return Err(option_error(py, "vni", &vni.to_string(), "a VNI from 0 to 16777215"));
    }
    let macs = (mac("src_mac", src_mac)?, mac("dst_mac", dst_mac)?);
    let unknown =
        || option_error(py, "encapsulation", encapsulation, "one of vxlan, vxlan-gpe, geneve, nvgre");
    let headers = Headers {
        vteps,
        macs,
        encapsulation: Encapsulation::named(encapsulation).ok_or_else(unknown)?,
        vni,
        port,
        source_port,
        flow_id,
        ttl,
        has_checksum: udp_checksum,
    };
    let mut job = Encap::new(headers, selection(py, select)?);
    let writing = writing(py, container, nanoseconds, compression, LARGEST_FRAME)?;
    let opened = Opened::new(&target, None, writing)?;
    let (inputs, interrupted) = inputs(&sources)?;
    let mut monitor = PyMonitor::new(progress, interrupted);
    let done = py.detach(|| {
        let mut reading = Reading::begin(inputs, count, &mut monitor)?;
        let output = opened.output(reading.look_ahead(&mut monitor)?)?;
        let written = job.run(&mut reading, output, &mut monitor)?;
        Ok((reading, written))
    });
    let done = done.map_err(|error| ended(py, error, &mut monitor));
    let (reading, written) = done?;
    whole(py, monitor)?;
    let told = Told {
        tally: &Tally::new(None),
        selected: written.frames,
        incomplete: (0, 0),
        ports: &Ports::new(&[port]),
        captures: reading.captures(),
        interrupted: reading.interrupted(),
    };
    Outcome::of_captures(py, &told, written, job.left_out())
}
