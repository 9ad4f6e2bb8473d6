"""What the page says about a run, out of what is known of it. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.arrivals import arrival_of
from airflow_provider_smspartner.plugins.drawing.deliveries import StatusStory, status_story
from airflow_provider_smspartner.plugins.drawing.judgement import Verdict
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.replies import RepliesStory, replies_story
from airflow_provider_smspartner.plugins.drawing.sends import SendStory, send_story
from airflow_provider_smspartner.plugins.drawing.variants import Comparison, comparisons
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact

SOON: Final = 3
"""Seconds to the next look at a page while something is sent."""
LATER: Final = 15
"""Seconds while only reports are waited for: they come by the minute."""
RUN_UNFINISHED: Final = ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number at the head of the page."""

    label: str
    value: str
    hint: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """Everything the page shows of a run."""

    run: RunFact
    verdict: Verdict
    figures: Sequence[Figure]
    sends: Sequence[SendStory]
    statuses: Sequence[StatusStory]
    comparisons: Sequence[Comparison]
    """Sends of one campaign, side by side."""
    replies: RepliesStory | None
    """What people have answered; None without an inbox."""
    refresh: int | None
    """Seconds to the next look; None when nothing more will come."""


def run_story(run: RunFact, *, now: datetime) -> RunStory:
    """Tell a run."""
    judged = verdict(run.tasks, now=now)
    by_id: dict[str, list[TaskFact]] = {}
    for task in run.tasks:
        if task.sends:
            by_id.setdefault(task.task_id, []).append(task)
    # what phones report of several sends tells of none of them alone
    arrival = arrival_of([task for task in run.tasks if not task.sends]) if len(by_id) == 1 else None
    sends = [send_story(tasks, now=now, arrival=arrival) for tasks in by_id.values()]
    statuses = [status_story(task) for task in run.tasks if not task.sends]
    return RunStory(
        run=run,
        verdict=judged,
        figures=figures(sends, statuses, judged),
        sends=sends,
        statuses=statuses,
        comparisons=comparisons(sends, run.tasks),
        replies=replies_story(run.tasks),
        refresh=refresh(run, sends, statuses),
    )


def refresh(run: RunFact, sends: Sequence[SendStory], statuses: Sequence[StatusStory]) -> int | None:
    """Return when to look again."""
    if run.state not in RUN_UNFINISHED:
        return None
    if any(send.live for send in sends):
        return SOON
    return LATER if any(status.live for status in statuses) or not run.tasks else None


def figures(sends: Sequence[SendStory], statuses: Sequence[StatusStory], judged: Verdict) -> list[Figure]:
    """Return the numbers at the head."""
    return [
        *([accepted(sends)] if sends else []),
        *delivered(statuses),
        *([cost(sends)] if sends else []),
        *attention(judged),
    ]


def accepted(sends: Sequence[SendStory]) -> Figure:
    """Return how many people SMS Partner has accepted."""
    count = sum(send.sums.accepted for send in sends)
    planned = sum(send.sums.planned or 0 for send in sends)
    if all(send.dry_run for send in sends):
        hint = say("nothing was sent")
        return Figure(label=say("Would get it"), value=words.number(planned), hint=hint)
    hint = say("of {people}", people=words.people(planned)) if planned else ""
    known = all(send.sums.known for send in sends)
    return Figure(label=say("Accepted"), value=words.number(count) if known else "?", hint=hint)


def delivered(statuses: Sequence[StatusStory]) -> list[Figure]:
    """Return how many people have their text."""
    told = [status.task.delivery.result for status in statuses if status.task.delivery]
    count, recipients = (sum(result[name] for result in told) for name in ("delivered", "recipients"))
    reported = count + sum(result["not_delivered"] for result in told)
    if not recipients or not (reported or all_final(statuses)):
        return []
    share = say("{count} of {people}", count=words.number(count), people=words.people(recipients))
    return [Figure(label=say("Delivered"), value=words.percent(count / recipients), hint=share)]


def all_final(statuses: Sequence[StatusStory]) -> bool:
    """Tell whether no further report is waited for: before the first one, nothing is known of a share."""
    return all(status.task.delivery and status.task.delivery.final for status in statuses)


def cost(sends: Sequence[SendStory]) -> Figure:
    """Return what it cost, or will cost."""
    currency = next((send.sums.currency for send in sends if send.sums.currency), None)
    estimates = [send.sums.estimate for send in sends if send.sums.estimate is not None]
    estimate = words.money(sum(estimates, Decimal(0)), currency) if estimates else ""
    if all(send.dry_run for send in sends):
        return Figure(label=say("Would cost"), value=estimate or say("not known"), hint=say("estimate"))
    spent = sum((send.sums.cost for send in sends), Decimal(0))
    hint = say("{cost} estimated", cost=estimate) if estimate else ""
    known = all(send.sums.known for send in sends)
    return Figure(label=say("Cost"), value=words.money(spent, currency) if known else "?", hint=hint)


def attention(judged: Verdict) -> list[Figure]:
    """Return how many people have no text, or may have none."""
    if not judged.without:
        return []
    value = words.people(judged.without)
    hint = say("without a text, or in doubt")
    return [Figure(label=say("Needs attention"), value=value, hint=hint, tone="bad")]
