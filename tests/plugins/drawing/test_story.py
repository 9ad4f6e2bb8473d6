"""What a page says about a run and its deliveries, and what the overview says: outcome and figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow, campaign_row
from airflow_provider_smspartner.plugins.drawing.deliveries import status_story
from airflow_provider_smspartner.plugins.drawing.states import UNFINISHED
from airflow_provider_smspartner.plugins.drawing.story import LATER, SOON, run_story
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.facts import AT, STATES, batch, follow, one, run, send, told


def sent(people: int = 1000) -> TaskFact:
    return send("success", result={"recipients": people, "batches": 2}, campaign=told(people))


# ---- deliveries ------------------------------------------------------------------------------------


def test_a_delivery_is_told_in_shares() -> None:
    story = status_story(follow())

    assert story.sentence == "975 of 1,000 people have the text (97.5 %)."
    assert [(part.label, part.count) for part in story.parts] == [
        ("Delivered", 975),
        ("Not delivered", 20),
        ("Waiting", 5),
    ]
    assert [text.split(" people")[0] for text in story.todo] == ["20", "5", "4"]
    assert story.curve is not None


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (
            TaskFact(task_id="f", sends=False, state="deferred"),
            "No news yet. The first arrives one minute after the texts could leave.",
        ),
        (TaskFact(task_id="f", sends=False, state="success"), "It has left nothing to read."),
        (
            follow(recipients=0, delivered=0, not_delivered=0, waiting=0, stop=0),
            "There was nobody to follow.",
        ),
        (
            follow("deferred", final=False),
            "975 of 1,000 people have the text (97.5 %), as of 20 Nov 2026, 10:00 CET.",
        ),
        (
            follow("deferred", final=False, deadline=AT + timedelta(days=2)),
            "975 of 1,000 people have the text (97.5 %), as of 20 Nov 2026, 10:00 CET. It waits for the "
            "others until 22 Nov 2026, 10:00 CET at the latest.",
        ),
        (
            follow("failed", final=False, deadline=AT + timedelta(days=2)),
            "975 of 1,000 people have the text (97.5 %), as of 20 Nov 2026, 10:00 CET.",
        ),
    ],
)
def test_a_sentence_says_how_far_the_delivery_is(task: TaskFact, sentence: str) -> None:
    assert status_story(task).sentence == sentence


def test_phones_that_may_still_report_are_no_loss() -> None:
    assert not any("deadline" in text for text in status_story(follow("deferred", final=False)).todo)


# ---- the run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "outcome", "seconds"),
    [
        ([send("running")], "Sending", SOON),
        ([send("deferred")], "Waiting", SOON),
        ([send("deferred", waits_until=AT)], "Waiting for its hour", SOON),
        ([sent(), follow("deferred", final=False)], "Following", LATER),
        ([sent(), follow("success")], "Delivered", None),
        ([sent()], "Sent", None),
        ([send("failed"), follow("upstream_failed")], "Failed", None),
        ([send("success", result={"dry_run": True})], "Dry run", None),
        ([], "No SMS", LATER),
    ],
)
def test_the_outcome_and_the_next_look(tasks: list[TaskFact], outcome: str, seconds: int | None) -> None:
    story = run_story(run(*tasks), now=AT)

    assert (story.verdict.label, story.refresh) == (outcome, seconds)
    assert run_story(run(*tasks, state="success"), now=AT).refresh is None


def test_the_head_does_not_call_unknown_nothing() -> None:
    story = run_story(run(send("failed", campaign=told())), now=AT)

    assert [figure.value for figure in story.figures] == ["?", "?", "1,500 people"]
    assert story.sends[0].bar is None


def test_the_head_has_the_figures() -> None:
    story = run_story(run(send("success", [batch(0)], told(500)), follow()), now=AT)

    assert [(figure.label, figure.value) for figure in story.figures] == [
        ("Accepted", "500"),
        ("Delivered", "97.5 %"),
        ("Cost", "19.00 EUR"),
        ("Needs attention", "20 people"),
    ]


def test_nothing_is_said_of_a_share_before_the_first_report() -> None:
    nothing_yet = follow("deferred", final=False, delivered=0, not_delivered=0, waiting=1000)

    assert "Delivered" not in [figure.label for figure in run_story(run(sent(), nothing_yet), now=AT).figures]


# ---- the overview ----------------------------------------------------------------------------------


def row(*tasks: TaskFact) -> CampaignRow:
    return campaign_row(run(*tasks), now=AT)


def test_a_row_tells_a_campaign() -> None:
    done = {"recipients": 1500, "batches": 3, "cost": "57.000", "currency": "EUR", "sandbox": True}

    told_row = row(send("success", result=done, campaign=told(campaign="sale", tag="x")), follow())

    assert (told_row.people, told_row.delivered, told_row.cost) == ("1,500", "97.5 %", "57.00 EUR")
    assert (told_row.pill.text, told_row.names, told_row.marks) == ("Sandbox", ["sale"], ["sandbox"])


@pytest.mark.parametrize(
    ("tasks", "people", "cost"),
    [
        ([send("failed", [batch(0)], told())], "500 of 1,500", "19.00 EUR"),
        ([send("running", campaign=told())], "? of 1,500", "?"),
        ([send("running", campaign=told(), logged=True)], "0 of 1,500", "0.00 EUR"),
        ([send(None)], "0", "0.00 EUR"),
        ([send("success", result={"recipients": 8, "dry_run": True})], "0 of 8", "–"),
        ([follow()], "–", "–"),
    ],
)
def test_what_is_not_known_is_not_called_free(tasks: list[TaskFact], people: str, cost: str) -> None:
    assert (row(*tasks).people, row(*tasks).cost) == (people, cost)


def test_a_run_whose_tasks_have_just_been_cleared_has_a_row_too() -> None:
    assert (row().pill.text, row().people, row().cost) == ("Not started", "–", "–")


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_an_outcome(state: str | None) -> None:
    assert row(send(state)).pill.text
    assert row(follow(state)).pill.text
    assert (state in UNFINISHED) == (one(send(state)).live)
