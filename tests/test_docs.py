"""README and docs: examples run, links lead somewhere, and promises have a test."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from airflow_provider_smspartner.hooks.connection import API_URL
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from scripts.customers import build_warehouse
from scripts.demo import report
from scripts.shop import Shop
from tests.pages import DOCS, FENCED, PAGES, ROOT, prose


def blocks(language: str, *pages: Path) -> list[Any]:
    """The fenced blocks of a language, each named after its page."""
    return [
        pytest.param(text, id=f"{page.stem}-{n}")
        for page in pages or PAGES
        for n, (kind, text) in enumerate(FENCED.findall(page.read_text()))
        if kind == language
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("page", [*PAGES, *sorted(ROOT.glob("dags/*.py"))], ids=lambda page: page.name)
def test_an_example_uses_only_what_every_run_has(page: Path) -> None:
    """A run that somebody triggers, or that an asset starts, may have no logical date."""
    text = page.read_text()
    code = text if page.suffix == ".py" else "".join(code for _, code in FENCED.findall(text))

    assert not re.findall(r"\b(?:logical_date|data_interval_\w+|(?:ds|ts)(?:_no\w+)?)\b", code)


@pytest.mark.parametrize("text", blocks("json"))
def test_an_example_is_json(text: str) -> None:
    assert json.loads(text)


@pytest.mark.parametrize("code", blocks("sh", ROOT / "README.md", DOCS / "connection.md"))
def test_an_example_of_the_connection_can_be_used(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    export, setting = shlex.split(code)
    variable, value = setting.split("=", 1)
    assert export == "export"
    if variable.startswith("AIRFLOW_CONN_"):
        monkeypatch.setenv(variable, value)
        settings = SMSPartnerHook().settings
        assert settings.api_key in ("your-API-key", "your+API/key")
        assert settings.url == API_URL


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", prose(page)):
        there = page.parent / target if target else page
        assert there.exists(), target
        headings = map(slug, re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)) if anchor else ()
        assert not anchor or anchor in headings, f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "index.md").read_text()))
    assert linked >= {page.name for page in DOCS.glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_behind_promises_are_there(page: Path) -> None:
    for path, name in re.findall(r"<!-- test: (\S+)::(\w+) -->", page.read_text()):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), name


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {name for page in PAGES for name in re.findall(r"(?:`|\$ |    )make ([a-z-]+)", page.read_text())}
    assert told - targets == set()


def test_the_versions_that_are_promised_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [airflow] = re.findall(r"Airflow \((3\.\d+) or later", (ROOT / "README.md").read_text())
    assert f"apache-airflow>={airflow}" in project["dependencies"]
    assert project["requires-python"] == ">=3.11"


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("    $ make demo\n")[1].split("    $ make test")[0]
    told = {name.strip(): value for name, value in re.findall(r"^ {6}(\D+?)  +(\S+)", shown, re.MULTILINE)}
    figure = {
        name: int(value.replace(",", ""))
        for name, value in told.items()
        if value[-1].isdigit() and "." not in value
    }
    warehouse = build_warehouse(tmp_path / "warehouse.sqlite")
    assert figure["customers"] == warehouse.customers
    assert figure["recipients"] == len(warehouse.people)
    assert (figure["invalid numbers"], figure["duplicates"]) == (warehouse.invalid, warehouse.duplicates)
    assert figure["without consent"] == warehouse.without_consent
    left_out = ("without consent", "invalid numbers", "duplicates")
    assert figure["customers"] == figure["recipients"] + sum(figure[name] for name in left_out)

    simulator = SimpleNamespace(requests_per_endpoint=lambda: {"/send": figure["requests"]})
    shop = cast(Shop, SimpleNamespace(warehouse=warehouse, simulator=simulator))
    send = {"recipients": figure["recipients"], "invalid": figure["invalid numbers"]}
    send |= {"duplicates": figure["duplicates"]}
    returned = {
        "send": {**send, "cost": Decimal(told["cost"]), "currency": "EUR"},
        "delivery": {
            "delivered": figure["delivered"],
            "not_delivered": figure["not delivered"],
            "stop": figure["STOP"],
            "waiting": figure["waiting"],
        },
    }
    printed = report(shop, returned, log=Path(".demo/campaign.log"), seconds=float(told["time"]))
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in printed.splitlines() if line.strip() not in lines] == []
