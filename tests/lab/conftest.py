"""One run of each topology for all tests of it."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from lab_runs import TOPOLOGIES, UNSUPPORTED, Run, call, kernel_knows, missing

REASON = missing()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests here, and skip them where the lab cannot run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.skipif(REASON is not None, reason=REASON or ""))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Return what runs a topology, once. `VXINSPECT_LAB` names a folder where all have been run already."""
    before = os.environ.get("VXINSPECT_LAB")

    @cache
    def make(name: str) -> Run:
        if before:
            return Run(name, Path(before) / name)
        folder = tmp_path_factory.mktemp("lab")
        done = call(name, "-o", folder)
        assert done.returncode in (0, UNSUPPORTED), done.stderr
        return Run(name, folder / name)

    return make


@pytest.fixture(params=TOPOLOGIES)
def run(request: pytest.FixtureRequest, made: Callable[[str], Run]) -> Run:
    """Return each topology's run, one after the other; a test may name some topologies instead."""
    found = made(request.param)
    left_out = found.folder / "unsupported.txt"
    if left_out.exists():
        assert not kernel_knows(found.expected.needs), "left out, and yet this kernel can build it"
        pytest.skip(f"this kernel lacks what {found.name} needs: {left_out.read_text().strip()}")
    return found
