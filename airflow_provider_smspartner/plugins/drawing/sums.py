"""The sums of a send: what it returned at its end, else what its journal holds by now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner.plugins.drawing.states import NOT_BEGUN
from airflow_provider_smspartner.plugins.facts import NO_BATCHES, TaskFact
from airflow_provider_smspartner.rules.sending_states import UNDECIDED, BatchState

ACCEPTED = BatchState.ACCEPTED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums of one shard, or of all of them."""

    known: bool
    """Whether something tells what SMS Partner has accepted; if not, zeros mean nothing."""
    counted: bool
    """Whether the audience was counted; if not, those zeros mean nothing either."""
    planned: int | None
    """People to text, those apart whom other runs have texted; None when nothing tells."""
    accepted: int
    rejected: int
    invalid: int
    duplicates: int
    excluded: int
    segments: int
    cost: Decimal
    currency: str | None
    estimate: Decimal | None
    estimated_segments: int | None
    batches: int
    accepted_batches: int
    """Without those whose people went with other batches."""
    open_people: int
    """People of batches of which nobody can tell yet."""


def sums_of(task: TaskFact) -> Sums:
    """Add a task up: what it returned at its end, else what its journal holds by now."""
    told, result = task.campaign, task.result or {}
    tallies = task.by_state
    accepted = tallies.get(ACCEPTED, NO_BATCHES)
    estimate = result.get("estimate") or (told.estimate if told else None) or {}
    done = bool(result) and not result.get("dry_run")
    counts = task.failure.counts if task.failure else {}

    def known(name: str, otherwise: int) -> int:
        return whole(result[name]) if name in result else otherwise

    return Sums(
        known=bool(result or task.logged or task.batches) or task.state in NOT_BEGUN,
        counted=bool(told or result or counts),
        planned=planned_of(task),
        accepted=known("recipients", accepted.people) if done or not result else 0,
        rejected=known("rejected", sum(each.rejected for each in tallies.values())),
        invalid=known("invalid", told.invalid if told else counts.get("invalid", 0)),
        duplicates=known("duplicates", told.duplicates if told else counts.get("duplicates", 0)),
        excluded=known("excluded", told.excluded if told else counts.get("excluded", 0)),
        segments=known("segments", accepted.segments) if done or not result else 0,
        cost=(amount(result.get("cost")) or Decimal(0)) if done else accepted.cost,
        currency=result.get("currency") or next((b.currency for b in accepted.batches if b.currency), None),
        estimate=amount(estimate.get("cost")),
        estimated_segments=whole(estimate["segments"]) if "segments" in estimate else None,
        batches=known("batches", len(task.batches)) if not task.batches else len(task.batches),
        accepted_batches=known("batches", len(accepted.batches)),
        open_people=sum(each.people for state, each in tallies.items() if state in UNDECIDED),
    )


def planned_of(task: TaskFact) -> int | None:
    """Return whom a send was to text, those apart whom other runs and tasks have texted."""
    if (told := task.campaign) is not None:
        return told.recipients if told.to_text is None else told.to_text
    if task.result is not None:
        return whole(task.result.get("recipients"))
    return task.failure.counts.get("recipients") if task.failure else None


def add_up(all_sums: Sequence[Sums]) -> Sums:
    """Add shards up; a plan of which a part is unknown is unknown."""
    if len(all_sums) == 1:
        return all_sums[0]
    planned = [sums.planned for sums in all_sums]
    estimates = [sums.estimate for sums in all_sums]
    segments = [sums.estimated_segments for sums in all_sums]

    def total(name: str) -> Any:
        return sum(getattr(sums, name) for sums in all_sums)

    return Sums(
        known=all(sums.known for sums in all_sums),
        counted=all(sums.counted for sums in all_sums),
        planned=sum(n for n in planned if n is not None) if any(n is not None for n in planned) else None,
        accepted=total("accepted"),
        rejected=total("rejected"),
        invalid=total("invalid"),
        duplicates=total("duplicates"),
        excluded=total("excluded"),
        segments=total("segments"),
        cost=sum((sums.cost for sums in all_sums), Decimal(0)),
        currency=next((sums.currency for sums in all_sums if sums.currency), None),
        estimate=sum((n for n in estimates if n is not None), Decimal(0)) if any(estimates) else estimates[0],
        estimated_segments=sum(n or 0 for n in segments) if any(segments) else segments[0],
        batches=total("batches"),
        accepted_batches=total("accepted_batches"),
        open_people=total("open_people"),
    )


def whole(value: Any) -> int:
    """Read a count of a result that somebody's own class may have returned."""
    return value if isinstance(value, int) else 0


def amount(value: Any) -> Decimal | None:
    """Read an amount."""
    text = str(value)
    return Decimal(text) if text.replace(".", "", 1).isdecimal() else None
