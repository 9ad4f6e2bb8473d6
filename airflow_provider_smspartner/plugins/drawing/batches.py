"""What the page says about the batches of a send: by state, over time, and those to be told of. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import plots
from airflow_provider_smspartner.plugins.drawing.advice import MEANINGS, Advice, advice, name_of
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.states import AT_WORK, TRIES_AGAIN
from airflow_provider_smspartner.plugins.drawing.sums import ACCEPTED, Sums
from airflow_provider_smspartner.plugins.facts import UNREADABLE, BatchFact, TaskFact
from airflow_provider_smspartner.rules.sending_states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Batches in one state that need attention, or that somebody may wonder about."""

    state: str
    advice: Advice
    batches: Sequence[BatchFact]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All batches in one state."""

    state: str
    name: str
    meaning: str
    batches: int
    people: int
    first: datetime | None
    last: datetime | None


def groups_of(tasks: Sequence[TaskFact]) -> list[Group]:
    """Sum batches up by state, in the order of their life."""
    order = [*(state.value for state in BatchState), UNREADABLE]
    groups = []
    for state in order:
        tallies = [task.by_state[state] for task in tasks if state in task.by_state]
        some = [batch for tally in tallies for batch in tally.batches]
        times = [moment for batch in some if (moment := batch.changed_at or batch.claimed_at)]
        if some:
            groups.append(
                Group(
                    state=state,
                    name=name_of(state),
                    meaning=say(MEANINGS[state]),
                    batches=len(some),
                    people=sum(tally.people for tally in tallies),
                    first=min(times, default=None),
                    last=max(times, default=None),
                )
            )
    return groups


def troubles_of(tasks: Sequence[TaskFact]) -> list[Trouble]:
    """Return the batches to be told of, with what to do, the same advice once."""
    found: dict[tuple[str, Advice], list[BatchFact]] = {}
    for task in tasks:
        at_work, tries_again = task.state in AT_WORK, task.state in TRIES_AGAIN
        for state, tally in task.by_state.items():
            said = advice(state, at_work=at_work, tries_again=tries_again)
            if said is not None:
                found.setdefault((state, said), []).extend(tally.batches)
    return [
        Trouble(state=state, advice=said, batches=some, people=sum(batch.people or 0 for batch in some))
        for (state, said), some in found.items()
    ]


def progress(sums: Sums, *, at_work: bool) -> Markup | None:
    """Draw how much of the audience SMS Partner has; what is open while a task is at work is no trouble."""
    if not sums.planned or not sums.known:
        return None
    left = max(0, sums.planned - sums.accepted - sums.rejected - sums.open_people)
    parts = [
        plots.Part(label=say("Accepted"), count=sums.accepted, kind="good"),
        plots.Part(label=say("On the way"), count=sums.open_people, kind="live")
        if at_work
        else plots.Part(label=say("Open"), count=sums.open_people, kind="warn"),
        plots.Part(label=say("Rejected"), count=sums.rejected, kind="bad"),
        plots.Part(label=say("Not sent"), count=left, kind="rest"),
    ]
    return plots.bar(parts, title=say("How much of the audience SMS Partner has accepted"))


def over_time(batches: Sequence[BatchFact], sums: Sums) -> Markup | None:
    """Draw how many people SMS Partner has accepted by when."""
    done = sorted((b.changed_at, b.people or 0) for b in batches if b.state == ACCEPTED and b.changed_at)
    if len(done) < 2:
        return None
    begin = min([done[0][0], *(batch.claimed_at for batch in batches if batch.claimed_at)])
    seconds = [(moment - begin).total_seconds() for moment, _ in done]
    points = list(zip(seconds, accumulate(people for _, people in done), strict=True))
    total = sums.planned or sums.accepted
    title = say("People accepted over time")
    return plots.curve(plots.thinned(points), total=total, title=title, kind="good")
