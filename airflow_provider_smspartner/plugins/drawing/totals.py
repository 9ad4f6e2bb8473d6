"""What the campaigns of the overview come to together, and the same as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow, Numbers
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.story import Figure

COLUMNS: Final = (
    *("began", "dag_id", "run_id", "campaigns", "connections", "outcome", "recipients", "accepted"),
    *("delivered", "not_delivered", "waiting", "stop", "without_text", "cost", "currency", "marks"),
    "replies",
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes the beginning of a formula for."""


def totals(rows: Sequence[CampaignRow]) -> list[Figure]:
    """Return the totals of campaigns that reach phones: those of trials would be no sums of anything."""
    real = [row.numbers for row in rows if row.numbers.real]
    accepted = sum(each.accepted or 0 for each in real)
    followed = sum(each.followed for each in real)
    delivered = sum(each.delivered for each in real)
    stop = sum(each.stop for each in real)
    without = sum(each.without for each in real)
    trials = len(rows) - len(real)
    hint = (
        words.of(trials, "{count} trial is not counted in", "{count} trials are not counted in")
        if trials
        else ""
    )
    unknown = any(each.sends and each.accepted is None for each in real)
    figures = [
        Figure(label=say("Campaigns"), value=words.number(len(real)), hint=hint),
        Figure(
            label=say("Accepted"), value=words.number(accepted), hint=say("some not known") if unknown else ""
        ),
        *([share(delivered, followed)] if followed else []),
        *([Figure(label="STOP", value=words.number(stop), hint=rate(stop, followed))] if followed else []),
        *answered(real),
        *(Figure(label=say("Cost"), value=value) for value in costs(rows)),
    ]
    if without:
        hint = say("people without a text, or in doubt")
        figures.append(
            Figure(label=say("Needs attention"), value=words.number(without), hint=hint, tone="bad")
        )
    return figures


def answered(real: Sequence[Numbers]) -> list[Figure]:
    """Return how many people have replied, where an inbox tells."""
    known = [each.answered for each in real if each.answered is not None]
    if not known:
        return []
    replies, stops = (words.number(sum(each[kind] for each in known)) for kind in ("reply", "stop"))
    hint = words.of(
        len(known),
        "and {stops} STOP, to {count} campaign with an inbox",
        "and {stops} STOP, to {count} campaigns with an inbox",
        stops=stops,
    )
    return [Figure(label=say("Replies"), value=replies, hint=hint)]


def share(delivered: int, followed: int) -> Figure:
    """Return the share of people with their text, among those who are followed."""
    hint = say("{count} of {people}", count=words.number(delivered), people=words.people(followed))
    return Figure(label=say("Delivered"), value=words.percent(delivered / followed), hint=hint)


def rate(count: int, over: int) -> str:
    """Write a share of people."""
    return words.percent(min(count / over, 1))


def costs(rows: Sequence[CampaignRow]) -> list[str]:
    """Return what all of it cost, each currency by itself."""
    found: dict[str, Decimal] = {}
    for each in (row.numbers for row in rows if row.numbers.real and row.numbers.cost is not None):
        found[each.currency or "EUR"] = found.get(each.currency or "EUR", Decimal(0)) + (
            each.cost or Decimal(0)
        )
    return [words.money(amount, currency) for currency, amount in sorted(found.items())]


def as_csv(rows: Iterable[CampaignRow]) -> str:
    """Return campaigns as CSV: figures as machines read them, and no number in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(value) for value in cells(row)])
    return text.getvalue()


def cells(row: CampaignRow) -> list[object]:
    """Return a row, in the order of the columns; what nobody knows is empty."""
    run, n = row.run, row.numbers
    return [
        run.after.isoformat() if run.after else "",
        *(words.name(run.dag_id), words.name(run.run_id), " ".join(row.names)),
        *(" ".join(map(words.name, n.connections)), row.pill.text, n.planned, n.accepted),
        *((n.delivered, n.not_delivered, n.waiting, n.stop) if n.followed else ("", "", "", "")),
        *(n.without, "" if n.cost is None else n.cost, n.currency, " ".join(row.marks)),
        "" if n.answered is None else n.answered["reply"],
    ]


def cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
