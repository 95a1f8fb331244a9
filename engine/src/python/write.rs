//! `write_capture`.

use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use super::convert::option_error;
use super::mass::Mass;
use crate::capture::{Compression, LinkType};
use crate::write::mass::Stamper;
use crate::write::{CaptureWriter, Record, Writing};

/// The clock is looked at so often, in frames...
const FRAMES: u64 = 1024;
/// ... and signals and progress so often.
const EVERY: Duration = Duration::from_millis(50);

type Frame = (i64, PyBackedBytes, u32, Option<String>);

/// Writes a capture.
#[pyfunction]
#[pyo3(signature = (
    target, *, container, nanoseconds, compression, link_type, snap_length, frames, mass, cut, progress
))]
// Python names each argument, and hands over what it made of them.
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub(super) fn write_capture(
    py: Python<'_>,
    target: &str,
    container: &str,
    nanoseconds: bool,
    compression: Option<&str>,
    link_type: u32,
    snap_length: u32,
    frames: Vec<Frame>,
    mass: Option<PyRef<'_, Mass>>,
    cut: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<u64>> {
    let writing = writing(py, container, nanoseconds, compression, snap_length)?;
    // Standard output is closed by Python, which opened it.
    let target: Box<dyn Write + Send> =
        if target == "-" { Box::new(io::stdout()) } else { Box::new(File::create(target)?) };
    let plan = mass.as_ref().map(|mass| &mass.plan);
    let total = frames.len() as u64 + plan.map_or(0, |plan| plan.total);
    let mut watch = Watch { progress, total, looked: Instant::now() };
    py.detach(|| {
        let mut writer = CaptureWriter::new(target, writing)?;
        writer.interface(LinkType(link_type), None)?;
        let mut stamper = plan.map(Stamper::new);
        let mut numbers = Vec::with_capacity(frames.len());
        let mut explicit = frames.iter();
        let mut next = explicit.next();
        let mut number = 0;
        loop {
            number += 1;
            if number % FRAMES == 0 {
                watch.look(number)?;
            }
            let stamped = stamper.as_ref().and_then(Stamper::time);
            match (next, stamped) {
                // At the same moment the frames that were planned one by one come first.
                (Some((time, data, wire_len, comment)), stamped)
                    if stamped.is_none_or(|other| *time <= other) =>
                {
                    next = explicit.next();
                    numbers.push(number);
                    let cut = cut.filter(|_| number == total).unwrap_or(0);
                    let comment = comment.as_deref();
                    writer.cut_frame(
                        &Record { time: *time, data, wire_len: *wire_len, interface: 0, comment },
                        cut,
                    )?;
                }
                (_, Some(_)) => {
                    if let Some(record) = stamper.as_mut().and_then(Stamper::stamp) {
                        writer.frame(&record)?;
                    }
                }
                _ => break,
            }
        }
        writer.finish()?.flush()?;
        Ok(numbers)
    })
}

/// Looks at Python's signals and tells progress while frames are written without the GIL.
struct Watch {
    progress: Option<Py<PyAny>>,
    total: u64,
    looked: Instant,
}

impl Watch {
    fn look(&mut self, frames: u64) -> PyResult<()> {
        if self.looked.elapsed() < EVERY {
            return Ok(());
        }
        self.looked = Instant::now();
        Python::attach(|py| {
            py.check_signals()?;
            if let Some(progress) = &self.progress {
                progress.call1(py, (frames, self.total))?;
            }
            Ok(())
        })
    }
}

/// How a capture is written, by names.
pub(super) fn writing(
    py: Python<'_>,
    container: &str,
    nanoseconds: bool,
    compression: Option<&str>,
    snap_length: u32,
) -> PyResult<Writing> {
    let pcapng = match container {
        "pcap" => false,
        "pcapng" => true,
        other => return Err(option_error(py, "container", other, "pcap or pcapng")),
    };
    let compression = compression.map(|name| named(py, name)).transpose()?;
    Ok(Writing { pcapng, nanoseconds, compression, snap_length })
}

fn named(py: Python<'_>, name: &str) -> PyResult<Compression> {
    match name {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        "lz4" => Ok(Compression::Lz4),
        "xz" => Ok(Compression::Xz),
        other => Err(option_error(py, "compression", other, "gzip, zstd, lz4 or xz")),
    }
}
