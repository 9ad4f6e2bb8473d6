"""What Airflow's states of a task mean to whoever watches a campaign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

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
    **dict.fromkeys(RUNNING, Pill(text="Sending", tone="live")),
    **dict.fromkeys(("deferred", "up_for_reschedule"), Pill(text="Waiting for its hour", tone="live")),
    **dict.fromkeys(TO_COME, Pill(text="Not started", tone="quiet")),
    "awaiting_input": Pill(text="Waiting for a person", tone="live"),
    "success": Pill(text="Sent", tone="good"),
    "failed": Pill(text="Failed", tone="bad"),
    "up_for_retry": Pill(text="Will try again", tone="warn"),
    "upstream_failed": Pill(text="Not started: an earlier task failed", tone="bad"),
    "skipped": Pill(text="Skipped", tone="quiet"),
    "removed": Pill(text="Removed", tone="quiet"),
}
FOLLOWING: Final[dict[str | None, Pill]] = {
    **SENDING,
    **dict.fromkeys(AT_WORK, Pill(text="Following", tone="live")),
    "success": Pill(text="Followed to the end", tone="quiet"),
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
    words = SENDING if sends else FOLLOWING
    return words.get(state, Pill(text=str(state).replace("_", " ").capitalize(), tone="quiet"))
