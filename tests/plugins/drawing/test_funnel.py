"""The way from the rows of an audience to phones: everybody stands in it once."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.drawing.arrivals import Arrival
from airflow_provider_smspartner.plugins.drawing.funnel import Step, funnel
from airflow_provider_smspartner.plugins.drawing.reach import Reach
from airflow_provider_smspartner.plugins.drawing.sends import send_story
from airflow_provider_smspartner.plugins.drawing.story import run_story
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.facts import AT, batch, follow, one, run, send, told

SOME = st.integers(0, 2_000_000)


def shown(steps: list[Step]) -> list[tuple[str, int, list[str]]]:
    return [(step.label, step.people, list(step.lost)) for step in steps]


def test_a_send_is_one_way_from_rows_to_phones() -> None:
    done = {
        "recipients": 1000,
        "rejected": 2,
        "invalid": 30,
        "duplicates": 7,
        "batches": 2,
        "excluded": 12,
        "excluded_by": {"stop_list": 12},
        "held_out": 100,
    }

    story = run_story(run(send("success", campaign=told(1002), result=done), follow(stop=4)), now=AT)

    assert shown([*story.sends[0].steps]) == [
        ("Rows", 1151, []),
        ("Valid numbers", 1121, ["30 have no valid number"]),
        ("Unique", 1114, ["7 duplicates"]),
        ("Allowed", 1002, ["12 are on the STOP list", "100 are outside the share"]),
        ("Accepted", 1000, ["2 refused by SMS Partner"]),
        ("Delivered", 975, ["20 not delivered", "5 without a report"]),
        ("STOP", 4, []),
    ]


@given(
    planned=SOME,
    held_back=st.dictionaries(st.sampled_from(["invalid", "stop_list", "held_out", "of tomorrow"]), SOME),
    duplicates=SOME,
    shares=st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_everybody_stands_at_the_step_they_came_to(
    planned: int, held_back: dict[str, int], duplicates: int, shares: list[float]
) -> None:
    parts = [int(planned * share / 5) for share in shares]
    rejected, cancelled, in_doubt, on_the_way, unsent = parts
    reach = Reach(
        planned=planned,
        held_back=held_back,
        accepted=planned - sum(parts),
        rejected=rejected,
        cancelled=cancelled,
        in_doubt=in_doubt,
        on_the_way=on_the_way,
        unsent=unsent,
    )

    steps = funnel(reach, duplicates=duplicates, texts=True, arrival=None)

    assert [step.label for step in steps] == ["Rows", "Valid numbers", "Unique", "Allowed", "Accepted"]
    for before, after in pairwise(steps):
        lost = sum(int(re.sub(r"\D", "", text)) for text in after.lost)
        assert before.people - lost == after.people  # nobody is lost on the way
    for step in steps:
        widths = [float(rect.get("width", "")) for rect in fromstring(str(step.bar)).iter("rect")]
        assert sum(widths) == pytest.approx(100 if steps[0].people else 0, abs=0.1)


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (send("running"), []),
        (send("failed"), []),
        (send("success", result={"recipients": 8, "dry_run": True}), 4),
        (send("success", result={"recipients": 1, "redirected": True}, campaign=told()), 4),
        (send("failed", campaign=told()), 4),
        (send("running", [batch(0)], told(), logged=True), 5),
    ],
)
def test_a_step_that_nobody_knows_is_none(task: TaskFact, labels: int | list[str]) -> None:
    steps = one(task).steps

    assert len(steps) == (labels or 0)


def test_what_phones_report_of_several_sends_is_told_of_none_alone() -> None:
    other = TaskFact(task_id="other", sends=True, state="success", result={"recipients": 5})
    both = run_story(run(send("success", result={"recipients": 1000}), other, follow()), now=AT)
    arrival = Arrival(tasks=(), recipients=0, delivered=0, not_delivered=0, waiting=0, stop=0, final=False)

    assert [[step.label for step in told_of.steps][-1] for told_of in both.sends] == ["Accepted"] * 2
    assert send_story([other], now=AT, arrival=arrival).steps[-1].label == "Accepted"


def test_the_shards_that_need_a_person_come_first() -> None:
    states = ("success", "failed", "running", "success")
    shards = [
        TaskFact(task_id="send", map_index=n, sends=True, state=state) for n, state in enumerate(states)
    ]

    lines = send_story(shards, now=AT).shards

    assert [line.task.map_index for line in lines] == [1, 2, 0, 3]
    assert [line.healthy for line in lines] == [False, False, True, True]
