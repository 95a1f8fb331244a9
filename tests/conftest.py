"""What every kind of test has at hand."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Deterministic: the same examples on every machine. `HYPOTHESIS_PROFILE=explore` looks for new ones.
QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
settings.register_profile(
    "ci", derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=QUIET
)
settings.register_profile("explore", deadline=None, max_examples=2000, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs captures that are not here."""
    if not os.environ.get("VXINSPECT_EXTERNAL"):
        for item in items:
            if "external" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="VXINSPECT_EXTERNAL names no folder of captures"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `VXINSPECT_CI` is set, a skipped test fails: only captures of others may be missing there."""
    report = yield
    not_here = "external" in item.path.parts and not os.environ.get("VXINSPECT_EXTERNAL")
    if report.skipped and os.environ.get("VXINSPECT_CI") and not not_here:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
