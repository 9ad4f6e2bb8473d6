"""The GitHub workflows run what ``make`` runs, on the versions that are promised, and may do little else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ANY = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def values(node: Any, name: str) -> list[Any]:
    """Everything that goes by a name in a workflow, however deep."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, one in inside for found in ([one] if key == name else []) + values(one, name)]


def commands(path: Path) -> str:
    return "\n".join(map(str, values(yaml.safe_load(path.read_text()), "run")))


def everything() -> str:
    return "".join(path.read_text() for path in WORKFLOWS)


def made(text: str) -> set[str]:
    """The targets that some commands make."""
    return set(re.findall(r"^\s*make ([a-z-]+)", text, re.MULTILINE))


@ANY
def test_every_target_that_is_made_exists(path: Path) -> None:
    assert made(commands(path))
    assert made(commands(path)) <= TARGETS


@ANY
def test_actions_are_pinned_and_may_read_only(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())

    assert values(workflow, "permissions") == [{"contents": "read"}]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name) for name in values(workflow, "uses"))
    assert set(values(workflow, "persist-credentials")) == {False}
    assert len(values(workflow, "persist-credentials")) == path.read_text().count("actions/checkout@")
    assert "secrets." not in path.read_text()  # a key is for `make live`, which a person runs
    assert len(values(workflow, "timeout-minutes")) == len(workflow["jobs"])


def test_an_action_is_one_commit_everywhere_and_says_its_version() -> None:
    """A tag can be moved to other code; a commit cannot. The comment tells a reader which release it is."""
    uses = re.findall(r"uses: ([\w/-]+)@(\w+) (# v\d+\.\d+\.\d+)$", everything(), re.MULTILINE)

    assert len(uses) == everything().count("uses:")
    assert len(set(uses)) == len({name for name, _, _ in uses})


def test_every_change_is_checked_as_a_contributor_does() -> None:
    ci = ROOT / ".github" / "workflows" / "ci.yml"

    assert made((ROOT / ".ci" / "run").read_text()) <= made(commands(ci))
    assert made(commands(ci)) == {
        *("lint", "docs", "test", "test-oldest", "test-next", "test-pythons", "package")
    }


def test_every_python_that_is_promised_is_tested() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == promised


def test_what_takes_long_runs_every_night() -> None:
    nightly = ROOT / ".github" / "workflows" / "nightly.yml"

    assert made(commands(nightly)) == {"fuzz", "thorough", "faults", "soak", "test-distributed"}
