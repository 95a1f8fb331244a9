"""Tables: rows in order, as mappings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, overload

from vxinspect.columns import View
from vxinspect.exceptions import OptionError

__all__ = ["ListedRows", "Row", "RowSource", "Table", "Value"]

Value: TypeAlias = int | float | str | list[int] | list[str] | None
"""One cell. Bytes and packets are integers, times are RFC 3339 UTC strings, what is absent is None."""

Row: TypeAlias = dict[str, Value]
"""One row: column name to value."""

_CHUNK = 4096
_SHOWN_ROWS = 10
_SHOWN_WIDTH = 120


class RowSource(Protocol):
    """Where a table's rows come from."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

    @property
    def total(self) -> int:
        """How many rows there were before a limit."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> Sequence[tuple[Value, ...]]:
        """Return rows `start` up to, not including, `stop`."""

    def text(self, form: str, start: int, stop: int) -> str | None:
        """Return these rows as a machine format tells them, each a line; None where it takes more care."""

    def arrow(self, kinds: Sequence[str]) -> object:
        """Return the rows as a capsule of an `ArrowArrayStream`. `kinds`: what each column holds."""

    def pick(
        self,
        columns: Sequence[str],
        *,
        least: Sequence[tuple[str, float]] = ...,
        most: Sequence[tuple[str, float]] = ...,
        words: Sequence[tuple[str, Sequence[str]]] = ...,
    ) -> Sequence[tuple[Value, ...]]:
        """Return these columns of the rows that meet the demands."""


class ListedRows:
    """Rows that are at hand, as a table's source."""

    def __init__(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]], total: int) -> None:
        self.columns = columns
        self.total = total
        self._listed = list(rows)

    def __len__(self) -> int:
        return len(self._listed)

    def rows(self, start: int, stop: int) -> Sequence[tuple[Value, ...]]:
        """Return rows `start` up to, not including, `stop`."""
        return [tuple(row[name] for name in self.columns) for row in self._listed[start:stop]]

    def text(self, form: str, start: int, stop: int) -> str | None:  # noqa: ARG002 - the engine's
        """Return None: these rows are few."""
        return None

    def arrow(self, kinds: Sequence[str]) -> object:
        """Return the rows as a capsule of an `ArrowArrayStream`, made by pyarrow."""
        from vxinspect.columnar import listed_stream

        return listed_stream(self.columns, kinds, self._listed)

    def pick(
        self,
        columns: Sequence[str],
        *,
        least: Sequence[tuple[str, float]] = (),
        most: Sequence[tuple[str, float]] = (),
        words: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> Sequence[tuple[Value, ...]]:
        """Return these columns of the rows that meet the demands."""
        for name in (*columns, *(name for name, _ in (*least, *most, *words))):
            if name not in self.columns:
                raise OptionError("columns", name, f"a column of this table ({', '.join(self.columns)})")
        return [
            tuple(row[name] for name in columns)
            for row in self._listed
            if all(isinstance(row[name], int | float) and row[name] >= bound for name, bound in least)
            and all(isinstance(row[name], int | float) and row[name] <= bound for name, bound in most)
            and all(row[name] in allowed for name, allowed in words)
        ]


class Table(Sequence[Row]):
    """One table of a report: a sequence of rows, each a new dict from column name to value.

    Rows come from the engine in chunks, as they are asked for. `total` tells how many there would be without
    a limit, `view` what each column means.
    """

    def __init__(self, view: View, source: RowSource) -> None:
        self.view = view
        self._source = source

    @property
    def name(self) -> str:
        """The table's name: `flows`, `conversations_mac`, ..."""
        return self.view.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return self._source.columns

    @property
    def total(self) -> int:
        """How many rows there were before a limit."""
        return self._source.total

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Row]:
        columns = self.columns
        for values in self.tuples():
            yield dict(zip(columns, values, strict=True))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            picked = range(len(self))[index]
            if picked.step == 1:
                return self._rows(picked.start, picked.stop)
            return [self[number] for number in picked]
        try:
            number = range(len(self))[index]
        except IndexError:
            raise IndexError(f"row {index} of {len(self)}") from None
        return self._rows(number, number + 1)[0]

    def tuples(self) -> Iterator[tuple[Value, ...]]:
        """Return the rows as tuples in the order of `columns`."""
        for start in range(0, len(self), _CHUNK):
            yield from self._source.rows(start, min(start + _CHUNK, len(self)))

    def told(self, form: Literal["jsonl", "csv"]) -> Iterator[tuple[str | None, Sequence[tuple[Value, ...]]]]:
        """Yield the rows in pieces: as lines where the engine draws them, else None and the rows."""
        for start in range(0, len(self), _CHUNK):
            stop = min(start + _CHUNK, len(self))
            text = self._source.text(form, start, stop)
            yield (None, self._source.rows(start, stop)) if text is None else (text, ())

    def where(
        self,
        *columns: str,
        least: Mapping[str, float] | None = None,
        most: Mapping[str, float] | None = None,
        words: Mapping[str, Sequence[str]] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows that meet every demand, with these columns, or all where none is named.

        `least`, `most`: what columns with numbers must be at least, or at most; `words`: what names will do.
        An absent value meets no demand. In a long table this is much faster than to iterate over it. Raises
        `OptionError` for an unknown column.
        """
        names = columns or self.columns
        picked = self._source.pick(
            names,
            least=list((least or {}).items()),
            most=list((most or {}).items()),
            words=list((words or {}).items()),
        )
        return [dict(zip(names, values, strict=True)) for values in picked]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the table as a capsule of an `ArrowArrayStream`, for whatever reads Arrow.

        Numbers are int64 and float64, times are timestamps in nanoseconds and UTC, addresses and names are
        strings, what is absent is null. Another schema that is asked for is not heeded, as the protocol
        allows. Each call begins anew; batches are made as they are read.
        """
        del requested_schema
        kinds = {column.name: column.kind for column in self.view.columns}
        return self._source.arrow([kinds[name] for name in self.columns])

    def to_dicts(self) -> list[Row]:
        """Return all rows at once."""
        return list(self)

    def __repr__(self) -> str:
        from vxinspect.render.table import more_line, table_lines

        shown = self[:_SHOWN_ROWS]
        more = more_line(len(shown), len(self), "iterate for all")
        return "\n".join(table_lines(self.view, shown, width=_SHOWN_WIDTH, more=more, notes=False))

    def _repr_html_(self) -> str:
        from vxinspect.render.html import html_table

        return html_table(self.view, self[: _SHOWN_ROWS * 2], len(self))

    def _rows(self, start: int, stop: int) -> list[Row]:
        return [dict(zip(self.columns, values, strict=True)) for values in self._source.rows(start, stop)]
