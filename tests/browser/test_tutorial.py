"""The tutorial, followed by somebody who types what it says and nothing else."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from scripts import sessions
from scripts.local_airflow import LocalAirflow, held_port
from tests.airflow_versions import needs
from tests.browser.conftest import SignIn
from tests.browser.test_campaign_page import figure, inside
from tests.browser.test_connection_form import open_form, save

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DOCS = Path(__file__).parents[2] / "docs"
LARGEST = 150_000  # bytes of a picture
DAG_ID = "tutorial_campaign"


@pytest.fixture(scope="module")
def tutorial() -> Iterator[str]:
    """The page, with a port that is free instead of 8025."""
    with held_port() as port:
        yield (DOCS / "tutorial.md").read_text().replace("8025", str(port))


def blocks(tutorial: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", tutorial, re.MULTILINE | re.DOTALL)


def fields(tutorial: str) -> dict[str, str]:
    """Return what the tutorial writes into the form."""
    table = re.findall(r"^\| (\w[\w ]+) \| (.+) \|$", tutorial.split("\n## 4.")[0], re.MULTILINE)
    return {label: value.strip("`") for label, value in table if label != "field"}


class Shell:
    """A terminal in the environment of the Airflow under test."""

    def __init__(self, airflow: LocalAirflow, folder: Path) -> None:
        self.folder = folder
        self.env = airflow.env | {"PATH": f"{Path(sys.executable).parent}:{airflow.env['PATH']}"}
        self.started: list[sessions.Process] = []

    def start(self, command: str, *, until: str) -> None:
        """Start a command that stays, and wait for what it prints."""
        log = self.folder / "started.log"
        self.started.append(sessions.start(shlex.split(command), env=self.env, cwd=self.folder, log=log))
        deadline = time.monotonic() + 60
        while until not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def run(self, command: str) -> str:
        """Run a command to its end, which must be a good one, and return what it printed."""
        log = self.folder / "run.log"
        status = sessions.run(shlex.split(command), env=self.env, cwd=self.folder, log=log)
        assert status == 0, log.read_text()
        return log.read_text()


@pytest.fixture
def shell(airflow: LocalAirflow, tmp_path: Path) -> Iterator[Shell]:
    """A terminal; what was started in it ends with the test."""
    opened = Shell(airflow, tmp_path)
    yield opened
    sessions.end(opened.started)


def post(command: str) -> None:
    """Do what a command of curl does; not every machine has it."""
    curl, as_json, body, url = shlex.split(command)
    assert (curl, as_json) == ("curl", "--json")
    headers = {"Content-Type": "application/json"}
    requests.post(url, data=body, headers=headers, timeout=10).raise_for_status()


@pytest.mark.usefixtures("no_connections")
@needs("connection form out of what a provider declares", "3.2")
def test_the_tutorial_works_as_written(
    tutorial: str, shell: Shell, airflow: LocalAirflow, sign_in: SignIn
) -> None:
    setting, simulator, try_connection, lose_texts = blocks(tutorial, "sh")
    name, value = setting.removeprefix("export ").strip().split("=")
    assert airflow.env[name] == value
    shell.start(simulator, until="simulator-key")

    page, form = sign_in("admin"), fields(tutorial)
    dialog = open_form(page, form["Connection ID"])
    for label in ("API URL", "API key"):
        dialog.get_by_label(label).fill(form[label])
    save(dialog)
    assert form["Connection Type"] == "SMS Partner"
    assert "Connection success!" in shell.run(try_connection)

    [dag] = blocks(tutorial, "python")
    (Path(airflow.env["AIRFLOW__CORE__DAGS_FOLDER"]) / "tutorial_campaign.py").write_text(dag)
    good = airflow.trigger(DAG_ID)
    assert airflow.wait(DAG_ID, good) == "success"
    post(lose_texts)
    bad = airflow.trigger(DAG_ID)
    assert airflow.wait(DAG_ID, bad) == "failed"
    assert airflow.task_states(DAG_ID, bad) == {"send": "success", "delivery": "failed"}

    for run, delivered in ((good, "100 %"), (bad, "0 %")):
        page.goto(f"/dags/{DAG_ID}/runs/{quote(run)}")
        page.get_by_role("link", name="SMS", exact=True).click()
        expect(figure(inside(page), "Delivered")).to_contain_text(re.compile(f"^{delivered}"))
    expect(inside(page).locator("[data-task=delivery]")).to_contain_text("40 people did not get it")


def test_every_picture_is_shown_and_small(tutorial: str) -> None:
    shown = re.findall(r"^!\[[^]]+\]\(pictures/([\w-]+\.png)\)$", tutorial, re.MULTILINE)
    there = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert sorted(shown) == sorted(there)
    assert {name: size for name, size in there.items() if size > LARGEST} == {}
