"""From the rows of an audience to the texts on phones: one picture, with who is lost at each step. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import plots, words
from airflow_provider_smspartner.plugins.drawing.arrivals import Arrival
from airflow_provider_smspartner.plugins.drawing.judgement import REASONS, reason_of
from airflow_provider_smspartner.plugins.drawing.language import mark_of, say
from airflow_provider_smspartner.plugins.drawing.reach import Reach

DUPLICATE: Final = mark_of("{count} duplicate", "{count} duplicates")
REFUSED: Final = mark_of("{count} refused by SMS Partner", "{count} refused by SMS Partner")
CANCELLED: Final = mark_of("{count} taken back before its time", "{count} taken back before their time")
DOUBTFUL: Final = mark_of("{count} in doubt", "{count} in doubt")
ON_THE_WAY: Final = mark_of("{count} on the way", "{count} on the way")
LEFT: Final = mark_of("{count} left to text", "{count} left to text")
LOST: Final = mark_of("{count} not delivered", "{count} not delivered")
SILENT: Final = mark_of("{count} without a report", "{count} without a report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the way, and who did not take it."""

    label: str
    people: int
    kind: str
    """A word that the style sheet has a colour for."""
    lost: Sequence[str] = ()
    """In words, each reason with its count."""
    bar: Markup | None = None


def funnel(reach: Reach, *, duplicates: int, texts: bool, arrival: Arrival | None) -> list[Step]:
    """Return the steps that are known; none when nobody has counted the audience.

    :param duplicates: rows whose number stands in another row.
    :param texts: whether texts leave for the people of the audience; a dry run stops before.
    :param arrival: what phones have reported, when it is about this send alone.
    """
    if reach.planned is None:
        return []
    steps = counted(reach, reach.planned, duplicates)
    if texts and reach.known:
        steps.append(accepted(reach))
        if arrival is not None and arrival.recipients:
            steps += delivered(arrival)
    most = max(step.people for step in steps)
    return [drawn(step, most) for step in steps]


def counted(reach: Reach, planned: int, duplicates: int) -> list[Step]:
    """Return the steps before the first request."""
    barred = {reason: people for reason, people in reach.held_back.items() if reason != "invalid"}
    invalid = reach.held_back.get("invalid", 0)
    unique = planned + sum(barred.values())
    return [
        Step(label=say("Rows"), people=unique + duplicates + invalid, kind="rest"),
        Step(
            label=say("Valid numbers"),
            people=unique + duplicates,
            kind="rest",
            lost=told([(invalid, REASONS["invalid"])]),
        ),
        Step(label=say("Unique"), people=unique, kind="rest", lost=told([(duplicates, DUPLICATE)])),
        Step(
            label=say("Allowed"),
            people=planned,
            kind="rest",
            lost=[reason_of(reason, people) for reason, people in barred.items()],
        ),
    ]


def accepted(reach: Reach) -> Step:
    """Return the step that SMS Partner decides on."""
    lost = [
        (reach.rejected, REFUSED),
        (reach.cancelled, CANCELLED),
        (reach.in_doubt, DOUBTFUL),
        (reach.on_the_way, ON_THE_WAY),
        (reach.unsent, LEFT),
    ]
    return Step(label=say("Accepted"), people=reach.accepted, kind="live", lost=told(lost))


def delivered(arrival: Arrival) -> list[Step]:
    """Return the steps that phones report, and those who have answered STOP."""
    lost = told([(arrival.not_delivered, LOST), (arrival.waiting, SILENT)])
    steps = [Step(label=say("Delivered"), people=arrival.delivered, kind="good", lost=lost)]
    return [*steps, Step(label="STOP", people=arrival.stop, kind="bad")] if arrival.stop else steps


def told(lost: Sequence[tuple[int, tuple[str, str]]]) -> list[str]:
    """Say why people were lost, nobody left out."""
    return [words.of(people, *forms) for people, forms in lost if people]


def drawn(step: Step, most: int) -> Step:
    """Add the bar of a step, as long as its share of the first one."""
    parts = [
        plots.Part(label=step.label, count=step.people, kind=step.kind),
        plots.Part(label="", count=most - step.people, kind="track"),
    ]
    return replace(step, bar=plots.strip(parts))
