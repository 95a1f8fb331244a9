//! Tables as Arrow, through the C stream interface: the columns' values, in batches that are made as they are asked for.

use std::fmt::{Display, Write};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampNanosecondBuilder,
};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::convert::option_error;
use crate::analysis::Analysis;
use crate::value::Value;
use crate::views::AnyTable;

/// Rows of a batch.
const BATCH: usize = 16 * 1024;
const UTC: &str = "UTC";
/// A text that is expected, for room.
const TEXT: usize = 16;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Whole,
    Real,
    Time,
    Text,
    Wholes,
    Texts,
}

impl Kind {
    /// By the name that `vxinspect/columns.py` has for it.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bytes" | "count" | "port" | "vni" => Self::Whole,
            "milliseconds" | "percent" | "ratio" | "seconds" => Self::Real,
            "time" => Self::Time,
            "ip" | "mac" | "text" => Self::Text,
            "numbers" | "vnis" => Self::Wholes,
            "list" => Self::Texts,
            _ => return None,
        })
    }

    fn data_type(self) -> DataType {
        let list = |of| DataType::List(Arc::new(Field::new_list_field(of, true)));
        match self {
            Self::Whole => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
            Self::Text => DataType::Utf8,
            Self::Wholes => list(DataType::Int64),
            Self::Texts => list(DataType::Utf8),
        }
    }
}

/// A column that is being made.
enum Builder {
    Whole(Int64Builder),
    Real(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Text(StringBuilder),
    Wholes(ListBuilder<Int64Builder>),
    Texts(ListBuilder<StringBuilder>),
}

impl Builder {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Whole => Self::Whole(Int64Builder::with_capacity(rows)),
            Kind::Real => Self::Real(Float64Builder::with_capacity(rows)),
            Kind::Time => {
                let times = TimestampNanosecondBuilder::with_capacity(rows);
                Self::Time(times.with_timezone(UTC))
            }
            Kind::Text => Self::Text(StringBuilder::with_capacity(rows, rows * TEXT)),
            Kind::Wholes => Self::Wholes(ListBuilder::new(Int64Builder::new())),
            Kind::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Takes in the value of one more row. Whether it is what the column holds.
    fn push(&mut self, value: Value) -> bool {
        match (self, value) {
            (Self::Whole(all), Value::Count(count)) => all.append_option(i64::try_from(count).ok()),
            (Self::Whole(all), Value::Signed(count)) => all.append_value(count),
            (Self::Whole(all), Value::Null) => all.append_null(),
            (Self::Real(all), Value::Real(real)) => all.append_value(real),
            (Self::Real(all), Value::Null) => all.append_null(),
            (Self::Time(all), Value::Time(time)) => all.append_value(time),
            (Self::Time(all), Value::Null) => all.append_null(),
            (Self::Text(all), Value::Text(text)) => all.append_value(text),
            (Self::Text(all), Value::Ip(address)) => append(all, &address),
            (Self::Text(all), Value::Mac(address)) => append(all, &address),
            (Self::Text(all), Value::Null) => all.append_null(),
            (Self::Wholes(all), Value::Counts(counts)) => {
                let whole = counts.into_iter().map(|count| i64::try_from(count).ok());
                all.append_value(whole);
            }
            (Self::Wholes(all), Value::Null) => all.append_null(),
            (Self::Texts(all), Value::Texts(texts)) => all.append_value(texts.into_iter().map(Some)),
            (Self::Texts(all), Value::Ips(addresses)) => append_all(all, &addresses),
            (Self::Texts(all), Value::Macs(addresses)) => append_all(all, &addresses),
            (Self::Texts(all), Value::Null) => all.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Whole(all) => ArrayBuilder::finish(all),
            Self::Real(all) => ArrayBuilder::finish(all),
            Self::Time(all) => ArrayBuilder::finish(all),
            Self::Text(all) => ArrayBuilder::finish(all),
            Self::Wholes(all) => ArrayBuilder::finish(all),
            Self::Texts(all) => ArrayBuilder::finish(all),
        }
    }
}

fn append(all: &mut StringBuilder, text: &impl Display) {
    // A builder takes whatever is written.
    let _ = write!(all, "{text}");
    all.append_value("");
}

fn append_all(all: &mut ListBuilder<StringBuilder>, texts: &[impl Display]) {
    for text in texts {
        append(all.values(), text);
    }
    all.append(true);
}

/// A table as it is read, batch after batch.
struct Batches {
    seen: Arc<Analysis>,
    table: Arc<dyn AnyTable>,
    kinds: Vec<Kind>,
    schema: SchemaRef,
    next: usize,
}

impl Batches {
    fn batch(&self, rows: std::ops::Range<usize>) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<_> = self.kinds.iter().map(|kind| Builder::new(*kind, rows.len())).collect();
        for values in rows.map_while(|row| self.table.values(row, self.seen.cells())) {
            for ((column, value), field) in columns.iter_mut().zip(values).zip(self.schema.fields()) {
                if !column.push(value) {
                    let words = format!("{}: expected {}", field.name(), field.data_type());
                    return Err(ArrowError::SchemaError(words));
                }
            }
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns.iter_mut().map(Builder::finish).collect())
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next;
        self.next = self.table.len().min(start + BATCH);
        (start < self.next).then(|| self.batch(start..self.next))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The table as an `ArrowArrayStream` in a capsule. `kinds`: what each column holds.
pub(super) fn stream<'py>(
    py: Python<'py>,
    seen: &Arc<Analysis>,
    table: &Arc<dyn AnyTable>,
    kinds: &[String],
) -> PyResult<Bound<'py, PyCapsule>> {
    let names = table.columns();
    let known: Option<Vec<Kind>> = kinds.iter().map(|kind| Kind::named(kind)).collect();
    let kinds = known.filter(|kinds| kinds.len() == names.len()).ok_or_else(|| {
        let expected = format!("what each of {} columns holds", names.len());
        option_error(py, "kinds", &kinds.join(", "), &expected)
    })?;
    let field = |(name, kind): (&&str, &Kind)| Field::new(*name, kind.data_type(), true);
    let schema = Arc::new(Schema::new(names.iter().zip(&kinds).map(field).collect::<Vec<_>>()));
    let batches = Batches { seen: Arc::clone(seen), table: Arc::clone(table), kinds, schema, next: 0 };
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
