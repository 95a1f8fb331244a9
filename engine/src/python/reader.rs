//! A Python binary file object as a reader.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Reads through the object's `read(size)`.
pub(super) struct PyReader {
    pub(super) object: Py<PyAny>,
    /// Set when Ctrl-C came while Python was reading.
    pub(super) interrupted: Arc<AtomicBool>,
}

impl Read for PyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| self.read_attached(py, into))
    }
}

impl PyReader {
    fn read_attached(&self, py: Python<'_>, into: &mut [u8]) -> io::Result<usize> {
        let answer = match self.object.bind(py).call_method1("read", (into.len(),)) {
            Ok(answer) => answer,
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => {
                self.interrupted.store(true, Ordering::Relaxed);
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        // A non-blocking object that has nothing right now says None: there is no more for us.
        if answer.is_none() {
            return Ok(0);
        }
        let Ok(bytes) = answer.cast::<PyBytes>() else {
            return Err(io::Error::other(PyTypeError::new_err(
                "the file object must be open in binary mode: read() has to return bytes",
            )));
        };
        let bytes = bytes.as_bytes();
        let Some(room) = into.get_mut(..bytes.len()) else {
            return Err(io::Error::other(PyTypeError::new_err(
                "the file object's read(size) returned more than size bytes",
            )));
        };
        room.copy_from_slice(bytes);
        Ok(bytes.len())
    }
}
