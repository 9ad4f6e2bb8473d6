"""Who has been texted by a send, and who has not: people, whatever the state of the task. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_smspartner.plugins.drawing.states import AT_WORK
from airflow_provider_smspartner.plugins.drawing.sums import Sums, planned_of
from airflow_provider_smspartner.plugins.facts import NO_BATCHES, TaskFact
from airflow_provider_smspartner.rules.sending_states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The people of one send, or of several; each is counted once."""

    planned: int | None = None
    """Whom it was to text; None when nothing tells."""
    accepted: int = 0
    """Whose text SMS Partner has."""
    rejected: int = 0
    """Whom SMS Partner refused for good."""
    on_the_way: int = 0
    """Whose batch a task is at work on."""
    in_doubt: int = 0
    """Of whom nobody can tell, and no task is at work on it."""
    cancelled: int = 0
    """Whose text was taken back before its time."""
    unsent: int = 0
    """Who are left."""
    held_back: Mapping[str, int] = field(default_factory=dict)
    """Who were not to be texted, by reason."""
    known: bool = True
    """Whether something tells what SMS Partner has accepted."""


def reach_of(task: TaskFact, sums: Sums) -> Reach:
    """Count the people of a send."""
    result = task.result or {}
    is_open = sums.open_people
    at_work = task.state in AT_WORK
    cancelled = task.by_state.get(BatchState.CANCELLED.value, NO_BATCHES).people
    done = task.state == "success" and task.result is not None and not result.get("dry_run")
    in_doubt = result.get("unknown", 0) if done else 0 if at_work else is_open
    planned = planned_of(task)
    counted = sums.accepted + sums.rejected + cancelled + (in_doubt if done else is_open)
    if done:  # whoever is not among these was left out
        planned = counted
    return Reach(
        planned=planned,
        accepted=sums.accepted,
        rejected=sums.rejected,
        on_the_way=is_open if at_work and not done else 0,
        in_doubt=in_doubt,
        cancelled=cancelled,
        unsent=max(0, (planned or 0) - counted),
        held_back=held_back_of(task),
        known=sums.known,
    )


def held_back_of(task: TaskFact) -> dict[str, int]:
    """Return who were not to be texted, by reason, as far as it was counted."""
    told, result = task.campaign, task.result or {}
    counts = task.failure.counts if task.failure else {}
    found = dict(result.get("excluded_by", {}))
    found |= {name: result[name] for name in ("held_out", "capped") if name in result}
    if not result and told is not None:
        found |= {"held_out": told.held_out, "excluded": told.excluded}
        found["campaign"] = told.recipients - (told.recipients if told.to_text is None else told.to_text)
    elif not found:
        found["excluded"] = result.get("excluded", counts.get("excluded", 0))
    found["invalid"] = result.get("invalid", told.invalid if told else counts.get("invalid", 0))
    return {reason: people for reason, people in found.items() if people > 0}


def add_up(reaches: Sequence[Reach]) -> Reach:
    """Add sends up; a plan of which a part is not known is not known."""
    if len(reaches) == 1:
        return reaches[0]
    planned = [reach.planned for reach in reaches]
    held_back: dict[str, int] = {}
    for reach in reaches:
        for reason, people in reach.held_back.items():
            held_back[reason] = held_back.get(reason, 0) + people
    return Reach(
        planned=None if None in planned else sum(people or 0 for people in planned),
        accepted=sum(reach.accepted for reach in reaches),
        rejected=sum(reach.rejected for reach in reaches),
        on_the_way=sum(reach.on_the_way for reach in reaches),
        in_doubt=sum(reach.in_doubt for reach in reaches),
        cancelled=sum(reach.cancelled for reach in reaches),
        unsent=sum(reach.unsent for reach in reaches),
        held_back=held_back,
        known=all(reach.known for reach in reaches),
    )
