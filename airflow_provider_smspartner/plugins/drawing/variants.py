"""What the page says about several sends of one campaign: its variants, or a canary and the rest. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.sends import SendStory
from airflow_provider_smspartner.plugins.facts import TaskFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One send of a campaign, and what has become of its texts."""

    task_id: str
    accepted: int | None
    """None when nothing tells."""
    counts: Mapping[str, Any] | None
    """Those of the task that follows this send alone; None when there is none, or no news yet."""

    def share(self, name: str) -> str:
        """Write one of the counts with its share of the people who are followed."""
        if self.counts is None:
            return "–"
        count, people = self.counts[name], self.counts["recipients"]
        return words.number(count) + (f" ({words.percent(min(count / people, 1))})" if people else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The sends of a campaign, side by side."""

    campaign: str
    variants: Sequence[Variant]


def comparisons(sends: Sequence[SendStory], tasks: Sequence[TaskFact]) -> list[Comparison]:
    """Put sends side by side that share a campaign of a ledger."""
    ids = {send.task_id for send in sends}
    follower = {
        followed[0]: task
        for task in tasks
        if not task.sends and task.delivery and len(followed := _followed(task, ids)) == 1
    }
    by_campaign: dict[tuple[str, str], list[Variant]] = {}
    for send in sends:
        told = next((task.campaign for task in send.tasks if task.campaign), None)
        if told and told.campaign and told.ledger:
            variant = _variant(send, follower.get(send.task_id))
            by_campaign.setdefault((told.ledger, told.campaign), []).append(variant)
    return [
        Comparison(campaign=name, variants=variants)
        for (_, name), variants in by_campaign.items()
        if len(variants) > 1
    ]


def _followed(task: TaskFact, sends: set[str]) -> list[str]:
    return [before for before in task.delivery.follows if before in sends] if task.delivery else []


def _variant(send: SendStory, follower: TaskFact | None) -> Variant:
    return Variant(
        task_id=send.task_id,
        accepted=send.sums.accepted if send.sums.known else None,
        counts=follower.delivery.result if follower and follower.delivery else None,
    )
