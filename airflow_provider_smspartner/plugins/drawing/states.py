"""What Airflow's states of a task mean to whoever watches a campaign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing.language import mark, say

RUNNING: Final = ("running", "restarting")
AT_WORK: Final = (*RUNNING, "deferred", "up_for_reschedule", "awaiting_input")
"""States in which a process, a trigger or the scheduler is in the middle of the task."""
TO_COME: Final = ("queued", "scheduled", None)
NOT_BEGUN: Final = (*TO_COME, "upstream_failed", "skipped", "removed")
TRIES_AGAIN: Final = ("up_for_retry", *TO_COME)
UNFINISHED: Final = frozenset({*AT_WORK, *TRIES_AGAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pill:
    """A state in a word or two."""

    text: str
    tone: str
    """``live``, ``good``, ``bad``, ``warn`` or ``quiet``: the style sheet has a colour for each."""


SENDING: Final[dict[str | None, Pill]] = {
    **dict.fromkeys(RUNNING, Pill(text=mark("Sending"), tone="live")),
    **dict.fromkeys(("deferred", "up_for_reschedule"), Pill(text=mark("Waiting for its hour"), tone="live")),
    **dict.fromkeys(TO_COME, Pill(text=mark("Not started"), tone="quiet")),
    "awaiting_input": Pill(text=mark("Waiting for a person"), tone="live"),
    "success": Pill(text=mark("Sent"), tone="good"),
    "failed": Pill(text=mark("Failed"), tone="bad"),
    "up_for_retry": Pill(text=mark("Will try again"), tone="warn"),
    "upstream_failed": Pill(text=mark("Not started: an earlier task failed"), tone="bad"),
    "skipped": Pill(text=mark("Skipped"), tone="quiet"),
    "removed": Pill(text=mark("Removed"), tone="quiet"),
}
FOLLOWING: Final[dict[str | None, Pill]] = {
    **SENDING,
    **dict.fromkeys(AT_WORK, Pill(text=mark("Following"), tone="live")),
    "success": Pill(text=mark("Followed to the end"), tone="quiet"),
}
WORST_FIRST: Final = (
    *("failed", "upstream_failed", "up_for_retry"),
    *AT_WORK,
    *("queued", "scheduled", None, "removed", "skipped", "success"),
)


def over_all(states: Iterable[str | None]) -> str | None:
    """Return the state that stands for those of many shards: what needs a person goes first."""
    found = set(states)
    return next((state for state in WORST_FIRST if state in found), next(iter(found), None))


def pill(state: str | None, *, sends: bool) -> Pill:
    """Return the words for a state; an Airflow of tomorrow may have more of them."""
    known = (SENDING if sends else FOLLOWING).get(state)
    if known is None:
        return Pill(text=str(state).replace("_", " ").capitalize(), tone="quiet")
    return Pill(text=say(known.text), tone=known.tone)
