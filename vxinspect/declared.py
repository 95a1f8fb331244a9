"""TOML text to what a schema of msgspec's declares. What is wrong is told by key path, expected and found."""

import math
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from vxinspect.exceptions import DeclarationError

__all__ = ["convert", "read_text", "read_toml"]

_Declared = TypeVar("_Declared")

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+")
_MISSING = object()


def read_text(path: str | Path, error: type[DeclarationError]) -> str:
    """Return a file's text; raises `error` where it cannot be read, or is no text."""
    try:
        return Path(path).read_bytes().decode()
    except OSError as failed:
        raise error(str(path), "", message=failed.strerror or str(failed)) from None
    except UnicodeDecodeError as failed:
        raise error(str(path), f"byte {failed.start}", "UTF-8 text", "other bytes") from None


def read_toml(text: str, name: str, error: type[DeclarationError]) -> dict[str, Any]:
    """Return the tables of a TOML text; `name` is how errors call it. Raises `error` where it is none."""
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise error(name, "", message="no TOML: lists in lists, too many of them") from None
    except ValueError as failed:
        # Besides `TOMLDecodeError`, that of a number of more digits than Python reads.
        raise error(name, "", message=f"no TOML: {failed}") from None
    for path, value in _values(raw):
        if isinstance(value, float) and not math.isfinite(value):
            raise error(name, path, "a number", repr(value))
    return raw


def _values(raw: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield all that tables hold, tables and lists aside, with the paths."""
    waiting: list[tuple[str, object]] = [("", raw)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(_joined(path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{at}]", one) for at, one in enumerate(value)]
        else:
            yield path, value


def convert(
    raw: dict[str, Any],
    kind: type[_Declared],
    name: str,
    error: type[DeclarationError],
    hook: Callable[[type, object], object] | None = None,
) -> _Declared:
    """Return the tables as a `kind`; `hook` makes values of types that msgspec does not know.

    A hook's `ValueError` reads "Expected ..." and goes on with what would do. Raises `error`.
    """
    try:
        return msgspec.convert(raw, kind, dec_hook=hook)
    except msgspec.ValidationError as failed:
        raise error(name, *_explained(kind, raw, str(failed))) from None


def _explained(kind: type, raw: dict[str, Any], said: str) -> tuple[str, str, str]:
    """Turn msgspec's sentence into path, expected and found."""
    place = _PLACE.match(said)
    what, path = (place["what"], place["path"] or "") if place else (said, "")
    types = _types(kind, path, raw)
    if unknown := re.match(r"Object contains unknown field `(.*)`", what):
        return _joined(path, unknown[1]), f"one of the keys {', '.join(_keys(types))}", repr(unknown[1])
    if missing := re.match(r"Object missing required field `(.*)`", what):
        return _joined(path, missing[1]), "a value", "none"
    found = _shown(_at(raw, path))
    if path.endswith(".kind"):
        kinds = [str(one.tag) for one in _structs(_types(kind, path.removesuffix(".kind"), raw))]
        if any(tag != "None" for tag in kinds):
            return path, f"one of {', '.join(kinds)}", found
    words = [repr(value) for one in types if isinstance(one, inspect.LiteralType) for value in one.values]
    wanted = re.match(r"Expected (.*?)(?:, got .*)?$", what)
    plain = [_wanted(wanted[1])] if wanted and not (words and "`str`" in wanted[1]) else []
    if not plain and any(isinstance(one, inspect.IntType) for one in types):
        plain = ["a whole number"]
    return path, " or ".join([*words, *plain]), found


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _types(schema: type, path: str, raw: dict[str, Any]) -> list[inspect.Type]:
    """Return the types that the schema allows at a path; of an entry with a kind, those of its kind."""
    types: list[inspect.Type] = [inspect.type_info(schema)]
    walked = ""
    for step in _STEP.findall(path):
        if step.isdecimal():
            types = [kind.item_type for kind in types if isinstance(kind, inspect.VarTupleType)]
            walked += f"[{step}]"
        else:
            types = [
                field.type for kind in _structs(types) for field in kind.fields if field.encode_name == step
            ]
            walked = _joined(walked, step)
        types = [
            one for kind in types for one in (kind.types if isinstance(kind, inspect.UnionType) else (kind,))
        ]
        entry = _at(raw, walked)
        named = entry.get("kind") if isinstance(entry, dict) else None
        types = [kind for kind in types if getattr(kind, "tag", named) == named] or types
    return types


def _structs(types: list[inspect.Type]) -> list[inspect.StructType]:
    return [kind for kind in types if isinstance(kind, inspect.StructType)]


def _keys(types: list[inspect.Type]) -> list[str]:
    return [field.encode_name for kind in _structs(types) for field in kind.fields]


_WORDS = {
    "int": "a whole number",
    "str": "text",
    "array": "a list",
    "object": "a table",
    "bool": "true or false",
    "float": "a number",
    "datetime": "a time with its zone, such as 2026-01-01T00:00:00Z",
}


def _wanted(text: str) -> str:
    """Return what msgspec expected in words a person uses."""
    kinds, _, bound = text.removesuffix(" with a timezone component").partition("` ")
    named = [_WORDS.get(kind, kind) for kind in kinds.strip("`").split(" | ") if kind != "null"]
    return " or ".join(named) + (f" {bound}" if bound else "")


def _at(raw: object, path: str) -> object:
    """Return the value at a path, such as `host[0].ips[1]`."""
    for step in _STEP.findall(path):
        try:
            raw = raw[int(step)] if isinstance(raw, list) else raw[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError, ValueError):
            return _MISSING
    return raw


def _shown(value: object) -> str:
    if value is _MISSING:
        return "none"
    if isinstance(value, date):
        return value.isoformat()
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
