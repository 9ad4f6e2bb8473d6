"""Which runs may send: not those that catch up with days gone by, unless that is wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.exceptions import InvalidMessage

if TYPE_CHECKING:
    from airflow.sdk import Context


def kind_of(run: Any) -> str:
    """Return the type of a DAG run, such as "scheduled"; an empty text outside Airflow."""
    kind = getattr(run, "run_type", "")
    return str(getattr(kind, "value", kind))


def check_backfill(context: Context, *, allowed: bool) -> None:
    """Refuse a backfill run.

    :raises InvalidMessage: it is one.
    """
    if kind_of(context.get("dag_run")) == "backfill" and not allowed:
        raise InvalidMessage(
            "allow_backfill: this run is a backfill and would text people for days gone by; nothing was "
            "sent. Set allow_backfill=True if that is what you want"
        )


def check_limit(limit: object) -> None:
    """Refuse a greatest age of a run that is no time.

    :raises InvalidMessage: it is neither None nor a timedelta above 0.
    """
    if limit is not None and not (isinstance(limit, timedelta) and limit > timedelta()):
        raise InvalidMessage(f"max_run_age: {limit!r} is not a timedelta above 0; None lets all runs send")


def check_age(context: Context, limit: timedelta | None, *, allowed: bool) -> None:
    """Refuse a scheduled run whose time is long past, as ``catchup`` makes one for each day gone by.

    Asked on a first try only, and not after a wait: what has begun in time is ended.

    :raises InvalidMessage: its time lies further back than the limit.
    """
    run = context.get("dag_run")
    if limit is None or allowed or kind_of(run) != "scheduled":
        return
    names = ("run_after", "data_interval_end", "logical_date")  # an asset's run has no logical date
    moment = next((each for name in names if (each := getattr(run, name, None)) is not None), None)
    if moment is not None and datetime.now(UTC) - moment > limit:
        raise InvalidMessage(
            f"max_run_age: this scheduled run was due at {moment.isoformat()}, more than {limit} ago, and "
            "would text people for a day gone by; nothing was sent. Give another max_run_age, None for no "
            "limit, or set catchup=False"
        )
