"""The verdict over a run of which a send did not get through. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.arrivals import Arrival
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.judgement import (
    KILLED,
    Verdict,
    apart,
    ended,
    have,
    reasons_without,
)
from airflow_provider_smspartner.plugins.drawing.reach import Reach
from airflow_provider_smspartner.plugins.facts import TaskFact

FAILED: Final = ("failed", "upstream_failed", "up_for_retry")


def stopped(sends: Sequence[TaskFact], reach: Reach, arrival: Arrival) -> Verdict:
    """Judge a run of which a send has failed."""
    task = min(
        (task for task in sends if task.state in FAILED), key=lambda task: FAILED.index(str(task.state))
    )
    if task.state == "upstream_failed":
        return kept_from(task, reach, arrival)
    cause = cause_of(task.failure)
    without = reach.unsent + reach.rejected + reach.cancelled + reach.in_doubt
    name = words.name(task.task_id)
    if task.state == "up_for_retry":
        label, tone = "Will try again", "warn"
        todo = (
            f"Nothing to do now: Airflow starts {name} again by itself, and it texts only those who are left."
        )
    else:
        label, tone = "Failed", "bad"
        begin = f"{cause.remedy}, then clear" if cause and cause.remedy else "When that is put right, clear"
        todo = f"{begin} {name}: it texts only those who are left, nobody twice."
    return Verdict(
        label=label,
        tone=tone,
        sentence=fell_short(reach, cause.why if cause else KILLED, told=task.failure is not None),
        todo=todo,
        task=task,
        without=without,
    )


def fell_short(reach: Reach, why: str, *, told: bool) -> str:
    """Say who has no text, and why."""
    without = reach.unsent + reach.rejected + reach.cancelled
    if reach.planned is None or not reach.known:
        if reach.accepted:
            return ended(
                f"{words.people(reach.accepted)} have been texted, and it did not get through: {why}"
            )
        if told and not reach.in_doubt:
            of_whom = f" of {words.people(reach.planned)}" if reach.planned else ""
            return ended(f"This try has texted nobody{of_whom}: {why}") + apart(reach.held_back)
        return ended(f"How many people have been texted cannot be read here: {why}")
    doubt = f" Of {words.people(reach.in_doubt)} nobody can tell yet." if reach.in_doubt else ""
    if not without:
        return ended(f"Nobody is left to text, and yet the task failed: {why}") + doubt
    share = f"{words.number(without)} of {words.people(reach.planned)}"
    text = ended(f"{share} {have(without)} no text: {reasons_without(reach, why)}")
    return text + doubt + apart(reach.held_back)


def kept_from(task: TaskFact, reach: Reach, arrival: Arrival) -> Verdict:
    """Judge a run in which a send never began, because a task before it failed."""
    name, guard = words.name(task.task_id), arrival.failed
    cause = cause_of(guard.failure) if guard else None
    why = f"{words.name(guard.task_id)} failed" if guard else "a task before it failed"
    why += f" ({cause.why})" if cause else ""
    texted = f" {words.people(reach.accepted)} have been texted before." if reach.accepted else ""
    return Verdict(
        label="Stopped" if reach.accepted else "Not started",
        tone="bad",
        sentence=f"{name} has texted nobody: {why}.{texted}",
        todo=f"When that is put right, clear {words.name(guard.task_id) if guard else 'the failed task'}.",
        task=guard or task,
        without=reach.unsent + reach.rejected + reach.cancelled + reach.in_doubt + arrival.not_delivered,
    )
