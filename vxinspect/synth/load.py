"""TOML text to a `Scenario`. What is wrong is told by the key's path, what was expected and found."""

from pathlib import Path

from vxinspect.declared import convert, read_text, read_toml
from vxinspect.exceptions import ScenarioError
from vxinspect.synth.scenario import Scenario

__all__ = ["load_scenario", "parse_scenario"]


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises `ScenarioError` for a file that cannot be read, is no TOML, or is no scenario.
    """
    return parse_scenario(read_text(path, ScenarioError), str(path))


def parse_scenario(text: str, name: str = "<scenario>") -> Scenario:
    """Return the scenario that a TOML text declares; `name` is how errors call it. Raises `ScenarioError`."""
    return convert(read_toml(text, name, ScenarioError), Scenario, name, ScenarioError)
