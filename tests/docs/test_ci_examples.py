"""The examples of docs/ci do what they say, as far as it can be done without those services."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import junitparser
import pytest
import yaml
from pages import DOCS, ROOT
from tools import environment, program

POLICY = 'include = ["sound.toml"]\n[vnis]\nallowed = [{}]\n'


def example(name: str) -> Any:
    """Return an example, parsed."""
    return yaml.safe_load((DOCS / "ci" / name).read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a capture and a policy that it meets."""
    shutil.copy(ROOT / "samples/two-tenants.pcap", tmp_path / "capture.pcap")
    shutil.copy(ROOT / "samples/policies/sound.toml", tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY.format("100, 200"))
    return tmp_path


def run(script: str, folder: Path) -> int:
    """Run a step as the services do: bash, which stops at the first failure."""
    path = f"{Path(program()).parent}{os.pathsep}{os.environ['PATH']}"
    settings = environment(PATH=path, GITHUB_STEP_SUMMARY=str(folder / "summary.md"))
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=settings, capture_output=True, check=False
    )
    return done.returncode


def github_steps() -> list[str]:
    """Return the scripts of the GitHub job, but for the installation."""
    (job,) = example("github-actions.yml")["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step and not step["run"].startswith("pip ")]


def gitlab_steps() -> list[str]:
    """Return the scripts of the GitLab job."""
    return list(example("gitlab-ci.yml")["overlay"]["script"])


@pytest.mark.parametrize("steps", [github_steps(), gitlab_steps()], ids=["github", "gitlab"])
def test_job_passes_and_fails(steps: list[str], project: Path) -> None:
    """It passes where the policy holds, fails where it does not, and leaves its reports in both cases."""
    assert steps
    assert [run(step, project) for step in steps] == [0] * len(steps)
    assert junitparser.JUnitXml.fromfile(str(project / "overlay.xml")).failures == 0
    (project / "policy.toml").write_text(POLICY.format("100"))
    assert 1 in [run(step, project) for step in steps]
    assert junitparser.JUnitXml.fromfile(str(project / "overlay.xml")).failures == 1


def test_artifacts_are_what_the_steps_write(project: Path) -> None:
    """What is kept and uploaded is there once the steps have run."""
    for step in [*github_steps(), *gitlab_steps()]:
        run(step, project)
    (job,) = example("github-actions.yml")["jobs"].values()
    kept = next(step["with"]["path"] for step in job["steps"] if "path" in step.get("with", {})).split()
    gitlab = example("gitlab-ci.yml")["overlay"]["artifacts"]
    for name in (*kept, *gitlab["paths"], gitlab["reports"]["junit"], "summary.md"):
        assert (project / name).stat().st_size > 0


def test_pre_commit_hook(project: Path) -> None:
    """The hook's pattern takes captures, and its command fails for one that does not hold the policy."""
    (hook,) = example("pre-commit-config.yaml")["repos"][0]["hooks"]
    names = ["capture.pcap", "a/b.pcapng.zst", "notes.txt", "pcap.py"]
    assert [name for name in names if re.search(hook["files"], name)] == ["capture.pcap", "a/b.pcapng.zst"]
    command = shlex.join([*shlex.split(hook["entry"]), "capture.pcap"])
    assert run(command, project) == 0
    (project / "policy.toml").write_text(POLICY.format("7"))
    assert run(command, project) == 1
