"""Files that are written: private, and at the place that was meant."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import tools

from vxinspect.files import destination

SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"


@pytest.fixture(autouse=True)
def _anybody_may_read() -> Iterator[None]:
    """Set the most careless of umasks."""
    before = os.umask(0)
    yield
    os.umask(before)


def written(folder: Path) -> dict[str, tuple[str | Path, ...]]:
    """Return a command for each way in which a file is written, by the file's name."""
    return {
        "flows.json": ("flows", "--json", SAMPLE, "-o", folder / "flows.json"),
        "packets.csv": ("packets", "--format", "csv", SAMPLE, "-o", folder / "packets.csv"),
        "inner.pcap": ("decap", SAMPLE, "-o", folder / "inner.pcap"),
        "check.xml": ("check", SAMPLE, "--report", f"junit={folder / 'check.xml'}"),
        "made.pcap": ("generate", "--packets", "9", "-o", folder / "made.pcap", "--truth", folder / "truth"),
    }


def test_what_is_written_is_private(tmp_path: Path) -> None:
    """A new file is the user's alone; one that is replaced stays as readable as it was; nothing is left."""
    commands = written(tmp_path)
    for expected in (0o600, 0o604):
        for arguments in commands.values():
            assert tools.cli(*arguments).code in (0, 1), arguments
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == dict.fromkeys([*commands, "truth"], expected)
        for path in tmp_path.iterdir():
            path.chmod(0o604)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    """What was readable to its owner's group is readable to that group, and not to another."""
    target = tmp_path / "flows.json"
    target.touch(0o640)
    os.chown(target, 12_345, 54_321)
    assert tools.cli("flows", "--json", SAMPLE, "-o", target).code == 0
    found = target.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12_345, 54_321, 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may lay a link as somebody else")
def test_a_link_that_somebody_else_laid_is_not_followed(tmp_path: Path) -> None:
    """In a folder for all, as /tmp, a link of one's own leads on, and that of another is refused."""
    precious, shared = tmp_path / "precious", tmp_path / "shared"
    precious.write_text("mine")
    shared.mkdir()
    shared.chmod(0o1777)
    os.chown(shared, 12_345, -1)
    (shared / "own").symlink_to(precious)
    (shared / "laid").symlink_to(precious)
    os.chown(shared / "laid", 12_346, -1, follow_symlinks=False)
    assert destination(str(shared / "own")) == precious
    for arguments in (("flows", "--json"), ("packets", "--json"), ("decap", "--write-format", "pcap")):
        answer = tools.cli(*arguments, SAMPLE, "-o", shared / "laid")
        reason = "a link that somebody else laid is not followed"
        assert (answer.code, answer.errors) == (2, [f"vxinspect: {shared / 'laid'}: {reason}"])
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("name", ["a", "a/below"])
def test_links_in_a_circle(name: str, tmp_path: Path) -> None:
    """They lead nowhere, and one line says so."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    answer = tools.cli("flows", SAMPLE, "-o", tmp_path / name)
    assert answer.code == 2
    assert len(answer.errors) == 1
    assert answer.errors[0].startswith(f"vxinspect: {tmp_path / name}: ")
    if name == "a":
        assert answer.errors[0].endswith(os.strerror(errno.ELOOP))


def test_a_name_may_be_as_long_as_names_are(tmp_path: Path) -> None:
    """The temporary file beside it has a name that is no longer."""
    target = tmp_path / ("é" * 127)
    assert tools.cli("flows", "--json", SAMPLE, "-o", target).code == 0
    assert list(tmp_path.iterdir()) == [target]
