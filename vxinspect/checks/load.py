"""TOML files to a `Policy`. What is wrong is told by file and key path, what was expected and found."""

from pathlib import Path
from typing import Any

from vxinspect.checks.policy import Policy
from vxinspect.checks.values import from_toml
from vxinspect.declared import convert, read_text, read_toml
from vxinspect.exceptions import PolicyError
from vxinspect.rules import by_id
from vxinspect.rules.rule import SEVERITIES

__all__ = ["DEFAULT", "load_policy", "parse_policy"]

_FATES = ("fail", "warn", "ignore")

DEFAULT = Policy()
"""What is checked without a policy."""


def load_policy(path: str | Path) -> Policy:
    """Read a policy file and those that it includes; a path there is relative to the file that names it.

    Of two files that say something of the same key, the one that includes has the last word; lists add up.
    Raises `PolicyError` for a file that cannot be read, is no TOML, is no policy, or includes itself.
    """
    return _policy(_merged(Path(path), ()), str(path))


def parse_policy(text: str, name: str = "<policy>") -> Policy:
    """Return the policy that a TOML text declares; what it includes is relative to the working directory."""
    return _policy(_whole(text, name, Path(), ()), name)


def _policy(raw: dict[str, Any], name: str) -> Policy:
    policy = convert(raw, Policy, name, PolicyError, from_toml)
    for key in _FATES:
        for index, word in enumerate(getattr(policy.findings, key)):
            if word not in SEVERITIES and by_id(word) is None:
                expected = f"{', '.join(SEVERITIES)} or a rule (see `vxinspect explain`)"
                raise PolicyError(name, f"findings.{key}[{index}]", expected, repr(word))
    for rule, thresholds in policy.rules.items():
        known = by_id(rule)
        if known is None:
            raise PolicyError(name, f"rules.{rule}", "a rule (see `vxinspect explain`)", repr(rule))
        for threshold in thresholds:
            if threshold not in known.thresholds:
                expected = f"one of the thresholds {', '.join(known.thresholds) or '(it has none)'}"
                raise PolicyError(name, f"rules.{rule}.{threshold}", expected, repr(threshold))
    return policy


def _merged(path: Path, within: tuple[Path, ...]) -> dict[str, Any]:
    """Return a file's tables with those that it includes; `within` are the files that led here."""
    resolved = path.resolve()
    if resolved in within:
        raise PolicyError(str(path), "include", "a file that does not include itself", repr(str(path)))
    return _whole(read_text(path, PolicyError), str(path), path.parent, (*within, resolved))


def _whole(text: str, name: str, folder: Path, within: tuple[Path, ...]) -> dict[str, Any]:
    own = read_toml(text, name, PolicyError)
    # Each file is held to the schema by itself, so that an error names the file that it is in.
    included = _policy(own, name).include
    tables: dict[str, Any] = {}
    for other in included:
        tables = _over(tables, _merged(folder / other, within))
    return _over(tables, {key: value for key, value in own.items() if key != "include"})


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return both: lists one after another, tables key by key, and of single values the upper."""
    both = dict(below)
    # A severity or rule has one fate: the upper's.
    named = {word for key in _FATES for word in above.get("findings", {}).get(key, ())}
    if named and "findings" in both:
        both["findings"] = {
            key: [word for word in words if word not in named] for key, words in both["findings"].items()
        }
    for key, value in above.items():
        known = both.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            both[key] = _over(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            both[key] = known + value
        else:
            both[key] = value
    return both
