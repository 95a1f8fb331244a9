"""tshark, found and run over a whole capture."""

import re
import shutil
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vxinspect.overlays import ASSIGNED_PORTS
from vxinspect.verify.dissection import (
    FIELDS,
    PREFERENCES,
    UNKNOWN,
    Dissection,
    Layer,
    as_overlay,
    decode_as,
    has_key,
)
from vxinspect.verify.errors import VerifyError

__all__ = ["Tshark", "find_tshark"]

_FRAME = ("frame.encap_type", "frame.len", "frame.protocols")
_OF_LAYERS = tuple(field for fields in FIELDS.values() for field in fields)
_OPTIONS = "geneve.options"
_FLAGS, _KEY = "gre.flags_and_version", "gre.key"
_GPE = str(ASSIGNED_PORTS["vxlan-gpe"])
_NEWS = re.compile(r"^Running as user .*|^ ?$|.*could be dangerous\.$")
"""What it says of itself and not of the capture."""


class Tshark:
    """The program, and its version."""

    def __init__(self, path: str, version: str) -> None:
        self.path = path
        self.version = version
        self._strangers: list[int] = []

    def number_of(self, frame: int) -> int:
        """Return the number that Wireshark gives to a frame of the capture that was dissected last.

        Where a pcapng has blocks that it does not know or that are somebody's own, it counts them as frames.
        """
        return frame + bisect_right(self._strangers, frame)

    def dissect(
        self, capture: Path, name: str, ports: Sequence[int], count: int | None
    ) -> Iterator[Dissection]:
        """Yield what it makes of each frame, in order; a capture that is cut short ends early.

        `name` is the capture's in messages. Raises `VerifyError` where it cannot read the capture.
        """
        self._strangers.clear()
        command = [self.path, "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=a"]
        command += ["-E", "separator=/t", "-E", "aggregator=;"]
        for preference, value in PREFERENCES.items():
            command += ["-o", f"{preference}:{value}"]
        for selector in decode_as(ports):
            command += ["-d", f"{selector},vxlan"]
        for field in (*_FRAME, *_OF_LAYERS):
            command += ["-e", field]
        records = frames = 0
        with (
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,  # noqa: S603 - found on the path
        ):
            assert process.stdout is not None  # noqa: S101 - it was asked for
            try:
                for line in process.stdout:
                    records += 1
                    encapsulation, *values = line.rstrip("\n").split("\t")
                    if not encapsulation:
                        self._strangers.append(frames + 1)
                        continue
                    frames += 1
                    yield _dissection(frames, values)
                    if frames == count:
                        break
                else:
                    process.wait()
            finally:
                process.terminate()
            if process.returncode and not records:
                said.seek(0)
                raise VerifyError(f"{name}: {_complaint(said.read()).replace(str(capture), name)}")


def find_tshark() -> Tshark:
    """Return the program on the path; raises `VerifyError` where there is none."""
    path = shutil.which("tshark")
    if path is None:
        raise VerifyError(
            "verify needs tshark, which is not installed: it comes with Wireshark, in the package tshark or "
            "wireshark-cli"
        )
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on the path
    version = re.search(r"\d+\.\d+\.\d+", told.stdout)
    if version is None:
        raise VerifyError(f"{path} does not tell its version: is it tshark?")
    return Tshark(path, version[0])


def _dissection(number: int, values: Sequence[str]) -> Dissection:
    wire, protocols = values[:2]
    columns = {
        field: [value for value in text.split(";") if value]
        for field, text in zip(_OF_LAYERS, values[2:], strict=True)
    }
    return Dissection(number, int(wire), _layers(protocols.split(":"), columns))


def _layers(names: Sequence[str], columns: Mapping[str, list[str]]) -> list[Layer]:
    """Return the layers: what a field's column lists belongs to the layers of its protocol in turn."""
    names = _with_gpe(names, columns)
    if 0 < len(columns[_OPTIONS]) < names.count("geneve"):
        # Of options that not every layer has, nothing says whose they are.
        columns = {**columns, _OPTIONS: [UNKNOWN] * names.count("geneve")}
    columns = {**columns, _KEY: _keys(columns)}
    turns = dict.fromkeys(FIELDS, 0)
    layers = []
    for name in names:
        fields: dict[str, str] = {}
        if name in FIELDS:
            turn = turns[name]
            turns[name] += 1
            fields = {field: columns[field][turn] for field in FIELDS[name] if turn < len(columns[field])}
        layers.append(as_overlay(Layer(name, fields)))
    return layers


def _keys(columns: Mapping[str, list[str]]) -> list[str]:
    """Return a key for each GRE header: none where it has none, unknown where some are not in the column."""
    keyed = [has_key(Layer("gre", {_FLAGS: flags})) for flags in columns[_FLAGS]]
    found = iter(columns[_KEY])
    if sum(keyed) != len(columns[_KEY]):
        return [UNKNOWN] * len(keyed)
    return [next(found) if is_there else "" for is_there in keyed]


def _with_gpe(names: Sequence[str], columns: Mapping[str, list[str]]) -> list[str]:
    """Return the layers with those of VXLAN-GPE, which tshark dissects and leaves out of its list."""
    made: list[str] = []
    left = len(columns["vxlan.vni"]) - names.count("vxlan")
    turn = 0
    for at, name in enumerate(names):
        made.append(name)
        if name != "udp":
            continue
        ports = [
            columns[field][turn] for field in ("udp.srcport", "udp.dstport") if turn < len(columns[field])
        ]
        turn += 1
        if left > 0 and _GPE in ports and names[at + 1 : at + 2] != ["vxlan"]:
            made.append("vxlan")
            left -= 1
    return made


def _complaint(said: str) -> str:
    lines = [line for line in said.splitlines() if not _NEWS.match(line)]
    return lines[-1].removeprefix("tshark: ") if lines else "tshark cannot read it, and does not say why"
