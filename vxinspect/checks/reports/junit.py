"""A verdict as JUnit XML: a test case for each check, as Jenkins, GitLab and others read it."""

from xml.etree import ElementTree as ET

from vxinspect.checks.outcome import Verdict
from vxinspect.render.text import clean

__all__ = ["render"]


def render(verdict: Verdict) -> str:
    """Return a suite with a case for each check; a warning passes, and is told in its case's output."""
    counts: dict[str, str] = {
        "tests": str(len(verdict.outcomes)),
        "failures": str(len(verdict.of("failed"))),
        "errors": "0",
    }
    captures = clean(" ".join(verdict.captures))
    suites = ET.Element("testsuites", {"name": "vxinspect check", **counts})
    suite = ET.SubElement(
        suites, "testsuite", {"name": f"vxinspect check {captures}", "skipped": "0", **counts}
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="policy", value=clean(verdict.policy))
    for outcome in verdict.outcomes:
        name = clean(f"{outcome.key}: {outcome.title}")
        case = ET.SubElement(suite, "testcase", classname="vxinspect.check", name=name, time="0")
        if outcome.status == "failed":
            failure = ET.SubElement(case, "failure", type=outcome.key, message=clean(outcome.found))
            failure.text = clean(outcome.sentence)
        elif outcome.status == "warned":
            ET.SubElement(case, "system-out").text = clean(f"warning: {outcome.sentence}")
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'
