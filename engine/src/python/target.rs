//! Where a run writes.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::convert::output_error;

/// A path, which is replaced, standard output (`-`), which stays open, or a binary file object.
pub(super) fn open(target: &Bound<'_, PyAny>) -> PyResult<Box<dyn Write + Send>> {
    if !target.is_instance_of::<PyString>() {
        if !target.hasattr("write")? {
            return Err(PyTypeError::new_err("a target must be a path or a binary file object"));
        }
        return Ok(Box::new(PyWriter { object: target.clone().unbind() }));
    }
    let path: PathBuf = target.extract()?;
    let file = if path.as_os_str() == "-" {
        io::stdout().as_fd().try_clone_to_owned().map(File::from)
    } else {
        File::create(path)
    };
    Ok(Box::new(file.map_err(output_error)?))
}

/// Writes through the object's `write(bytes)`.
struct PyWriter {
    object: Py<PyAny>,
}

impl Write for PyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let answer = self.object.bind(py).call_method1("write", (PyBytes::new(py, bytes),))?;
            // Raw files may take a part, and other objects may not say.
            if answer.is_none() {
                Ok(bytes.len())
            } else {
                answer.extract().map(|n: usize| n.min(bytes.len()))
            }
        })
        .map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
