"""The verdict over what phones have reported. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.judgement import KILLED, Verdict, ended, have, rejected_too
from airflow_provider_smspartner.plugins.drawing.reach import Reach
from airflow_provider_smspartner.plugins.drawing.states import UNFINISHED
from airflow_provider_smspartner.plugins.facts import TaskFact

MOST_WITHOUT: Final = 0.1
"""Above this share of people without a text, a run is no success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What phones have reported, over all status tasks."""

    tasks: Sequence[TaskFact]
    recipients: int
    delivered: int
    not_delivered: int
    waiting: int
    final: bool
    """Whether nothing more is waited for."""

    @property
    def failed(self) -> TaskFact | None:
        """Return the status task that failed, if one did."""
        return next((task for task in self.tasks if task.state in ("failed", "up_for_retry")), None)


def arrival_of(follows: Sequence[TaskFact]) -> Arrival:
    """Add up what status tasks have told."""
    told = [task.delivery for task in follows if task.delivery]
    return Arrival(
        tasks=follows,
        recipients=sum(one.result["recipients"] for one in told),
        delivered=sum(one.result["delivered"] for one in told),
        not_delivered=sum(one.result["not_delivered"] for one in told),
        waiting=sum(one.result["waiting"] for one in told),
        final=len(told) == len(follows) and all(one.final for one in told),
    )


def arrived(reach: Reach, arrival: Arrival) -> Verdict:
    """Judge a run whose texts have left."""
    without = arrival.not_delivered + reach.rejected + reach.cancelled + reach.in_doubt
    if not arrival.recipients:
        return taken_on(reach, arrival, without)
    total = max(reach.planned or 0, arrival.recipients)
    more = "" if arrival.final or arrival.failed else " so far"
    if arrival.delivered == total:
        text = f"All {words.people(total)} have the text."
    elif not arrival.delivered:
        text = f"Nobody of {words.people(total)} has the text{more}."
    else:
        text = f"{words.number(arrival.delivered)} of {words.people(total)} have the text{more}."
    text += lost(reach, arrival)
    if task := arrival.failed:
        return unsatisfied(task, text, without)
    if not arrival.final:
        return Verdict(label="Following", tone="live", sentence=text, without=without)
    tone = "bad" if not arrival.delivered else "warn" if without > MOST_WITHOUT * total else "good"
    label = {"bad": "Not delivered", "warn": "Partly delivered", "good": "Delivered"}[tone]
    return Verdict(label=label, tone=tone, sentence=text, without=without)


def lost(reach: Reach, arrival: Arrival) -> str:
    """Say who has no text, and of whom nobody knows."""
    reasons = [
        (arrival.not_delivered, "not delivered"),
        (reach.rejected, "refused by SMS Partner"),
        (reach.cancelled, "taken back before their time"),
    ]
    told = ", ".join(f"{words.number(people)} {reason}" for people, reason in reasons if people)
    text = f" Without it: {told}." if told else ""
    if arrival.waiting:
        yet = "" if arrival.final or arrival.failed else " yet"
        text += f" {words.people(arrival.waiting)} {have(arrival.waiting)} not reported{yet}."
    return text + (f" Of {words.people(reach.in_doubt)} nobody can tell." if reach.in_doubt else "")


def unsatisfied(task: TaskFact, text: str, without: int) -> Verdict:
    """Judge a run whose status task has failed."""
    cause, name = cause_of(task.failure), words.name(task.task_id)
    again = task.state == "up_for_retry"
    todo = (
        f"Airflow starts {name} again by itself."
        if again
        else f"Clearing {name} looks again, and sends nothing."
    )
    return Verdict(
        label="Will look again" if again else "Not as asked for",
        tone="warn" if again else "bad",
        sentence=ended(f"{text} {name} failed: {cause.why if cause else KILLED}"),
        todo=todo,
        task=task,
        without=without,
    )


def taken_on(reach: Reach, arrival: Arrival, without: int) -> Verdict:
    """Judge a run of whose texts nothing has been reported."""
    planned = reach.planned or reach.accepted
    count = f"{words.number(reach.accepted)} of {words.people(planned)}"
    doubt = f" Of {words.people(reach.in_doubt)} nobody can tell." if reach.in_doubt else ""
    text = f"SMS Partner has taken the texts of {count}.{rejected_too(reach)}{doubt}"
    if arrival.failed:
        return unsatisfied(arrival.failed, text, without)
    if any(task.state in UNFINISHED for task in arrival.tasks):
        text += " No phone has reported yet."
        return Verdict(label="Following", tone="live", sentence=text, without=without)
    tone = "warn" if without > MOST_WITHOUT * planned else "good"
    text += " No task has followed whether they arrived."
    return Verdict(label="Sent", tone=tone, sentence=text, without=without)
