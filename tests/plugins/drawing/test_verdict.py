"""The verdict over a run: what it says at each end, what a person must do, and who counts."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.plugins.drawing.judgement import Verdict
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.drawing.ends import ENDS
from tests.plugins.drawing.tasks import (
    NO_CREDIT,
    TOO_FEW,
    WRONG_COLUMN,
    done,
    reports,
    shard,
    with_failure,
)
from tests.plugins.facts import AT, STATES, batch, follow, send, told


def judged(*tasks: TaskFact) -> Verdict:
    return verdict(tasks, now=AT)


@pytest.mark.parametrize(
    ("tasks", "label", "tone", "sentence"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS]
)
def test_each_end_has_its_verdict(tasks: list[TaskFact], label: str, tone: str, sentence: str) -> None:
    said = judged(*tasks)

    assert (said.sentence, said.label, said.tone) == (sentence, label, tone)


@pytest.mark.parametrize(
    ("tasks", "todo"),
    [
        (
            [send("failed", campaign=told(), logged=True, failure=NO_CREDIT)],
            "Top up the account, then clear send: it texts only those who are left, nobody twice.",
        ),
        (
            [send("failed", failure=WRONG_COLUMN)],
            "Once that is fixed, clear send: it texts only those who are left, nobody twice.",
        ),
        (
            [send("up_for_retry", campaign=told())],
            "Nothing to do now: Airflow starts send again by itself, and it texts only those who are left.",
        ),
        (
            [done(), with_failure(reports("failed", delivered=600), TOO_FEW)],
            "Clearing follow looks again, and sends nothing.",
        ),
        ([done(), reports(delivered=700)], ""),
    ],
)
def test_a_person_who_must_act_is_told_how_and_where(tasks: list[TaskFact], todo: str) -> None:
    said = judged(*tasks)

    assert said.todo == todo
    assert (said.task is not None) == bool(todo)


@pytest.mark.parametrize(
    ("tasks", "people"),
    [
        ([done(), reports(delivered=975, waiting=5)], 20),
        ([done(997, rejected=3), reports(delivered=990, of=997)], 10),
        ([shard(0, "success", [batch(0)]), shard(1, "failed", [], NO_CREDIT)], 500),
        ([send("failed", [batch(0), batch(1, "unknown")], told(), failure=NO_CREDIT)], 1000),
        ([done(0, excluded_by={"campaign": 790})], 0),
    ],
)
def test_everybody_without_a_text_counts(tasks: list[TaskFact], people: int) -> None:
    assert judged(*tasks).without == people


def test_whom_an_earlier_run_has_texted_is_nobody_left() -> None:
    sending = send("failed", [batch(0)], told(1500, to_text=700), logged=True, failure=NO_CREDIT)

    assert judged(sending).sentence == (
        "200 of 700 people have no text: credit used up. Left out: 800 have had this campaign before."
    )


def test_only_people_with_their_text_make_a_run_green() -> None:
    for name, tasks, _, _, _ in ENDS:
        delivered = [task.delivery.result["delivered"] for task in tasks if task.delivery]
        if judged(*tasks).tone == "good":
            assert name == "nobody follows" or sum(delivered) > 0, name


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_task_has_a_verdict(state: str | None) -> None:
    for tasks in ([send(state, [batch(0, "unknown")], told())], [done(), follow(state)], [follow(state)]):
        said = judged(*tasks)
        assert said.label
        assert said.sentence.endswith(".")
        assert said.tone in ("live", "good", "bad", "warn", "quiet")
