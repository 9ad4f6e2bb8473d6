"""The verdict over a run in a line: how many people have the text, how many do not, why, and what to do.

Pure: time is an argument. It counts people; the state of a task only tells what is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.arrivals import arrival_of, arrived
from airflow_provider_smspartner.plugins.drawing.judgement import (
    Verdict,
    apart,
    have,
    reasons_without,
    rejected_too,
)
from airflow_provider_smspartner.plugins.drawing.reach import Reach, add_up, reach_of
from airflow_provider_smspartner.plugins.drawing.states import TO_COME, UNFINISHED
from airflow_provider_smspartner.plugins.drawing.stopped import FAILED, stopped
from airflow_provider_smspartner.plugins.facts import TaskFact

LEFT_OUT: Final = ("skipped", "removed")


def verdict(tasks: Sequence[TaskFact], *, now: datetime) -> Verdict:
    """Judge a run, or a part of one."""
    sends = [task for task in tasks if task.sends]
    arrival = arrival_of([task for task in tasks if not task.sends])
    reach = add_up([reach_of(task) for task in sends])
    if not tasks:
        return Verdict(label="No SMS", tone="quiet", sentence="No task of this run has sent an SMS.")
    if not sends:
        return arrived(Reach(planned=arrival.recipients, accepted=arrival.recipients), arrival)
    if all((task.result or {}).get("dry_run") for task in sends):
        return rehearsed(reach)
    if any(task.state in FAILED for task in sends):
        return stopped(sends, reach, arrival)
    if any(task.state in UNFINISHED for task in sends):
        return under_way(sends, reach, now)
    return (
        nobody(sends, reach)
        or on_trial(sends, reach)
        or scheduled(sends, reach, now)
        or arrived(reach, arrival)
    )


def under_way(sends: Sequence[TaskFact], reach: Reach, now: datetime) -> Verdict:
    """Judge a run that is in the middle of a send, or before it."""
    states = {task.state for task in sends if task.state in UNFINISHED}
    waits = [task.waits_until for task in sends if task.waits_until]
    so_far = f"{words.number(reach.accepted)} of {words.people(reach.planned or 0)} have been texted. "
    so_far = so_far if reach.accepted and reach.planned else ""
    if states <= set(TO_COME):
        return Verdict(label="Not started", tone="quiet", sentence=f"{so_far}The send has not begun.")
    if waits:
        leaves = f"leaves at {words.minute(min(waits))}, {ahead(min(waits), now)}"
        text = f"{so_far}The rest {leaves}." if so_far else f"Nobody has been texted yet: the text {leaves}."
        return Verdict(label="Waiting for its hour", tone="live", sentence=text)
    if states <= {"deferred", "up_for_reschedule", *TO_COME}:
        text = f"{so_far}The send waits, and goes on by itself."
        return Verdict(label="Waiting", tone="live", sentence=text)
    if reach.planned is None:
        text = "The send is reading its audience; this try has texted nobody yet."
    elif not reach.known:
        text = f"The send is texting {words.people(reach.planned)}."
    else:
        text = f"{words.number(reach.accepted)} of {words.people(reach.planned)} have been texted so far."
    return Verdict(label="Sending", tone="live", sentence=text)


def ahead(moment: datetime, now: datetime) -> str:
    """Say in how long a moment comes."""
    seconds = (moment - now).total_seconds()
    return f"in {words.span(seconds)}" if seconds > 0 else "any moment now"


def rehearsed(reach: Reach) -> Verdict:
    """Judge a dry run."""
    text = f"Dry run: nobody was texted. {words.people(reach.planned or 0)} would get the text."
    return Verdict(label="Dry run", tone="quiet", sentence=text + apart(reach.held_back))


def nobody(sends: Sequence[TaskFact], reach: Reach) -> Verdict | None:
    """Judge a run that has texted nobody."""
    if reach.accepted or reach.in_doubt:
        return None
    if reach.rejected or reach.cancelled:
        people = reach.rejected + reach.cancelled
        share = f"{words.number(people)} of {words.people(people)}"
        text = f"{share} {have(people)} no text: {reasons_without(reach, '')}."
        return Verdict(label="Nobody texted", tone="bad", sentence=text, without=people)
    if all(task.state in LEFT_OUT for task in sends):
        text = "Nobody was texted: the send was skipped."
        return Verdict(label="Skipped", tone="quiet", sentence=text)
    if not reach.known or any(task.state == "success" and task.result is None for task in sends):
        text = "The send is marked as a success without a result: nothing tells that anybody was texted."
        return Verdict(label="Not known", tone="warn", sentence=text)
    if reach.held_back:
        people = sum(reach.held_back.values())
        text = f"Nobody was texted: all {words.people(people)} were left out." + apart(reach.held_back)
    else:
        text = "Nobody was texted: the audience was empty."
    return Verdict(label="Nobody texted", tone="warn", sentence=text)


def on_trial(sends: Sequence[TaskFact], reach: Reach) -> Verdict | None:
    """Judge a run that reaches no phone of its audience."""
    results = [task.result or {} for task in sends]
    count = words.people(reach.accepted)
    if all(result.get("sandbox") for result in results):
        text = f"Sandbox: SMS Partner has taken the texts of {count}, and none reaches a phone."
        return Verdict(label="Sandbox", tone="quiet", sentence=text)
    if any(result.get("redirected") for result in results):
        text = "Redirected: one number got the texts instead, and nobody of the audience has one."
        return Verdict(label="Redirected", tone="quiet", sentence=text)
    return None


def scheduled(sends: Sequence[TaskFact], reach: Reach, now: datetime) -> Verdict | None:
    """Judge a run whose texts SMS Partner keeps for later."""
    moments = [task.campaign.scheduled_for for task in sends if task.campaign and task.campaign.scheduled_for]
    if not moments or max(moments) <= now:
        return None
    when = f"{words.minute(max(moments))}, {ahead(max(moments), now)}"
    text = f"SMS Partner sends to {words.people(reach.accepted)} on {when}."
    return Verdict(
        label="Scheduled", tone="live", sentence=text + rejected_too(reach), without=reach.rejected
    )
