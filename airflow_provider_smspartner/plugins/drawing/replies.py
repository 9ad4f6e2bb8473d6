"""What the page says of what people have answered: how many, when, and the newest ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import plots, words
from airflow_provider_smspartner.plugins.drawing.language import mark, mark_of, say
from airflow_provider_smspartner.plugins.facts import MOST_SHOWN, Answer, TaskFact

REPLIES: Final = mark_of("{count} reply", "{count} replies")
KINDS: Final = {"reply": mark("reply"), "stop": mark("STOP")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An answer in a line."""

    at: datetime
    kind: str
    number: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesStory:
    """What people have answered to the sends of a page."""

    sentence: str
    curves: Sequence[tuple[str, Markup]]
    """Each with what it is about."""
    lines: Sequence[Line]
    notes: Sequence[str]


def replies_story(tasks: Sequence[TaskFact]) -> RepliesStory | None:
    """Tell what people have answered; None where no ledger of these tasks has an inbox."""
    told = [task.answers for task in tasks if task.answers]
    if not told:
        return None
    times = sorted(each for answers in told for each in answers.times)
    newest = sorted((one for answers in told for one in answers.last), key=lambda one: one.at, reverse=True)
    starts = [task.campaign.at for task in tasks if task.answers and task.campaign]
    since = min([*starts, *(at for at, _ in times)], default=None)
    by_kind = {kind: [at for at, each in times if each == kind] for kind in KINDS}
    return RepliesStory(
        sentence=sentence(len(by_kind["reply"]), len(by_kind["stop"])),
        curves=[
            (title, curve)
            for title, kind, tone in ((say("Replies"), "reply", "live"), ("STOP", "stop", "bad"))
            if since and (curve := curve_of(by_kind[kind], since, title=title, tone=tone))
        ],
        lines=[line(one) for one in newest[:MOST_SHOWN]],
        notes=list(notes(tasks)),
    )


def sentence(replies: int, stops: int) -> str:
    """Say how many have answered."""
    if not replies and not stops:
        return say("Nobody has answered so far.")
    return say("{replies} and {stops} STOP.", replies=words.of(replies, *REPLIES), stops=words.number(stops))


def curve_of(times: Sequence[datetime], since: datetime, *, title: str, tone: str) -> Markup | None:
    """Draw how answers add up; one or two of them make no curve."""
    if len(times) < 3:
        return None
    points = [(max(0.0, (at - since).total_seconds()), n) for n, at in enumerate(times, 1)]
    return plots.curve(plots.thinned(points), total=len(times), title=title, kind=tone)


def line(one: Answer) -> Line:
    """Tell an answer in a line; whatever it says is text."""
    return Line(
        at=one.at, kind=say(KINDS[one.kind]), number=words.name(one.number), text=words.name(one.text)
    )


def notes(tasks: Sequence[TaskFact]) -> dict[str, None]:
    """Say what is missing."""
    found: dict[str, None] = {}
    for answers in (task.answers for task in tasks if task.answers):
        if answers.fault:
            found[say("The inbox cannot be read ({why}).", why=answers.fault)] = None
        if answers.cut:
            found[say("Only the newest 20,000 replies and STOP of the inbox are looked at.")] = None
    return found
