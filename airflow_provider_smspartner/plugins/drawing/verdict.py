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
    no_text_of,
    reasons_without,
    rejected_too,
)
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.pace import pace
from airflow_provider_smspartner.plugins.drawing.reach import Reach, add_up, reach_of
from airflow_provider_smspartner.plugins.drawing.states import TO_COME, UNFINISHED
from airflow_provider_smspartner.plugins.drawing.stopped import FAILED, stopped
from airflow_provider_smspartner.plugins.drawing.sums import Sums, sums_of
from airflow_provider_smspartner.plugins.facts import TaskFact

LEFT_OUT: Final = ("skipped", "removed")


def verdict(tasks: Sequence[TaskFact], *, now: datetime, counted: Sequence[Sums] | None = None) -> Verdict:
    """Judge a run, or a part of one.

    :param counted: the sums of its sends, where they are known.
    """
    sends = [task for task in tasks if task.sends]
    arrival = arrival_of([task for task in tasks if not task.sends])
    counted = counted or [sums_of(task) for task in sends]
    reach = add_up([reach_of(*each) for each in zip(sends, counted, strict=True)])
    if not tasks:
        return Verdict(
            label=say("No SMS"), tone="quiet", sentence=say("No task of this run has sent an SMS.")
        )
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
    begun = bool(reach.accepted and reach.planned)
    so_far = f"{texted(reach)} " if begun else ""
    if states <= set(TO_COME):
        return Verdict(
            label=say("Not started"), tone="quiet", sentence=so_far + say("The send has not begun.")
        )
    if waits:
        when = {"moment": words.minute(min(waits)), "span": ahead(min(waits), now)}
        rest = say("The rest leaves at {moment}, {span}.", **when)
        first = say("Nobody has been texted yet: the text leaves at {moment}, {span}.", **when)
        return Verdict(
            label=say("Waiting for its hour"), tone="live", sentence=so_far + rest if begun else first
        )
    if states <= {"deferred", "up_for_reschedule", *TO_COME}:
        text = so_far + say("The send waits, and goes on by itself.")
        return Verdict(label=say("Waiting"), tone="live", sentence=text)
    speed = pace(sends, left=reach.unsent + reach.on_the_way, now=now)
    return Verdict(label=say("Sending"), tone="live", sentence=at_work(reach) + speed)


def texted(reach: Reach) -> str:
    """Say how many people have been texted before a send goes on."""
    count, people = words.number(reach.accepted), words.people(reach.planned or 0)
    return say("{count} of {people} have been texted.", count=count, people=people)


def at_work(reach: Reach) -> str:
    """Say how far a send is that is at work."""
    if reach.planned is None:
        return say("The send is reading its audience; this try has texted nobody yet.")
    people = words.people(reach.planned)
    if not reach.known:
        return say("The send is texting {people}.", people=people)
    count = words.number(reach.accepted)
    return say("{count} of {people} have been texted so far.", count=count, people=people)


def ahead(moment: datetime, now: datetime) -> str:
    """Say in how long a moment comes."""
    seconds = (moment - now).total_seconds()
    return say("in {span}", span=words.span(seconds)) if seconds > 0 else say("any moment now")


def rehearsed(reach: Reach) -> Verdict:
    """Judge a dry run."""
    text = words.of(
        reach.planned or 0,
        "Dry run: nobody was texted. {count} person would get the text.",
        "Dry run: nobody was texted. {count} people would get the text.",
    )
    return Verdict(label=say("Dry run"), tone="quiet", sentence=text + apart(reach.held_back))


def nobody(sends: Sequence[TaskFact], reach: Reach) -> Verdict | None:
    """Judge a run that has texted nobody."""
    if reach.accepted or reach.in_doubt:
        return None
    if reach.rejected or reach.cancelled:
        people = reach.rejected + reach.cancelled
        text = no_text_of(people, people, reasons_without(reach, ""))
        return Verdict(label=say("Nobody texted"), tone="bad", sentence=text, without=people)
    if all(task.state in LEFT_OUT for task in sends):
        text = say("Nobody was texted: the send was skipped.")
        return Verdict(label=say("Skipped"), tone="quiet", sentence=text)
    if not reach.known or any(task.state == "success" and task.result is None for task in sends):
        text = say(
            "The send is marked as a success without a result, so nobody can tell whether anybody was texted."
        )
        return Verdict(label=say("Not known"), tone="warn", sentence=text)
    return Verdict(label=say("Nobody texted"), tone="warn", sentence=nobody_left(reach))


def nobody_left(reach: Reach) -> str:
    """Say why a send that has done its work has texted nobody."""
    if not reach.held_back:
        return say("Nobody was texted: the audience was empty.")
    text = words.of(
        sum(reach.held_back.values()),
        "Nobody was texted: the one person was left out.",
        "Nobody was texted: all {count} people were left out.",
    )
    return text + apart(reach.held_back)


def on_trial(sends: Sequence[TaskFact], reach: Reach) -> Verdict | None:
    """Judge a run that reaches no phone of its audience."""
    results = [task.result or {} for task in sends]
    if all(result.get("sandbox") for result in results):
        text = say(
            "Sandbox: SMS Partner has taken the texts of {people}, and none reaches a phone.",
            people=words.people(reach.accepted),
        )
        return Verdict(label=say("Sandbox"), tone="quiet", sentence=text)
    if any(result.get("redirected") for result in results):
        text = say("Redirected: one number got the texts instead, and nobody of the audience has one.")
        return Verdict(label=say("Redirected"), tone="quiet", sentence=text)
    return None


def scheduled(sends: Sequence[TaskFact], reach: Reach, now: datetime) -> Verdict | None:
    """Judge a run whose texts SMS Partner keeps for later."""
    moments = [task.campaign.scheduled_for for task in sends if task.campaign and task.campaign.scheduled_for]
    if not moments or max(moments) <= now:
        return None
    text = say(
        "SMS Partner sends to {people} on {moment}, {span}.",
        people=words.people(reach.accepted),
        moment=words.minute(max(moments)),
        span=ahead(max(moments), now),
    )
    return Verdict(
        label=say("Scheduled"), tone="live", sentence=text + rejected_too(reach), without=reach.rejected
    )
