"""What the tests need of the machine is brought where it can be, and else said at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.system import NEEDS

ROOT = Path(__file__).parents[1]
PACKAGES = [need.package for need in NEEDS]


def program(folder: Path, name: str, script: str = "") -> None:
    """Put a program of the machine into a folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


def bring(path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run what `make test` begins with on a machine that has the programs of a folder, and no others."""
    command, env = [sys.executable, "-m", "scripts.system"], {"PATH": str(path), **env}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=10)


def debian(folder: Path, *, gives: bool) -> None:
    """Give a machine an apt-get that writes down what it is asked for, and gives it or not."""
    given = [f"{folder}/{need.names[0]}" for need in NEEDS if gives]
    copies = "".join(f"\n/bin/cp {folder}/apt-get {path}" for path in given)
    program(folder, "apt-get", f'echo "$@" >> {folder}/asked{copies}')
    program(folder, "sudo", 'shift; exec "$@"')


def test_nothing_is_said_where_nothing_is_missing(tmp_path: Path) -> None:
    for need in NEEDS:
        program(tmp_path, need.names[-1])

    done = bring(tmp_path, CI="true")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("env", "code"), [({}, 0), ({"CI": "true"}, 1)])
def test_what_cannot_be_brought_is_named_with_the_remedy(
    tmp_path: Path, env: dict[str, str], code: int
) -> None:
    done = bring(tmp_path, **env)

    assert done.returncode == code
    for need in NEEDS:
        assert f"No {need.names[0]} here: {need.without}" in done.stdout
        assert f"apt-get install {need.package}" in done.stdout


def test_debian_is_asked_for_what_is_missing(tmp_path: Path) -> None:
    debian(tmp_path, gives=True)

    done = bring(tmp_path, CI="true")

    update, install = (tmp_path / "asked").read_text().splitlines()
    assert " update " in update
    assert " ".join(["--no-install-recommends", *PACKAGES]) in install
    assert done.returncode == 0
    assert "No " not in done.stdout


def test_what_debian_does_not_give_is_named_too(tmp_path: Path) -> None:
    debian(tmp_path, gives=False)

    done = bring(tmp_path, CI="true")

    assert done.returncode == 1
    assert f"No {NEEDS[0].names[0]} here" in done.stdout


def test_both_ways_to_set_up_begin_with_it() -> None:
    """It comes before the environment, which takes a minute: the first thing said is what is missing."""
    planned = subprocess.run(
        ["make", "--always-make", "--dry-run", "--no-print-directory", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert planned[0].endswith("-m scripts.system")
    assert (ROOT / ".ci" / "run").read_text().endswith("make lint\nmake test\n")
