"""What a page says about a send: sentences, notes, shards that add up, and its bill."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.drawing.judgement import KILLED
from airflow_provider_smspartner.plugins.drawing.sends import send_story
from airflow_provider_smspartner.plugins.drawing.story import run_story
from airflow_provider_smspartner.plugins.facts import TaskFact
from airflow_provider_smspartner.tracking.stops import Failure
from tests.plugins.facts import AT, STATES, batch, follow, one, run, send, told

NO_MOBILES = Failure(
    at=AT,
    kind="InvalidMessage",
    sentence="recipients: 30 of 30 rows cannot be texted; is phone_column the right column?",
    counts={"rows": 30, "recipients": 0, "invalid": 30, "duplicates": 0, "excluded": 0},
)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (send("queued"), "It has not begun."),
        (send("running"), "It is reading its audience; nothing has been sent by this try yet."),
        (send("failed"), f"It failed before its audience had passed all checks: {KILLED}."),
        (send("upstream_failed"), "It did not begin, because a task before it failed."),
        (send("skipped"), "It was skipped: nothing was sent."),
        (send("success"), "It has left nothing to read."),
        (
            send("failed", campaign=told()),
            "An audience of 1,500 people. How many of them SMS Partner has accepted cannot be read here.",
        ),
        (
            send("failed", campaign=told(), logged=True),
            "SMS Partner has accepted 0 of 1,500 people so far. 1,500 people left to text.",
        ),
        (send("success", campaign=told(0)), "There was nobody to text."),
        (
            send("running", [batch(0), batch(1, "claimed")], told()),
            "SMS Partner has accepted 500 of 1,500 people so far. 500 people on the way. "
            "500 people left to text.",
        ),
        (
            send("failed", [batch(0, rejected=2), batch(1, "unknown")], told(1001)),
            "SMS Partner has accepted 500 of 1,001 people so far.",
        ),
        (send("running", [batch(0)]), "SMS Partner has accepted 500 people so far, in 1 batch."),
        (
            send(
                "success", [batch(0), batch(1), batch(2)], told(), result={"recipients": 1500, "batches": 3}
            ),
            "SMS Partner has accepted 1,500 of 1,500 people, in 3 batches.",
        ),
        (
            send("success", result={"recipients": 1, "batches": 3, "redirected": True}, campaign=told()),
            "3 batches for 1,500 people, each sent once to one number instead.",
        ),
        (
            send("success", result={"recipients": 800, "batches": 2, "dry_run": True}),
            "Nothing was sent. 800 people would get the text.",
        ),
    ],
)
def test_a_sentence_says_how_far_it_is(task: TaskFact, sentence: str) -> None:
    assert one(task).sentence == sentence


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_task_has_words(state: str | None) -> None:
    for task in (send(state, [batch(0, "unknown")], told()), follow(state)):
        story = run_story(run(task), now=AT)
        assert story.verdict.label
        assert story.verdict.tone in ("live", "good", "bad", "warn", "quiet")


@pytest.mark.parametrize(
    ("task", "note"),
    [
        (send(campaign=told(sandbox=True)), "Sandbox: nothing of it reaches a phone."),
        (send(result={"sandbox": True}), "Sandbox: nothing of it reaches a phone."),
        (send(campaign=told(redirected=True)), "Redirected: the connection sends each batch once"),
        (send(result={"dry_run": True}), "Dry run: the figures show what a send would amount to."),
        (send(cancelling=True), "Somebody has stopped it"),
        (send(campaign=told(scheduled_for=AT)), "Scheduled on SMS Partner for 20 Nov 2026, 10:00 CET."),
        (
            send(ledger_fault="it is away"),
            "The ledger cannot be read, so its batches are missing here: it is away",
        ),
        (send(campaign=told(ledger="books 0612345678")), "The ledger in books •• •• •• 78 leaves out"),
    ],
)
def test_what_figures_must_not_be_taken_for_is_said(task: TaskFact, note: str) -> None:
    (said,) = one(task).notes

    assert said.startswith(note)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_shards_add_up(sizes: list[int]) -> None:
    tasks = [
        TaskFact(
            task_id="send",
            map_index=n,
            sends=True,
            state="success",
            campaign=told(500 * size),
            batches=[batch(m) for m in range(size)],
        )
        for n, size in enumerate(sizes)
    ]

    story = send_story(tasks, now=AT)

    assert story.sums.accepted == story.sums.planned == 500 * sum(sizes)
    assert story.sums.cost == 19 * sum(sizes)
    assert [shard.sums.batches for shard in story.shards] == sizes
    assert sum(group.batches for group in story.groups) == sum(sizes)


def test_the_shard_that_needs_a_person_speaks_for_all() -> None:
    shards = [
        TaskFact(task_id="send", map_index=n, sends=True, state=state)
        for n, state in enumerate(("success", "failed", "running"))
    ]

    assert send_story(shards, now=AT).pill.text == "Failed"


def test_the_bill_and_its_limits_are_side_by_side() -> None:
    story = one(send("running", [batch(0)], told(max_cost=Decimal(60))))

    assert [story.sums.cost, story.sums.estimate, story.most] == [*map(Decimal, ("19", "57", "60"))]
    assert (story.sums.segments, story.sums.estimated_segments) == (500, 1500)


@pytest.mark.parametrize(
    ("task", "counted", "invalid"),
    [
        (send("failed"), False, 0),
        (send("running"), False, 0),
        (send("failed", failure=NO_MOBILES), True, 30),
        (send("running", campaign=told(invalid=3)), True, 3),
    ],
)
def test_what_was_not_counted_is_no_zero(task: TaskFact, counted: bool, invalid: int) -> None:
    sums = one(task).sums

    assert (sums.counted, sums.invalid) == (counted, invalid)


@pytest.mark.parametrize(
    ("task", "reasons"),
    [
        (send("success", result={"recipients": 9, "batches": 1}), []),
        (send("running", campaign=told(90, held_out=10)), ["10 are outside the share"]),
        (
            send(
                "success",
                result={
                    "recipients": 9,
                    "batches": 1,
                    "excluded": 6,
                    "excluded_by": {"stop_list": 1, "campaign": 5},
                    "held_out": 1_000,
                    "capped": 3,
                },
            ),
            [
                "1 is on the STOP list",
                "5 have had this campaign before",
                "1,000 are outside the share",
                "3 have had enough texts",
            ],
        ),
    ],
)
def test_who_is_left_out_is_told_by_reason(task: TaskFact, reasons: list[str]) -> None:
    allowed = next(step for step in one(task).steps if step.label == "Allowed")

    assert list(allowed.lost) == reasons


def test_the_reasons_of_shards_add_up() -> None:
    shards = [
        TaskFact(
            task_id="send",
            map_index=n,
            sends=True,
            state="success",
            result={"recipients": 1, "batches": 1, "capped": 2},
        )
        for n in range(3)
    ]

    assert [list(step.lost) for step in one(*shards).steps if step.lost] == [["6 have had enough texts"]]


def test_why_it_failed_stands_in_its_card() -> None:
    story = one(send("failed", failure=NO_MOBILES))

    assert "30 of 30 rows cannot be texted" in story.sentence
    assert "log" not in f"{story.sentence} {story.todo}"


def test_until_when_it_waits_stands_in_its_card() -> None:
    story = one(send("deferred", waits_until=AT + timedelta(hours=8)))

    assert story.sentence.endswith("leaves at 20 Nov 2026, 18:00 CET, in 8 h.")


def test_a_budget_is_none_only_when_the_task_has_told_so() -> None:
    assert [one(send("running")).told, one(send("running", campaign=told())).told] == [False, True]


def test_a_scheduled_send_is_not_sent() -> None:
    later = told(scheduled_for=AT + timedelta(days=1))

    assert (
        one(send("success", campaign=later, result={"recipients": 1500, "batches": 3})).pill.text
        == "Scheduled"
    )
