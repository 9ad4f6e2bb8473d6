"""Until when the platform may list nobody of a batch, as two columns of the ledger say it."""

from __future__ import annotations

import math
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.eligibility import Claimant, Seen
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.table import moment

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Row


def unseen_written(batch: Batch, claimant: Claimant) -> dict[str, Any]:
    """Write it of a batch that is claimed now; ``invisible`` alone is for ever, which no time can say."""
    until = batch.unseen_until
    if until is None:
        return {"invisible": claimant.invisible, "unseen_until": None}
    return {"invisible": True, "unseen_until": moment(until) if math.isfinite(until) else None}


def unseen_until(row: Row[Any]) -> float | None:
    """Read it, in seconds since the epoch; infinity when nobody knows, None when the texts leave at once."""
    if row.unseen_until is not None:
        return float(row.unseen_until.replace(tzinfo=UTC).timestamp())
    return math.inf if row.invisible else None


def is_seen(row: Seen, *, by: float) -> bool:
    """Tell whether a batch could be seen by a moment, if it were there."""
    return not row.invisible or (row.unseen_until is not None and row.unseen_until < moment(by))


def is_as_hidden(row: Seen) -> ColumnElement[bool]:
    """Return, as a condition, the batches that can be seen no earlier than this one."""
    for_ever = and_(BATCHES.c.invisible, BATCHES.c.unseen_until.is_(None))
    as_long = for_ever if row.unseen_until is None else BATCHES.c.unseen_until >= row.unseen_until
    return or_(for_ever, as_long)
