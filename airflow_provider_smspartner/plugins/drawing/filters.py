"""What a reader of the overview asks to see: which DAG, connection, outcome and days. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow
from airflow_provider_smspartner.plugins.drawing.language import READER, mark

DAYS: Final = 30
"""How far back the overview goes when nobody asks for other days."""
LONGEST_NAME: Final = 250
"""Characters of an id that is asked for; Airflow's have no more."""
OUTCOMES: Final = {
    "good": mark("went well"),
    "warn": mark("needs a look"),
    "bad": mark("went wrong"),
    "live": mark("under way"),
    "quiet": mark("trials, and nobody texted"),
}
"""By tone of the verdict: what a reader picks it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """A choice among the campaigns; whatever is empty leaves all of them."""

    dag_id: str = ""
    connection: str = ""
    outcome: str = ""
    """A tone of ``OUTCOMES``."""
    since: date | None = None
    """The first day, by the reader's clock."""
    until: date | None = None
    """The last day."""

    def asked(self) -> dict[str, str]:
        """Return it as a query of an address."""
        found = {"dag_id": self.dag_id, "connection": self.connection, "outcome": self.outcome}
        days = {"since": self.since, "until": self.until}
        found |= {name: day.isoformat() for name, day in days.items() if day}
        return {name: value for name, value in found.items() if value}

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """Return from when, and until before when, runs are shown."""
        end = midnight(self.until + timedelta(days=1)) if self.until else now + timedelta(days=1)
        if self.since:
            return midnight(self.since), end
        return (midnight(self.until) if self.until else now) - timedelta(days=DAYS), end

    def wants(self, row: CampaignRow) -> bool:
        """Tell whether a row is among the chosen; DAG and days have been asked of the database."""
        fits = not self.connection or self.connection in row.numbers.connections
        return fits and self.outcome in ("", row.pill.tone)


def midnight(day: date) -> datetime:
    """Return when a day begins by the reader's clock."""
    return datetime.combine(day, time(), READER.get().zone)


def filters_of(query: Mapping[str, str]) -> Filters:
    """Read what is asked for; what is none of it counts as not asked."""
    return Filters(
        dag_id=query.get("dag_id", "")[:LONGEST_NAME],
        connection=query.get("connection", "")[:LONGEST_NAME],
        outcome=outcome if (outcome := query.get("outcome", "")) in OUTCOMES else "",
        since=day_of(query.get("since", "")),
        until=day_of(query.get("until", "")),
    )


def day_of(text: str) -> date | None:
    """Read a day as browsers write it; None for what is none, or lies beyond any campaign."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
