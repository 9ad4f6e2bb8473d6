"""Wheel and sdist: what they hold, that they can be built again, and what Airflow knows of them installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_smspartner
from airflow_provider_smspartner import get_provider_info
from scripts import beside
from scripts.airflow_command import airflow_environment
from tests.conftest import FORGOTTEN

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGE = "airflow_provider_smspartner"
VERSION = airflow_provider_smspartner.__version__
STEM = f"{PACKAGE}-{VERSION}"
WITH_SDIST = ("dags", "docs", "CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "dist", "build")
HOME = "https://github.com/airflow-provider-smspartner/airflow-provider-smspartner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A wheel and an sdist, and what they were built from."""

    source: Path
    wheel: Path
    sdist: Path

    def files(self, *folders: str) -> set[str]:
        """The files of the source in some of its folders, or files by name."""
        found = (path for name in folders for path in (self.source / name, *(self.source / name).rglob("*")))
        return {str(path.relative_to(self.source)) for path in found if path.is_file()}

    def metadata(self) -> Message:
        with zipfile.ZipFile(self.wheel) as archive:
            return Parser().parsestr(archive.read(f"{STEM}.dist-info/METADATA").decode())


def uv(*arguments: str | Path) -> None:
    """Run uv, which `make install` has put beside Python."""
    command, env = [sys.executable, "-m", "uv", *map(str, arguments)], os.environ | FORGOTTEN
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr


def build(source: Path) -> Built:
    """Build both as `make package` does."""
    target = source.parent / f"{source.name}-dist"
    uv("build", "--quiet", "--build-constraint", ROOT / "constraints.txt", "--out-dir", target, source)
    assert sorted(path.name for path in target.glob(f"{PACKAGE}*")) == [
        f"{STEM}-py3-none-any.whl",
        f"{STEM}.tar.gz",
    ]
    return Built(source=source, wheel=target / f"{STEM}-py3-none-any.whl", sdist=target / f"{STEM}.tar.gz")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A copy of the repository, built: nobody who works on it meanwhile can change what is compared."""
    source = tmp_path_factory.mktemp("packaging") / "one"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    return build(source)


# ---- contents ------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
    about = {name for name in names if name.startswith(f"{STEM}.dist-info/")}

    assert names - about == built.files(PACKAGE)
    assert {name.rpartition("/")[2] for name in about} == {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE")
    }
    assert names >= {f"{PACKAGE}/py.typed", f"{PACKAGE}/simulator/__main__.py"}
    assert {name for name in names if "/plugins/drawing/templates/" in name}
    assert f"{PACKAGE}/plugins/drawing/languages/fr.po" in names  # read as it is: there is nothing to compile


def test_the_sdist_holds_the_package_its_docs_and_its_dags(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {member.name.removeprefix(f"{STEM}/") for member in archive.getmembers() if member.isfile()}

    assert names - {"PKG-INFO", ".gitignore"} == built.files(PACKAGE, *WITH_SDIST)


def test_no_file_of_either_says_where_it_was_built(built: Built) -> None:
    here = (str(built.source), str(ROOT), str(Path.home()))
    with zipfile.ZipFile(built.wheel) as archive:
        texts = [archive.read(name) for name in archive.namelist()]

    assert not [path for path in here for text in texts if len(path) > 3 and path.encode() in text]


def test_what_is_built_twice_is_the_same_to_the_byte(built: Built) -> None:
    """In another folder, of files that are younger and that others may not read."""
    again = built.source.with_name("two")
    shutil.copytree(built.source, again)
    for path in again.rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)

    twin = build(again)

    assert twin.wheel.read_bytes() == built.wheel.read_bytes()
    assert twin.sdist.read_bytes() == built.sdist.read_bytes()


def test_the_readme_has_links_that_work_outside_the_repository(built: Built) -> None:
    """As on PyPI, which shows it without the files around it."""
    shown = str(built.metadata().get_payload())
    targets = re.findall(r"\]\(([^)]+)\)", shown)
    within = {url.removeprefix(f"{HOME}/blob/main/").partition("#")[0] for url in targets if HOME in url}

    assert [url for url in targets if not url.startswith(("https://", "#"))] == []
    assert [path for path in within if not (ROOT / path).exists()] == []
    assert [
        url for url in re.findall(r"!\[[^]]*\]\(([^)]+)\)", shown) if "/raw.githubusercontent.com/" not in url
    ] == []


# ---- metadata ------------------------------------------------------------------------------------


def test_the_version_is_written_in_one_place(built: Built) -> None:
    newest = re.search(r"^## .*?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert "version" in PROJECT["dynamic"]
    assert built.metadata()["Version"] == VERSION
    assert newest
    assert newest[1] == VERSION


def test_the_metadata_leads_to_documentation_changes_and_source(built: Built) -> None:
    about = built.metadata()
    urls = dict(line.split(", ") for line in about.get_all("Project-URL", []))

    assert urls["Source"] == HOME
    assert urls.keys() == {
        *("Homepage", "Documentation", "Documentation en français", "Changelog", "Source", "Issues")
    }
    for url in urls.values():
        path = url.removeprefix(HOME).removeprefix("/blob/main/")
        assert url.startswith(HOME)
        assert path in ("", "/issues") or (ROOT / path).is_file()
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Requires-Python"] == ">=3.11"
    assert set(about.get_all("Provides-Extra", [])) == PROJECT["optional-dependencies"].keys()


@pytest.mark.parametrize("airflow", beside.pins())
def test_it_fits_beside_what_each_airflow_pins(built: Built, airflow: str) -> None:
    network = os.environ | FORGOTTEN

    assert beside.conflict(built.wheel, airflow, beside.pins()[airflow], network) == ""


def test_what_does_not_fit_is_named(built: Built) -> None:
    assert "tenacity" in beside.conflict(built.wheel, "3.3.2", "tenacity==8.2.3", os.environ | FORGOTTEN)


# ---- installed -----------------------------------------------------------------------------------


def pins(path: Path) -> Path:
    """Write the versions of this environment down, so that an empty one gets the same."""
    names = {each.metadata["Name"]: each.version for each in distributions()}
    names.pop("airflow-provider-smspartner")
    path.write_text("".join(f"{name}=={version}\n" for name, version in sorted(names.items())))
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment of Python with the wheel in it."""

    python: Path
    env: dict[str, str]
    home: Path

    def run(self, *arguments: str) -> str:
        """Run this Python somewhere else than in the repository, and return what it prints."""
        command = [str(self.python), *arguments]
        done = subprocess.run(
            command, cwd=self.home, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def airflow(self, *arguments: str) -> Any:
        """Run a command of Airflow and return its JSON."""
        printed = self.run("-m", "airflow", *arguments, "--output", "json")
        return json.loads(printed[printed.index("[") :])


def environment(built: Built, folder: Path, *, extras: str = "") -> Environment:
    """Install the wheel, with extras or without, where nothing is."""
    uv("venv", "--quiet", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    wanted = f"{built.wheel}{extras}"
    uv("pip", "install", "--quiet", "--python", python, "--constraint", pins(folder / "pins.txt"), wanted)
    uv("pip", "check", "--quiet", "--python", python)
    (folder / "dags").mkdir()
    env = airflow_environment(folder, dags=folder / "dags", env={})
    env.pop("PYTHONPATH", None)
    return Environment(python=python, env=env, home=folder)


IMPORT_ALL = """
import importlib, pkgutil, airflow_provider_smspartner as package
names = [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names), package.__version__, package.__file__)
"""


HAS_OPENLINEAGE = "from importlib.util import find_spec as f; print(bool(f('airflow.providers.openlineage')))"


@pytest.mark.parametrize("extras", ["", "[openlineage,sqlite]"])
def test_an_empty_environment_has_all_that_the_package_imports(
    built: Built, tmp_path: Path, extras: str
) -> None:
    place = environment(built, tmp_path, extras=extras)

    count, version, where = place.run("-W", "ignore", "-c", IMPORT_ALL).split()[-3:]

    assert int(count) > 60
    assert version == VERSION
    assert str(tmp_path) in where
    has_openlineage = (
        "import importlib.util as u; print(u.find_spec('airflow.providers.openlineage') is not None)"
    )
    assert place.run("-c", has_openlineage).split()[-1] == str(bool(extras))


def test_an_airflow_knows_what_was_installed(built: Built, tmp_path: Path) -> None:
    place, info = environment(built, tmp_path), get_provider_info()
    [form] = info["connection-types"]

    [provider] = [
        row for row in place.airflow("providers", "list") if row["package_name"] == info["package-name"]
    ]
    assert provider["version"] == VERSION
    hooks = {row["connection_type"]: row["class"] for row in place.airflow("providers", "hooks")}
    assert hooks["smspartner"] == form["hook-class-name"]
    notifiers = {row["notification_class_name"] for row in place.airflow("providers", "notifications")}
    assert notifiers >= set(info["notifications"])
    links = {row["extra_link_class_name"] for row in place.airflow("providers", "links")}
    assert links >= set(info["extra-links"])
    plugins = {row["name"]: row for row in place.airflow("plugins")}
    assert "smspartner" in plugins
