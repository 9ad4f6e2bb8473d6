"""Reads what tasks have pushed to XCom, each value once: a page that looks again finds most unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from airflow.models.xcom import XComModel
from sqlalchemy import Text, case, cast, func, select

from airflow_provider_smspartner.tracking.handover import (
    CAMPAIGN_KEY,
    COUNTS,
    DELIVERY_KEY,
    read_campaign,
    read_delivery,
    read_result,
)
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, read_failure, read_wait

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Where = tuple[str, int]
"""Task id and map index."""
Pushed = Mapping[str, str]
"""What a task has pushed, as JSON by key."""

LINK_KEY: Final = "_link_CampaignPageLink"
"""Pushed by every task of ours, those of a DAG author's own class too, before it does anything."""
KEYS: Final = (CAMPAIGN_KEY, DELIVERY_KEY, FAILURE_KEY, WAIT_KEY, LINK_KEY)
RESULT_KEY: Final = "return_value"
LARGEST: Final = 2_000_000
"""Characters of a value that is read; the result of a million people has 60,000."""
LARGEST_KEPT: Final = 4_000
"""Characters of a value that is kept with what it says; those of an overview seldom have more."""
MOST_KEPT: Final = 2_048
"""Values that are kept: those of an overview of 500 runs, and some megabytes."""
JSON: Final = json.JSONDecoder()
ILLEGIBLE: Final = object()
"""Stands for a value that is too large, or that no JSON can be made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a task returned, as far as it is a result of ours."""

    counts: Mapping[str, Any] | None = None
    """Of a status task."""
    sent: bool = False
    """Whether it looks like the result of a send."""
    result: Mapping[str, Any] | None = None
    """Of a send; None when it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A value of XCom, read."""

    value: Any = None
    """None when it is none of ours."""
    elsewhere: bool = False
    """Whether Airflow's database only points to it: an XCom backend may keep values in an object store. It is
    not followed: whoever may write an XCom could have the page read anybody's."""

    @property
    def illegible(self) -> bool:
        """Whether nothing of ours can be read in it."""
        return self.value is None and not self.elsewhere


def read_xcoms(
    session: Session, runs: Sequence[int], keys: Sequence[str], tasks: Iterable[str] | None = None
) -> dict[int, dict[Where, dict[str, str]]]:
    """Return what tasks have pushed, by run, task and key, as JSON."""
    x = XComModel
    # As text: a value that no JSON can be made of must not fail the rows beside it
    text = cast(x.value, Text)
    known = (x.key == LINK_KEY) | text.is_(None)  # that there is a link is all that it tells
    bounded = case((known, "null"), (func.length(text) <= LARGEST, text), else_="")
    query = select(x.dag_run_id, x.task_id, x.map_index, x.key, bounded)
    query = query.where(x.dag_run_id.in_(runs), x.key.in_(keys))
    if tasks is not None:
        query = query.where(x.task_id.in_(sorted(tasks)))
    found: dict[int, dict[Where, dict[str, str]]] = {}
    for run, task_id, map_index, key, value in session.execute(query):
        found.setdefault(run, {}).setdefault((task_id, map_index), {})[key] = value
    return found


def said_in(key: str, text: str) -> Said:
    """Read a value."""
    return kept(key, text) if len(text) <= LARGEST_KEPT else read(key, text)


@lru_cache(maxsize=MOST_KEPT)
def kept(key: str, text: str) -> Said:
    """Read a value, unless it has been read."""
    return read(key, text)


def read(key: str, text: str) -> Said:
    """Read a value out of its JSON."""
    value = plain(text)
    if isinstance(value, str) and "://" in value:
        return Said(elsewhere=True)
    return Said() if value is ILLEGIBLE else Said(value=READERS[key](value))


def plain(text: str) -> Any:
    """Return a value of XCom as JSON; `dags test` stores it as JSON in JSON."""
    try:
        value = JSON.decode(text)
        return JSON.decode(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    except (ValueError, RecursionError):
        return ILLEGIBLE


def read_returned(value: Any) -> Returned:
    """Read what a task returned; anybody's may return whatever it likes."""
    if not isinstance(value, Mapping):
        return Returned()
    sent = "batches" in value
    return Returned(
        counts=value if "delivery_rate" in value and set(COUNTS) <= value.keys() else None,
        sent=sent,
        result=read_result(value) if sent else None,
    )


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    CAMPAIGN_KEY: read_campaign,
    DELIVERY_KEY: read_delivery,
    FAILURE_KEY: read_failure,
    WAIT_KEY: read_wait,
    RESULT_KEY: read_returned,
}
