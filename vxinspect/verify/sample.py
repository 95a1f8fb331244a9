"""pyshark, run over some frames of a capture."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vxinspect.verify.dissection import FIELDS, PREFERENCES, Dissection, Layer, as_overlay, decode_as
from vxinspect.verify.errors import VerifyError

__all__ = ["pyshark_version", "sample_of", "sampled"]


def pyshark_version() -> str:
    """Return the version of pyshark; raises `VerifyError` where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pyshark")
    except PackageNotFoundError:
        raise VerifyError(
            "verify needs pyshark, which is not installed: pip install 'vxinspect[verify]', or --sample 0 to "
            "do without"
        ) from None


def sample_of(frames: int, size: int) -> list[int]:
    """Return the numbers of `size` frames (all, where there are fewer), evenly spread from the first on."""
    size = min(size, frames)
    return [1 + turn * frames // size for turn in range(size)]


def sampled(
    capture: Path, ports: Sequence[int], numbers: Mapping[int, int], tshark: str
) -> Iterator[Dissection]:
    """Yield what pyshark makes of these frames, in order. `numbers`: Wireshark's, with ours for each."""
    import pyshark

    wanted = ", ".join(map(str, numbers))
    # A loop of its own, for there may be another. XML, pyshark's default, keeps inner layers; JSON does not.
    loop = asyncio.new_event_loop()
    reader = pyshark.FileCapture(
        str(capture),
        display_filter=f"frame.number in {{{wanted}}}",
        keep_packets=False,
        decode_as=dict.fromkeys(decode_as(ports), "vxlan"),
        override_prefs=dict(PREFERENCES),
        custom_parameters=["-n", "-c", str(max(numbers))],
        tshark_path=tshark,
        eventloop=loop,
    )
    # pyshark takes any exit code but 0 for a crash, that of a capture which is cut short too, and sometimes
    # misses the code. What matters is which frames came.
    crash = pyshark.capture.capture.TSharkCrashException
    # The same race makes asyncio log a warning, which is none of the user's.
    log = logging.getLogger("asyncio")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with suppress(crash):
            for packet in reader:
                layers = [_layer(layer) for layer in packet.layers]
                yield Dissection(numbers[int(packet.number)], int(packet.length), layers)
    finally:
        with suppress(crash):
            reader.close()
        # What it could not close, it would close again when it is collected, and the loop is gone then.
        reader._running_processes.clear()  # noqa: SLF001 - there is no other way
        loop.close()
        log.setLevel(level)


def _layer(layer: Any) -> Layer:  # noqa: ANN401 - pyshark has no types
    name = str(layer.layer_name)
    told = {field: layer.get_field(field) for field in FIELDS.get(name, ())}
    return as_overlay(Layer(name, {field: str(value) for field, value in told.items() if value is not None}))
