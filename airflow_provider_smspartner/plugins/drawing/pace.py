"""How fast a send goes, and how long it will take from here. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.states import RUNNING
from airflow_provider_smspartner.plugins.drawing.sums import ACCEPTED
from airflow_provider_smspartner.plugins.facts import TaskFact

WINDOW: Final = timedelta(minutes=5)
"""What of the past tells the pace: a pause before it, or another try, does not."""
SHORTEST: Final = 3.0
"""Seconds that tell a pace at least."""


def pace(tasks: Sequence[TaskFact], *, left: int, now: datetime) -> str:
    """Say how many people a minute are texted and how long the rest takes; nothing where nothing tells.

    :param left: people who are still to be texted.
    """
    recent = [
        (batch.claimed_at or batch.changed_at, batch.people or 0)
        for task in tasks
        if task.state in RUNNING
        for batch in task.batches
        if batch.state == ACCEPTED and batch.changed_at and now - WINDOW <= batch.changed_at <= now
    ]
    if len(recent) < 2 or left <= 0:
        return ""
    seconds = (now - max(now - WINDOW, min(begin for begin, _ in recent))).total_seconds()
    people = sum(people for _, people in recent)
    if seconds < SHORTEST or not people:
        return ""
    count, span = words.number(rounded(60 * people / seconds)), words.span(left * seconds / people)
    return " " + say("About {count} people a minute; {span} to go at this pace.", count=count, span=span)


def rounded(value: float) -> int:
    """Return a figure with two digits that count: nobody knows a pace better."""
    return int(float(f"{value:.2g}"))
