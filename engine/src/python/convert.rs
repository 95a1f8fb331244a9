//! Values and errors, from Rust to Python.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyMemoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyType};

use crate::error::{CaptureError, Damage, RunError};
use crate::select::FilterError;
use crate::value::{Rfc3339, Value};

/// A value as a Python object: None, int, float, str, or a list of int or str.
pub(super) fn value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Null => py.None().into_bound_py_any(py),
        Value::Count(count) => count.into_bound_py_any(py),
        Value::Signed(count) => count.into_bound_py_any(py),
        Value::Real(real) => real.into_bound_py_any(py),
        Value::Time(nanos) => Rfc3339(nanos).to_string().into_bound_py_any(py),
        Value::Mac(mac) => mac.to_string().into_bound_py_any(py),
        Value::Ip(ip) => ip.to_string().into_bound_py_any(py),
        Value::Text(text) => PyString::new(py, &text).into_bound_py_any(py),
        Value::Counts(counts) => counts.into_bound_py_any(py),
        Value::Macs(macs) => texts(py, macs),
        Value::Ips(ips) => texts(py, ips),
        Value::Texts(names) => texts(py, names),
    }
}

fn texts<T: ToString>(py: Python<'_>, all: impl IntoIterator<Item = T>) -> PyResult<Bound<'_, PyAny>> {
    let texts: Vec<String> = all.into_iter().map(|each| each.to_string()).collect();
    PyList::new(py, texts)?.into_bound_py_any(py)
}

static OPTION_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static FILTER_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNREADABLE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNKNOWN_FORMAT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DAMAGED: PyOnceLock<Py<PyType>> = PyOnceLock::new();

const EXCEPTIONS: &str = "vxinspect.exceptions";

/// An option that cannot be understood: `OptionError(option, value, expected)`.
pub(super) fn option_error(py: Python<'_>, option: &str, value: &str, expected: &str) -> PyErr {
    let class = OPTION_ERROR.import(py, EXCEPTIONS, "OptionError");
    raise(class.and_then(|class| class.call1((option, value, expected))))
}

/// A filter that cannot be understood: `FilterError(filter, start, end, message)`.
pub(super) fn filter_error(py: Python<'_>, error: FilterError) -> PyErr {
    let class = FILTER_ERROR.import(py, EXCEPTIONS, "FilterError");
    raise(class.and_then(|class| class.call1((error.filter, error.start, error.end, error.message))))
}

/// A capture that cannot be read: a child of `CaptureError(name, message, offset, expected, found)`.
pub(super) fn capture_error(py: Python<'_>, error: CaptureError) -> PyErr {
    match error {
        CaptureError::Io { name, source } => io_error(py, &name, source),
        CaptureError::NotACapture { name, found } => {
            located(py, &UNKNOWN_FORMAT, "UnknownFormatError", &name, 0, "a pcap or pcapng capture", &found)
        }
        CaptureError::UnknownVersion { name, offset, expected, found } => {
            located(py, &UNKNOWN_FORMAT, "UnknownFormatError", &name, offset, &expected, &found)
        }
        CaptureError::Damaged { name, damage: Damage { offset, expected, found, .. } } => {
            located(py, &DAMAGED, "DamagedCaptureError", &name, offset, &expected, &found)
        }
    }
}

/// A run that read or wrote.
pub(super) fn run_error(py: Python<'_>, error: RunError) -> PyErr {
    match error {
        RunError::Capture(error) => capture_error(py, error),
        RunError::Output(error) => output_error(error),
    }
}

/// What cannot be written: an `OSError` with its number, so that Python makes a `BrokenPipeError` of a closed pipe.
pub(super) fn output_error(error: std::io::Error) -> PyErr {
    // An exception of a Python writer goes through as it is.
    let error = match error.downcast::<PyErr>() {
        Ok(exception) => return exception,
        Err(error) => error,
    };
    match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, words(&error))),
        None => error.into(),
    }
}

/// What the system said, without Rust's "(os error 2)".
fn words(error: &std::io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or(&words).to_owned()
}

/// An exception of a Python reader goes through as it is.
fn io_error(py: Python<'_>, name: &str, source: std::io::Error) -> PyErr {
    let source = match source.downcast::<PyErr>() {
        Ok(exception) => return exception,
        Err(source) => source,
    };
    if source.kind() == std::io::ErrorKind::OutOfMemory {
        return PyMemoryError::new_err(name.to_owned());
    }
    let class = UNREADABLE.import(py, EXCEPTIONS, "UnreadableCaptureError");
    raise(class.and_then(|class| class.call1((name, words(&source)))))
}

fn located(
    py: Python<'_>,
    class: &PyOnceLock<Py<PyType>>,
    class_name: &str,
    name: &str,
    offset: u64,
    expected: &str,
    found: &str,
) -> PyErr {
    let message = format!("at byte {offset}: expected {expected}, found {found}");
    let class = class.import(py, EXCEPTIONS, class_name);
    raise(class.and_then(|class| class.call1((name, message, offset, expected, found))))
}

fn raise(exception: PyResult<Bound<'_, PyAny>>) -> PyErr {
    exception.map_or_else(|error| error, PyErr::from_value)
}
