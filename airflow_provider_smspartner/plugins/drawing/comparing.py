"""What the page of a DAG says: its last run against the ten before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import plots, words
from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow
from airflow_provider_smspartner.plugins.drawing.language import mark_of, say
from airflow_provider_smspartner.plugins.drawing.story import Figure

MOST_COMPARED: Final = 10
"""Runs before the newest one."""
MILL: Final = Decimal("0.001")
BEFORE: Final = mark_of("{value} in the run before", "{value} in the {count} runs before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What runs come to for each person."""

    delivered: float | None = None
    stop: float | None = None
    each: Decimal | None = None
    """What a delivered text costs."""
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run in the table."""

    row: CampaignRow
    stop: str
    each: str
    bar: Markup | None
    """The share of people with their text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Everything that the page of a DAG shows."""

    figures: Sequence[Figure]
    """Of the newest run that is over, each beside the same of those before."""
    lines: Sequence[Line]


def compared(rows: Sequence[CampaignRow]) -> Compared:
    """Compare the newest run that is over with those before it.

    :param rows: the newest first.
    """
    over = [row for row in rows if counts(row)]
    newest, before = over[:1], over[1 : 1 + MOST_COMPARED]
    figures = beside(rates(newest), rates(before), len(before)) if newest else []
    return Compared(figures=figures, lines=[line(row) for row in rows])


def counts(row: CampaignRow) -> bool:
    """Tell whether a run can be compared: its texts reached phones, and no report is waited for."""
    return row.numbers.real and row.numbers.followed > 0 and row.pill.tone != "live"


def rates(rows: Sequence[CampaignRow]) -> Rates:
    """Return what runs come to together, so that a large one weighs more than a small one."""
    numbers = [row.numbers for row in rows]
    followed = sum(each.followed for each in numbers)
    delivered = sum(each.delivered for each in numbers)
    currencies = {each.currency for each in numbers if each.cost}
    known = len(currencies) == 1 and all(each.cost is not None for each in numbers)
    return Rates(
        delivered=delivered / followed if followed else None,
        stop=min(sum(each.stop for each in numbers) / followed, 1) if followed else None,
        each=sum((each.cost or Decimal(0) for each in numbers), Decimal(0)) / delivered
        if known and delivered
        else None,
        currency=currencies.pop() if known else None,
    )


def beside(newest: Rates, before: Rates, runs: int) -> list[Figure]:
    """Put the figures of the newest run beside those of the runs before."""
    pairs = [
        (say("Delivered"), share(newest.delivered), share(before.delivered)),
        ("STOP", share(newest.stop), share(before.stop)),
        (say("Cost of a delivered text"), price(newest), price(before)),
    ]
    return [
        Figure(
            label=label,
            value=value,
            hint=words.of(runs, *BEFORE, value=earlier) if earlier else "",
        )
        for label, value, earlier in pairs
        if value
    ]


def share(rate: float | None) -> str:
    """Write a share of people; nothing where it is not known."""
    return "" if rate is None else words.percent(rate)


def price(rates: Rates) -> str:
    """Write what a delivered text costs; nothing where it is not known."""
    return "" if rates.each is None else words.money(rates.each.quantize(MILL), rates.currency)


def line(row: CampaignRow) -> Line:
    """Tell a run in a line."""
    n, own = row.numbers, rates([row])
    parts = [
        plots.Part(label="", count=n.delivered, kind="good"),
        plots.Part(label="", count=n.not_delivered, kind="bad"),
        plots.Part(label="", count=n.waiting, kind="track"),
    ]
    return Line(
        row=row,
        stop=share(own.stop) or "–",
        each=(price(own) if counts(row) else "") or "–",
        bar=plots.strip(parts) if n.followed else None,
    )
