"""The dashboard for Grafana asks for the counters that tasks tell, and for no others."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.pages import DOCS, ROOT, names, rows, section

BOARD: dict[str, Any] = json.loads((DOCS / "grafana" / "smspartner.json").read_text())
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
ASKED = re.compile(r'__name__=~"airflow_(smspartner(?:_sandbox)?)_(\w+)\(_total\)\?"')


def test_the_dashboard_asks_for_the_counters_that_there_are() -> None:
    """The table of the page is held to what is told by tests/tasks/test_signals.py."""
    table = rows(section(DOCS / "signals.md", "Metrics"))
    counters = {names(first)[0].removeprefix("smspartner.") for first, *_ in table}
    asked = [found for expression in EXPRESSIONS for found in ASKED.findall(expression)]

    assert {name for prefix, name in asked if prefix == "smspartner"} == counters
    assert {name for prefix, name in asked if prefix == "smspartner_sandbox"} <= counters
    assert len(asked) == sum(expression.count("__name__") for expression in EXPRESSIONS)


def test_what_tasks_tell_is_what_an_exporter_makes_of_it() -> None:
    """StatsD's dots become underscores."""
    code = (ROOT / "airflow_provider_smspartner" / "tasks" / "signals.py").read_text()
    prefixes = re.findall(r'"(smspartner(?:\.sandbox)?)"', code)

    assert {prefix.replace(".", "_") for prefix in prefixes} == {"smspartner", "smspartner_sandbox"}


def test_no_panel_lies_on_another_and_all_ask_the_chosen_source() -> None:
    places = [tuple(panel["gridPos"][side] for side in "xy") for panel in BOARD["panels"]]

    assert len(set(places)) == len(places) == len({panel["id"] for panel in BOARD["panels"]})
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {"${source}"}
