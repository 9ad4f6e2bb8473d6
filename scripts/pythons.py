"""The quick tests on every Python that is promised, as far as this machine has it: `make test-pythons`.

The wheel is built by one of them and installed into the others, with the versions of ``constraints.txt``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
IMPORT_ALL = """
import importlib, pkgutil, airflow_provider_smspartner as package
for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
assert "site-packages" in package.__file__, package.__file__
"""


def promised() -> list[str]:
    """Return the versions that the package's metadata promises."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    return re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))


def candidates(version: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Name where an interpreter may be: on the PATH, or among those of pyenv, which shows only one."""
    if on_path := shutil.which(f"python{version}", path=env.get("PATH")):
        yield Path(on_path)
    root = Path(env.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def works(python: Path, version: str) -> bool:
    """Tell whether this is an interpreter of a version: what pyenv puts on the PATH may only complain."""
    command = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return str(done.stdout).strip() == version


def find(version: str, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the interpreter of a version, if this machine has it."""
    return next((path for path in candidates(version, env) if works(path, version)), None)


def uv(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], cwd=ROOT, check=True)


def build(folder: Path) -> Path:
    """Build the wheel with the Python that runs this."""
    uv("build", "--quiet", "--wheel", "--build-constraint", CONSTRAINTS, "--out-dir", folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def set_up(interpreter: Path, version: str, wheel: Path) -> Path:
    """Install the wheel, and what its tests need, into the environment of another Python."""
    folder = ROOT / f".venv-{version}"
    if not (folder / "bin" / "python").exists():
        uv("venv", "--quiet", "--python", interpreter, folder)
    python = folder / "bin" / "python"
    how = ("--quiet", "--compile-bytecode", "--constraint", CONSTRAINTS, "--python", python)
    uv("pip", "install", *how, "--reinstall-package", "airflow-provider-smspartner", f"{wheel}[dev]")
    uv("pip", "check", "--quiet", "--python", python)
    subprocess.run([python, "-W", "ignore", "-I", "-c", IMPORT_ALL], cwd=wheel.parent, check=True)
    return python


def passes(interpreter: Path, version: str, wheel: Path, arguments: list[str]) -> bool:
    """Run the tests on one of them."""
    print(f"\nPython {version}: {interpreter}", flush=True)
    python = Path(sys.executable) if version == OWN else set_up(interpreter, version, wheel)
    return subprocess.run([python, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Run pytest with the arguments on each; 1 when one fails, or is missing where CI asks for all."""
    found = {version: find(version) for version in promised()}
    absent = [version for version, path in found.items() if path is None]
    if absent:
        print(f"Not on this machine, and left out: Python {', '.join(absent)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        results = [passes(path, version, wheel, arguments) for version, path in found.items() if path]
    return int(not all(results) or bool(absent and os.environ.get("CI")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
