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
    no_text_of,
    reasons_without,
)
from airflow_provider_smspartner.plugins.drawing.language import say
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
    again = task.state == "up_for_retry"
    return Verdict(
        label=say("Will try again") if again else say("Failed"),
        tone="warn" if again else "bad",
        sentence=fell_short(reach, cause.why if cause else say(KILLED), told=task.failure is not None),
        todo=next_step(words.name(task.task_id), cause.remedy if cause else "", again=again),
        task=task,
        without=reach.unsent + reach.rejected + reach.cancelled + reach.in_doubt,
    )


def next_step(name: str, remedy: str, *, again: bool) -> str:
    """Say what to do about a send that has failed."""
    if again:
        return say(
            "Nothing to do now: Airflow starts {task} again by itself, and it texts only those who are left.",
            task=name,
        )
    if remedy:
        return say(
            "{remedy}, then clear {task}: it texts only those who are left, nobody twice.",
            remedy=remedy,
            task=name,
        )
    return say("Once that is fixed, clear {task}: it texts only those who are left, nobody twice.", task=name)


def fell_short(reach: Reach, why: str, *, told: bool) -> str:
    """Say who has no text, and why."""
    without = reach.unsent + reach.rejected + reach.cancelled
    if reach.planned is None or not reach.known:
        return not_counted(reach, why, told=told)
    doubt = words.of(
        reach.in_doubt,
        "Nobody can tell yet about {count} person.",
        "Nobody can tell yet about {count} people.",
    )
    doubt = f" {doubt}" if reach.in_doubt else ""
    if not without:
        return ended(say("Nobody is left to text, and yet the task failed: {why}", why=why)) + doubt
    return no_text_of(without, reach.planned, reasons_without(reach, why)) + doubt + apart(reach.held_back)


def not_counted(reach: Reach, why: str, *, told: bool) -> str:
    """Say why a send failed of which nobody knows how many people are left."""
    if reach.accepted:
        text = words.of(
            reach.accepted,
            "{count} person has been texted, and it did not get through: {why}",
            "{count} people have been texted, and it did not get through: {why}",
            why=why,
        )
        return ended(text)
    if not told or reach.in_doubt:
        return ended(say("How many people have been texted cannot be read here: {why}", why=why))
    if reach.planned:
        people = words.people(reach.planned)
        text = say("This try has texted nobody of {people}: {why}", people=people, why=why)
    else:
        text = say("This try has texted nobody: {why}", why=why)
    return ended(text) + apart(reach.held_back)


def kept_from(task: TaskFact, reach: Reach, arrival: Arrival) -> Verdict:
    """Judge a run in which a send never began, because a task before it failed."""
    name, guard = words.name(task.task_id), arrival.failed
    cause = cause_of(guard.failure) if guard else None
    before = words.name(guard.task_id) if guard else ""
    if cause:
        text = say(
            "{task} has texted nobody: {before} failed ({why}).", task=name, before=before, why=cause.why
        )
    elif guard:
        text = say("{task} has texted nobody: {before} failed.", task=name, before=before)
    else:
        text = say("{task} has texted nobody: a task before it failed.", task=name)
    if reach.accepted:
        text += " " + words.of(
            reach.accepted,
            "{count} person has been texted before.",
            "{count} people have been texted before.",
        )
    return Verdict(
        label=say("Stopped") if reach.accepted else say("Not started"),
        tone="bad",
        sentence=text,
        todo=say("Once that is fixed, clear {task}.", task=before)
        if guard
        else say("Once that is fixed, clear the failed task."),
        task=guard or task,
        without=reach.unsent + reach.rejected + reach.cancelled + reach.in_doubt + arrival.not_delivered,
    )
