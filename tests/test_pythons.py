"""Each Python that is promised is found where a machine keeps it."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.pythons import OWN, find, promised


def interpreter(folder: Path, *, version: str, says: str) -> Path:
    """Put an interpreter, or what stands in its place, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o700)
    return path


def test_the_promised_ones_are_those_of_the_metadata() -> None:
    assert OWN in promised()
    assert promised() == sorted(promised())


def test_the_one_on_the_path_is_taken(tmp_path: Path) -> None:
    here = interpreter(tmp_path / "bin", version=OWN, says=f'exec {sys.executable} "$@"')

    assert find(OWN, {"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path)}) == here


def test_a_shim_that_only_complains_is_passed_by(tmp_path: Path) -> None:
    """pyenv puts one on the PATH for every version that it has, and most of them say which to choose."""
    interpreter(tmp_path / "shims", version="3.98", says="echo 'pyenv: command not found' >&2; exit 127")
    interpreter(tmp_path / "versions" / "3.98.1" / "bin", version="3.98", says="exit 1")
    real = interpreter(tmp_path / "versions" / "3.98.0" / "bin", version="3.98", says="echo 3.98")

    assert find("3.98", {"PATH": str(tmp_path / "shims"), "PYENV_ROOT": str(tmp_path)}) == real


def test_one_that_the_machine_lacks_is_missing(tmp_path: Path) -> None:
    assert find("3.99", {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)}) is None
