//! `write_capture`.

use std::fs::File;
use std::io::{self, Write};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::convert::option_error;
use crate::capture::{Compression, LinkType};
use crate::write::{CaptureWriter, Record, Writing};

/// Signals are looked at so often, in frames.
const EVERY: usize = 1024;

type Frame<'py> = (i64, Bound<'py, PyBytes>, u32, Option<String>);

/// Writes a capture.
#[pyfunction]
#[pyo3(signature = (target, *, container, nanoseconds, compression, link_type, snap_length, frames, cut))]
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
    frames: Vec<Frame<'_>>,
    cut: Option<usize>,
) -> PyResult<()> {
    let pcapng = match container {
        "pcap" => false,
        "pcapng" => true,
        other => return Err(option_error(py, "container", other, "pcap or pcapng")),
    };
    let compression = compression.map(|name| named(py, name)).transpose()?;
    let writing = Writing { pcapng, nanoseconds, compression, link: LinkType(link_type), snap_length };
    // Standard output is closed by Python, which opened it.
    let target: Box<dyn Write> =
        if target == "-" { Box::new(io::stdout().lock()) } else { Box::new(File::create(target)?) };
    let mut writer = CaptureWriter::new(target, writing)?;
    for (index, (time, data, wire_len, comment)) in frames.iter().enumerate() {
        if index % EVERY == 0 {
            py.check_signals()?;
        }
        let cut = cut.filter(|_| index + 1 == frames.len()).unwrap_or(0);
        let comment = comment.as_deref();
        let record = Record { time: *time, data: data.as_bytes(), wire_len: *wire_len, comment };
        writer.cut_frame(&record, cut)?;
    }
    writer.finish()?.flush()?;
    Ok(())
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
