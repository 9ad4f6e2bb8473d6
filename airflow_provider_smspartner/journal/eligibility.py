"""Who may be texted: what a person's row means for a task that would text them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.batch import CLOCK_MARGIN
from airflow_provider_smspartner.journal.columns import is_storable
from airflow_provider_smspartner.journal.schema import (
    LONGEST_CONNECTION,
    LONGEST_NAME,
    batch_id,
    campaign_id,
)
from airflow_provider_smspartner.journal.table import Key, moment
from airflow_provider_smspartner.rules.frequency import Frequency
from airflow_provider_smspartner.rules.people import LONGEST_EVENT, Person
from airflow_provider_smspartner.rules.sending_states import FREE, OPEN, is_settled


class Seen(NamedTuple):
    """What decides about people: what they are, and what their batch is; one value for all who are alike."""

    batch: int
    state: str
    """What the people are."""
    is_erased: bool
    """Whether tombstones stand in their place."""
    batch_state: str
    task: str
    ordinal: int
    tag: str
    owner: str
    lease_until: datetime
    invisible: bool
    unseen_until: datetime | None


Rows = dict[Key, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who sends what, in the words of the table."""

    connection: str
    """The Airflow connection of the platform."""
    sandbox: bool
    campaign: str
    """What a person gets once; up to 200 characters."""
    task: str
    """Digest of the task instance, the same in all of its tries; up to 32 characters."""
    instance: str = ""
    """Digest of the task instance whatever connection it names; "" when ``task`` is that already."""
    owner: str
    """The try, as ``owner_of`` names it."""
    secret: str = field(repr=False)
    """Recognises erased people."""
    longest_request: float
    """Seconds after which a request is over, whatever became of it."""
    verify_timeout: float
    """Seconds more after which a look by tag tells the truth."""
    on_unknown: str = "verify"
    invisible: bool = False
    """Scheduled, sandbox or held: nothing says when such a send can be seen by its tag."""
    redirect_to: str | None = field(default=None, repr=False)
    by_event: bool = False
    """Whether people get a text for each event."""
    at_most: Frequency | None = None
    """How often the connection may text a person; None: as often as campaigns are sent."""

    def __post_init__(self) -> None:
        if not self.campaign.strip() or len(self.campaign) > LONGEST_NAME:
            raise InvalidMessage(
                f"campaign: {len(self.campaign)} characters; give it a name of 1 to {LONGEST_NAME}"
            )
        if not is_storable(self.campaign):
            raise InvalidMessage(
                "campaign: its name holds a NUL or half a surrogate pair, which no database stores; "
                "give it another name"
            )
        if len(self.connection) > LONGEST_CONNECTION:
            raise InvalidMessage(
                f"smspartner_conn_id: {len(self.connection)} characters; a ledger keeps {LONGEST_CONNECTION}"
            )

    @property
    def known_as(self) -> str:
        """What names the task instance, whatever connection it sends under."""
        return self.instance or self.task

    def lease_until(self, now: float) -> datetime:
        """Return until when a claim of this moment holds without being renewed."""
        # With a margin: whoever judges the lease reads another clock than who wrote it
        return moment(now + self.longest_request + self.verify_timeout + CLOCK_MARGIN)

    def is_older_than(self, owner: str) -> bool:
        """Tell whether a row's owner is a later try than this one.

        Both must say so: the numbers of a deleted run that is made again begin anew, and the clocks by which
        the ids are made differ.
        """
        (number, made), (its_number, its_made) = try_of(self.owner), try_of(owner)
        return its_number > number and its_made > made

    @property
    def campaign_id(self) -> int:
        """The number of the campaign."""
        return campaign_id(self.connection, self.sandbox, self.campaign)

    def batch_id(self, ordinal: int) -> int:
        """Return the number of a batch of the task."""
        return batch_id(self.task, ordinal)


def owner_of(try_number: int, id_: object) -> str:
    """Name a try by its number and its id, in which Airflow begins with the time (UUID 7)."""
    return f"{try_number}:{id_}"


def try_of(owner: str) -> tuple[int, str]:
    """Return number and id of a try out of its name."""
    number, _, id_ = owner.partition(":")
    return (int(number), id_) if number.isdecimal() else (0, owner)


def digest(task: Sequence[object]) -> str:
    """Return a short name of a task instance, out of what names it in full."""
    return hashlib.sha256(json.dumps([*task], default=str).encode()).hexdigest()[:32]


class Standing(Enum):
    """What a person is for a task that would text them."""

    FREE = auto()
    """Nobody has texted them, or is about to."""
    OURS = auto()
    """This try is about to text them, or this task has settled them."""
    HELD = auto()
    """Somebody else is about to text them."""
    LAPSED = auto()
    """Somebody else was about to, and has not been heard of for longer than the lease."""
    DONE = auto()
    """Texted, refused for good, or erased."""


def standing(row: Seen | None, claimant: Claimant, now: float) -> Standing:
    """Judge a person by their row."""
    if row is None:
        return Standing.FREE
    # First: who was erased is left out, whatever has become of their last batch
    if row.is_erased:
        return Standing.DONE
    # Before what is free: this task's memory has judged its own people, and counts them itself
    if row.task == claimant.task and (row.owner == claimant.owner or row.state not in OPEN):
        return Standing.OURS
    if row.state in FREE:
        return Standing.FREE
    if is_settled(row.state):
        return Standing.DONE
    return Standing.HELD if row.lease_until >= moment(now) else Standing.LAPSED


def reason(row: Seen) -> str:
    """Name why nobody is to be texted again of whom this is the row, as a result does (``excluded_by``)."""
    return "erased" if row.is_erased else "campaign"


def check_events(people: Sequence[Person]) -> None:
    """Refuse events that the table cannot keep.

    :raises InvalidMessage: one is too long, or of characters that no database keeps.
    """
    for event in [person.event for person in people if person.event]:
        if len(event) > LONGEST_EVENT:
            raise InvalidMessage(f"event_column: an event has more than {LONGEST_EVENT} characters")
        if not is_storable(event):
            raise InvalidMessage(
                "event_column: an event holds a NUL or half a surrogate pair, which no database stores"
            )
