"""Where a change goes: the files that CONTRIBUTING names are there, and the change stays inside them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, replace
from datetime import timedelta
from typing import Final, get_type_hints

import pytest
from fastapi import Request

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import changes, questions
from airflow_provider_smspartner.operators import limits
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.plugins import routes
from airflow_provider_smspartner.plugins.drawing import advice, judgement
from airflow_provider_smspartner.plugins.drawing.story import Figure, run_story
from airflow_provider_smspartner.rules import sending_states
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.tracking import progress as polling
from tests.plugins.facts import AT, run, send, told
from tests.sources import FOLDER, package
from tests.tracking.polls import SENT_AT, progress

TABLE: Final = (FOLDER.parent / "CONTRIBUTING.md").read_text().partition("## Where a change goes")[2]
ROWS: Final = [
    row.strip("| ").split(" | ", 1)
    for row in TABLE.partition("\n## ")[0].splitlines()
    if row.startswith("| ") and not row.startswith("| change")
]


def test_ten_changes_have_their_line() -> None:
    assert [change for change, _ in ROWS] == [
        "a further parameter of `/send`",
        "a further endpoint",
        "one more fact in the line that is logged for each batch",
        "a further column in the ledger",
        "another spelling of numbers",
        "another polling curve",
        "a further state of a batch",
        "a further card on the campaign page",
        "a further reason for an exclusion",
        "what a killed task does",
    ]


@pytest.mark.parametrize(("change", "files"), ROWS, ids=[change for change, _ in ROWS])
def test_the_files_of_a_change_are_there(change: str, files: str) -> None:
    named = re.findall(r"`([\w/]+\.py)`", files)

    assert named
    assert [name for name in named if not (FOLDER / name).exists()] == []


def test_a_parameter_of_send_is_an_argument_of_the_operator() -> None:
    arguments = {
        name for kind in SendSmsOperator.mro() for name in inspect.signature(kind).parameters if name
    }

    assert {field.name for field in fields(api.SendOptions)} <= arguments


def test_an_endpoint_is_a_function_and_its_name() -> None:
    made = {
        name
        for module in (questions, changes)
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and "Call[" in str(get_type_hints(value).get("return", ""))
    }

    assert made
    assert made - {"asking"} <= set(api.__all__)  # what all questions are made with


def test_one_file_writes_the_line_of_a_batch() -> None:
    assert [module for module, source in package().items() if '"Batch %s, tag %s, message' in source] == [
        "airflow_provider_smspartner.sending.totals"
    ]


def test_another_curve_is_another_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    known, now = progress({"1": 1}), SENT_AT + timedelta(hours=1)
    grown = known.wait(15, now=now)
    monkeypatch.setattr(polling, "GROWTH", 0)
    monkeypatch.setattr(polling, "JITTER", 0)

    assert known.wait(15, now=now) == 15 < grown


@pytest.mark.parametrize("state", BatchState)
def test_a_state_is_named_in_its_table_and_kept_by_it(state: BatchState) -> None:
    touched = {*sending_states.TRANSITIONS.values(), *(origin for origin, _ in sending_states.TRANSITIONS)}
    subsets = (
        sending_states.OPEN,
        sending_states.FREE,
        sending_states.ON_PLATFORM,
        sending_states.CALLED_BACK,
    )

    assert state in touched
    assert any(state in subset for subset in subsets)
    assert (state.value in sending_states.DECIDED) != (state in sending_states.UNDECIDED)


@pytest.mark.parametrize("state", BatchState)
def test_a_state_has_its_words_on_the_page(state: BatchState) -> None:
    assert advice.name_of(state.value) == state.value
    assert state.value in advice.MEANINGS


def test_a_card_is_a_figure() -> None:
    known = run(send("success", result={"recipients": 3, "batches": 1}, campaign=told(3)))
    story = run_story(known, now=AT)
    story = replace(story, figures=[*story.figures, Figure(label="Weather", value="fair")])
    request = Request({"type": "http", "root_path": ""})

    page = routes.answer(
        request,
        "run.html",
        story=story,
        run=known,
        task_id="",
        listed=None,
        airflow_version="3",
        refresh=None,
    )

    assert re.search(r"Weather.*fair", bytes(page.body).decode(), re.DOTALL)


def test_a_reason_has_a_word_in_the_log_and_on_the_page() -> None:
    assert limits.REASONS.keys() <= judgement.REASONS.keys()
