"""Tables in columns: Arrow for data frames, and Parquet files.

A table hands itself over by the Arrow C stream interface (`__arrow_c_stream__`, the PyCapsule protocol of the
Arrow specification), which pyarrow, Polars, pandas 3 and DuckDB read without a copy. Writing a file
takes pyarrow, of the extra `arrow`.
"""

from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from vxinspect.exceptions import VxinspectError

if TYPE_CHECKING:
    from vxinspect.tables import Table

__all__ = ["FORMS", "ColumnarError", "Form", "check_form", "listed_stream", "write_table"]

Form: TypeAlias = Literal["arrow", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)


class ColumnarError(VxinspectError):
    """What it takes to write a table in columns is not installed."""


def write_table(table: "Table", form: Form, sink: IO[bytes]) -> None:
    """Write a table as an Arrow IPC stream or as a Parquet file, batch by batch.

    Raises `ColumnarError` where pyarrow is not installed.
    """
    pa = _pyarrow(f"--format {form}")
    with pa.RecordBatchReader.from_stream(table) as batches:
        if form == "arrow":
            writer = pa.ipc.new_stream(sink, batches.schema)
        else:
            import pyarrow.parquet as pq

            writer = pq.ParquetWriter(sink, batches.schema)
        with writer:
            for batch in batches:
                writer.write_batch(batch)


def check_form(form: Form) -> None:
    """Raise `ColumnarError` before any work is done, where pyarrow is not installed."""
    _pyarrow(f"--format {form}")


def listed_stream(names: Sequence[str], kinds: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> object:
    """Return rows that are at hand as a capsule of an Arrow stream, made by pyarrow."""
    pa = _pyarrow("such a table in Arrow")
    whole, text = pa.int64(), pa.string()
    types = {
        **dict.fromkeys(("bytes", "count", "port", "vni"), whole),
        **dict.fromkeys(("milliseconds", "percent", "ratio", "seconds"), pa.float64()),
        **dict.fromkeys(("ip", "mac", "text"), text),
        **dict.fromkeys(("numbers", "vnis"), pa.list_(whole)),
        "list": pa.list_(text),
        "time": pa.timestamp("ns", "UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in zip(names, kinds, strict=True)])
    return pa.Table.from_pylist(list(rows), schema).__arrow_c_stream__()


def _pyarrow(what: str) -> Any:  # noqa: ANN401 - an extra, which nothing here knows the types of
    try:
        import pyarrow as pa
    except ImportError:
        raise ColumnarError(
            f"{what} takes pyarrow, which is not installed: pip install 'vxinspect[arrow]'"
        ) from None
    return pa
