"""What the overview says about the campaigns of the last days: a row for each run. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.judgement import Verdict
from airflow_provider_smspartner.plugins.drawing.language import mark, say
from airflow_provider_smspartner.plugins.drawing.states import UNFINISHED, Pill
from airflow_provider_smspartner.plugins.drawing.story import RUN_UNFINISHED
from airflow_provider_smspartner.plugins.drawing.sums import Sums, add_up, sums_of
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact

SLOWLY = 15
"""Seconds to the next look at the overview while something runs."""
SANDBOX: Final = mark("sandbox")
REDIRECTED: Final = mark("redirected")
SCHEDULED: Final = mark("scheduled")
UNREAD: Final = mark("illegible")
ELSEWHERE: Final = mark("XComs kept elsewhere")
"""Marks of a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The figures of a run, to be added up."""

    sends: bool
    """Whether a task of it sends."""
    planned: int | None
    accepted: int | None
    """None when nothing tells."""
    followed: int
    """People of whom reports are waited for."""
    delivered: int
    not_delivered: int
    waiting: int
    stop: int
    answered: Mapping[str, int] | None
    """Replies and STOP in the inbox, by kind; None where no inbox tells."""
    without: int
    """People without a text who were to have one, and those of whom nobody can tell."""
    cost: Decimal | None
    currency: str | None
    connections: Sequence[str]
    real: bool
    """Whether its texts reach phones: no dry run, sandbox or redirected connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A run in a line."""

    run: RunFact
    names: Sequence[str]
    """Campaigns and tags."""
    pill: Pill
    people: str
    delivered: str
    cost: str
    numbers: Numbers
    marks: Sequence[str]
    """Words for what a reader must not take the figures for."""


def campaign_row(run: RunFact, *, now: datetime) -> CampaignRow:
    """Tell a run in a line."""
    sends = [task for task in run.tasks if task.sends]
    follows = [task for task in run.tasks if not task.sends]
    counted = [sums_of(task) for task in sends]
    sums = add_up(counted) if sends else None
    judged = verdict(run.tasks, now=now, counted=counted) if run.tasks else cleared()
    dry_run = bool(sends) and all((task.result or {}).get("dry_run") for task in sends)
    return CampaignRow(
        run=run,
        names=names(sends),
        pill=Pill(text=judged.label, tone=judged.tone),
        people=people(sums, dry_run=dry_run),
        delivered=delivered(follows),
        cost=cost(sums, dry_run=dry_run),
        numbers=numbers(run.tasks, sums, judged, dry_run=dry_run),
        marks=marks(sends) + unread(run.tasks),
    )


def numbers(tasks: Sequence[TaskFact], sums: Sums | None, judged: Verdict, *, dry_run: bool) -> Numbers:
    """Return the figures of a run."""
    results = [task.delivery.result for task in tasks if task.delivery]
    told = [task.campaign for task in tasks if task.campaign]
    trial = dry_run or any(c.sandbox or c.redirected for c in told)
    trial |= any(r.get("sandbox") or r.get("redirected") for r in (task.result or {} for task in tasks))
    known = sums is not None and sums.known
    return Numbers(
        sends=sums is not None,
        planned=sums.planned if sums else None,
        accepted=sums.accepted if sums and known else None,
        followed=sum(result["recipients"] for result in results),
        delivered=sum(result["delivered"] for result in results),
        not_delivered=sum(result["not_delivered"] for result in results),
        waiting=sum(result["waiting"] for result in results),
        stop=sum(result["stop"] for result in results),
        answered=answered(tasks),
        without=judged.without,
        cost=sums.cost if sums and known else None,
        currency=sums.currency if sums else None,
        connections=list(dict.fromkeys(campaign.connection for campaign in told)),
        real=not trial,
    )


def answered(tasks: Sequence[TaskFact]) -> dict[str, int] | None:
    """Return how many replies and STOP there are in the inbox."""
    counts = [task.answered for task in tasks if task.answered is not None]
    return {kind: sum(each[kind] for each in counts) for kind in ("reply", "stop")} if counts else None


def cleared() -> Verdict:
    """Judge a run whose tasks Airflow has just forgotten."""
    return Verdict(label=say("Not started"), tone="quiet", sentence=say("Its tasks have just been cleared."))


def refresh(runs: Sequence[RunFact]) -> int | None:
    """Return seconds to the next look, None when nothing runs."""
    moving = any(
        run.state in RUN_UNFINISHED and any(task.state in UNFINISHED for task in run.tasks) for run in runs
    )
    return SLOWLY if moving else None


def names(sends: Sequence[TaskFact]) -> list[str]:
    """Return what the campaigns are called."""
    told = [task.campaign for task in sends if task.campaign]
    chosen = [campaign.campaign or campaign.tag for campaign in told]
    return [words.name(text) for text in dict.fromkeys(chosen) if text]


def people(sums: Sums | None, *, dry_run: bool) -> str:
    """Write how many people SMS Partner has accepted, and of how many when that is more."""
    if sums is None:
        return "–"
    if dry_run:
        return say("{count} of {total}", count="0", total=words.number(sums.planned or 0))
    count = words.number(sums.accepted) if sums.known else "?"
    alone = sums.planned is None or (sums.known and sums.planned == sums.accepted)
    if alone:
        return count
    return say("{count} of {total}", count=count, total=words.number(sums.planned or 0))


def delivered(follows: Sequence[TaskFact]) -> str:
    """Write the share of people with their text."""
    results = [task.delivery.result for task in follows if task.delivery]
    recipients = sum(result["recipients"] for result in results)
    return words.percent(sum(result["delivered"] for result in results) / recipients) if recipients else "–"


def cost(sums: Sums | None, *, dry_run: bool) -> str:
    """Write what it cost; what is not known is not free."""
    if sums is None or dry_run:
        return "–"
    return words.money(sums.cost, sums.currency) if sums.known else "?"


def marks(sends: Sequence[TaskFact]) -> list[str]:
    """Return the marks of a row."""
    results = [task.result or {} for task in sends]
    told = [task.campaign for task in sends if task.campaign]
    found = {
        SANDBOX: any(r.get("sandbox") for r in results) or any(c.sandbox for c in told),
        REDIRECTED: any(r.get("redirected") for r in results) or any(c.redirected for c in told),
        SCHEDULED: any(r.get("scheduled_for") for r in results) or any(c.scheduled_for for c in told),
    }
    return [say(word) for word, holds in found.items() if holds]


def unread(tasks: Sequence[TaskFact]) -> list[str]:
    """Return the marks of a row whose figures are not all there."""
    found = {
        UNREAD: any(task.illegible for task in tasks),
        ELSEWHERE: any(task.elsewhere for task in tasks),
    }
    return [say(word) for word, holds in found.items() if holds]
