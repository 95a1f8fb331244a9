"""TOML text to a `Scenario`. What is wrong is told by the key's path, what was expected and found."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from vxinspect.exceptions import ScenarioError
from vxinspect.synth.scenario import Scenario

__all__ = ["load_scenario", "parse_scenario"]

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+")
_MISSING = object()


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises `ScenarioError` for a file that cannot be read, is no TOML, or is no scenario.
    """
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise ScenarioError(str(path), "", message=error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), f"byte {error.start}", "UTF-8 text", "other bytes") from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, name: str = "<scenario>") -> Scenario:
    """Return the scenario that a TOML text declares; `name` is how errors call it. Raises `ScenarioError`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(name, "", message=f"no TOML: {error}") from None
    try:
        return msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise _explained(name, raw, str(error)) from None


def _explained(name: str, raw: dict[str, Any], said: str) -> ScenarioError:
    """Turn msgspec's sentence into ours."""
    place = _PLACE.match(said)
    what, path = (place["what"], place["path"] or "") if place else (said, "")
    if unknown := re.match(r"Object contains unknown field `(.*)`", what):
        keys = ", ".join(_keys(_types(path, raw)))
        return ScenarioError(name, _joined(path, unknown[1]), f"one of the keys {keys}", repr(unknown[1]))
    if missing := re.match(r"Object missing required field `(.*)`", what):
        return ScenarioError(name, _joined(path, missing[1]), "a value", "none")
    found = _shown(_at(raw, path))
    if path.endswith(".kind"):
        kinds = [str(kind.tag) for kind in _structs(_types(path.removesuffix(".kind"), raw))]
        return ScenarioError(name, path, f"one of {', '.join(kinds)}", found)
    words = [
        repr(value)
        for kind in _types(path, raw)
        if isinstance(kind, inspect.LiteralType)
        for value in kind.values
    ]
    wanted = re.match(r"Expected (.*?)(?:, got .*)?$", what)
    plain = [_wanted(wanted[1])] if wanted and not (words and "`str`" in wanted[1]) else []
    if not plain and any(isinstance(kind, inspect.IntType) for kind in _types(path, raw)):
        plain = ["a whole number"]
    return ScenarioError(name, path, " or ".join([*words, *plain]), found)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _types(path: str, raw: dict[str, Any]) -> list[inspect.Type]:
    """Return the types that the schema allows at a path; of an entry with a kind, those of its kind."""
    types: list[inspect.Type] = [inspect.type_info(Scenario)]
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
