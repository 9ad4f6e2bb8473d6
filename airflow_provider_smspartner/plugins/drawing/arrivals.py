"""The verdict over what phones have reported. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.judgement import (
    KILLED,
    Verdict,
    doubtful,
    ended,
    rejected_too,
)
from airflow_provider_smspartner.plugins.drawing.language import mark, mark_of, say
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
    stop: int
    """Those who have answered STOP, with their text or without."""
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
        stop=sum(one.result["stop"] for one in told),
        final=len(told) == len(follows) and all(one.final for one in told),
    )


ALL: Final = mark_of("The one person has the text.", "All {count} people have the text.")


def arrived(reach: Reach, arrival: Arrival) -> Verdict:
    """Judge a run whose texts have left."""
    without = arrival.not_delivered + reach.rejected + reach.cancelled + reach.in_doubt
    if not arrival.recipients:
        return taken_on(reach, arrival, without)
    total = max(reach.planned or 0, arrival.recipients)
    text = how_many(arrival, total) + lost(reach, arrival)
    if task := arrival.failed:
        return unsatisfied(task, text, without)
    if not arrival.final:
        return Verdict(label=say("Following"), tone="live", sentence=text, without=without)
    tone = "bad" if not arrival.delivered else "warn" if without > MOST_WITHOUT * total else "good"
    label = {"bad": say("Not delivered"), "warn": say("Partly delivered"), "good": say("Delivered")}[tone]
    return Verdict(label=label, tone=tone, sentence=text, without=without)


def how_many(arrival: Arrival, total: int) -> str:
    """Say how many people have the text."""
    over = arrival.final or arrival.failed is not None
    values = {"count": words.number(arrival.delivered), "people": words.people(total)}
    if arrival.delivered == total:
        return words.of(total, *ALL)
    if not arrival.delivered:
        nobody = mark("Nobody of {people} has the text.")
        return say(nobody if over else mark("Nobody of {people} has the text so far."), **values)
    some = mark("{count} of {people} have the text.")
    return say(some if over else mark("{count} of {people} have the text so far."), **values)


def lost(reach: Reach, arrival: Arrival) -> str:
    """Say who has no text, and of whom nobody knows."""
    told = [
        words.of(people, one, many)
        for people, (one, many) in (
            (arrival.not_delivered, mark_of("{count} not delivered", "{count} not delivered")),
            (reach.rejected, mark_of("{count} refused by SMS Partner", "{count} refused by SMS Partner")),
            (
                reach.cancelled,
                mark_of("{count} taken back before its time", "{count} taken back before their time"),
            ),
        )
        if people
    ]
    text = " " + say("Without it: {reasons}.", reasons=", ".join(told)) if told else ""
    return text + silent(arrival) + doubtful(reach.in_doubt)


def silent(arrival: Arrival) -> str:
    """Say whose phones have not reported."""
    if not arrival.waiting:
        return ""
    if arrival.final or arrival.failed:
        forms = mark_of("{count} person has not reported.", "{count} people have not reported.")
    else:
        forms = mark_of("{count} person has not reported yet.", "{count} people have not reported yet.")
    return " " + words.of(arrival.waiting, *forms)


def unsatisfied(task: TaskFact, text: str, without: int) -> Verdict:
    """Judge a run whose status task has failed."""
    cause, name = cause_of(task.failure), words.name(task.task_id)
    why = say("{task} failed: {why}", task=name, why=cause.why if cause else say(KILLED))
    again = task.state == "up_for_retry"
    todo = (
        say("Airflow starts {task} again by itself.", task=name)
        if again
        else say("Clearing {task} looks again, and sends nothing.", task=name)
    )
    return Verdict(
        label=say("Will look again") if again else say("Not as asked for"),
        tone="warn" if again else "bad",
        sentence=ended(f"{text} {why}"),
        todo=todo,
        task=task,
        without=without,
    )


def taken_on(reach: Reach, arrival: Arrival, without: int) -> Verdict:
    """Judge a run of whose texts nothing has been reported."""
    planned = reach.planned or reach.accepted
    text = say(
        "SMS Partner has taken the texts of {count} of {people}.",
        count=words.number(reach.accepted),
        people=words.people(planned),
    )
    text += rejected_too(reach) + doubtful(reach.in_doubt)
    if arrival.failed:
        return unsatisfied(arrival.failed, text, without)
    if any(task.state in UNFINISHED for task in arrival.tasks):
        text += " " + say("No phone has reported yet.")
        return Verdict(label=say("Following"), tone="live", sentence=text, without=without)
    tone = "warn" if without > MOST_WITHOUT * planned else "good"
    text += " " + say("No task has followed their delivery.")
    return Verdict(label=say("Sent"), tone=tone, sentence=text, without=without)
