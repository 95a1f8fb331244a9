//! Where a run writes.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use super::convert::output_error;
use pyo3::PyResult;

/// A path, which is replaced, or standard output (`-`), which stays open.
pub(super) fn open(target: &str) -> PyResult<File> {
    let file = match target {
        "-" => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        path => File::create(path),
    };
    file.map_err(output_error)
}
