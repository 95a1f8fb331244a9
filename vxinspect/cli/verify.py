"""The command that compares captures with what Wireshark makes of them."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vxinspect import _engine
from vxinspect.cli import DONE, FAILED
from vxinspect.cli.command import Command, Option
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import SELECTING, Options, at_least, common_without
from vxinspect.cli.output import check_output, write_output
from vxinspect.cli.progress import ProgressLine
from vxinspect.cli.run import Canvas, close, watched

if TYPE_CHECKING:
    from vxinspect.verify import Verification

__all__ = ["COMMANDS"]

SAMPLE = 200


def _verify(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    options = Options.from_click(given)
    sources = captures_to_read(options.captures, options.output)
    check_output(options.output)
    # Loaded when it is used: no other command needs it.
    from vxinspect.verify import verify

    verifications = []
    for name, path in sources:
        with ProgressLine() as progress, _as_file(str(path)) as file:
            verifications.append(
                verify(
                    file,
                    name=name,
                    ports=options.overlays.asked_ports,
                    count=options.count,
                    sample=SAMPLE if given["sample"] is None else given["sample"],
                    progress=progress if watched(options) else None,
                )
            )
    write_output(options.output, _drawn(verifications, options))
    code = close(_Ran(verifications), options, [], result="comparison")
    agree = all(verification.agrees for verification in verifications)
    return code if code != DONE or agree else FAILED


@contextmanager
def _as_file(path: str) -> Iterator[str]:
    """Give a file's path; what is piped in is kept in one, for Wireshark reads it for itself."""
    if path != "-":
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="vxinspect-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield kept.name


def _drawn(verifications: Sequence["Verification"], options: Options) -> Iterator[str]:
    from vxinspect.columns import DIFFERENCES
    from vxinspect.render import machine, verification

    rows = verification.difference_rows(verifications)
    tuples = (tuple(row[name] for name in DIFFERENCES.names) for row in rows)
    match options.format:
        case "json":
            yield machine.json_object(verification.verification_object(verifications, _engine.__version__))
        case "jsonl":
            yield from machine.jsonl_rows(DIFFERENCES.names, tuples)
        case "csv":
            yield from machine.csv_text(DIFFERENCES.names, tuples)
        case "markdown":
            yield from (f"{line}\n" for line in verification.verification_markdown(verifications))
        case _:
            canvas = Canvas(options)
            lines = verification.verification_lines(verifications, width=canvas.width, paint=canvas.paint)
            yield from (f"{line}\n" for line in lines)


class _Ran:
    """What the reading of all captures tells of itself."""

    interrupted = False

    def __init__(self, verifications: Sequence["Verification"]) -> None:
        self.captures = [capture for each in verifications for capture in each.captures]


_VERIFY = Command(
    "verify",
    params=[
        Option(
            ["--sample"],
            section="Verifying",
            metavar="N",
            callback=at_least(0),
            help=f"So many frames, evenly spread, go through pyshark too: {SAMPLE} by default, 0 for none.",
        ),
        *common_without(*SELECTING, "--sort", "--limit", "--max-flows", "--threads", "--checksums"),
    ],
    callback=_verify,
    help="Compare with what Wireshark makes of it.\n\n"
    "Frame by frame: VXLAN or not, VNI, outer and inner addresses, ports, lengths. tshark dissects every "
    "frame, pyshark a sample. Differences are told with their reason where it is known; exits with 1 where "
    "one is not. Needs tshark and vxinspect[verify].",
    examples=[
        "vxinspect verify day.pcap",
        "vxinspect verify --port auto --sample 1000 day.pcapng",
        "vxinspect verify --json *.pcap | jq .agrees",
    ],
)
COMMANDS = (_VERIFY,)
