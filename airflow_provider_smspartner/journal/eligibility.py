"""Who may be texted: what a person's row means for a task that would text them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal.batch import CLOCK_MARGIN
from airflow_provider_smspartner.journal.columns import is_storable
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    LONGEST_CONNECTION,
    LONGEST_NAME,
    PEOPLE,
    batch_id,
    campaign_id,
)
from airflow_provider_smspartner.journal.sets import find, find_ids
from airflow_provider_smspartner.journal.table import Key, moment, tombstone, who
from airflow_provider_smspartner.rules.frequency import Frequency
from airflow_provider_smspartner.rules.people import ERASED, Person
from airflow_provider_smspartner.rules.sending_states import FREE, OPEN, is_settled

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class Seen(NamedTuple):
    """What decides about a person: their own row, with that of their batch."""

    number: str
    event: str
    batch: int
    state: str
    """What the person is."""
    batch_state: str
    task: str
    ordinal: int
    tag: str
    owner: str
    lease_until: datetime
    invisible: bool
    unseen_until: datetime | None

    def __repr__(self) -> str:
        """Name nobody: what prints a value writes into logs and to error trackers."""
        return f"Seen(batch={self.ordinal}, state={self.state!r})"


Rows = dict[Key, Seen]

OF_PERSON: Final = ("number", "event", "batch", "state")
OF_BATCH: Final = ("state", "task", "ordinal", "tag", "owner", "lease_until", "invisible", "unseen_until")


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
    if row.number.startswith(ERASED):
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
    return "erased" if row.number.startswith(ERASED) else "campaign"


def check_events(people: Sequence[Person]) -> None:
    """Refuse events that the table cannot keep.

    :raises InvalidMessage: one is too long, or of characters that no database keeps.
    """
    for event in (person.event for person in people if person.event):
        if len(event) > LONGEST_NAME:
            raise InvalidMessage(f"event_column: an event has more than {LONGEST_NAME} characters")
        if not is_storable(event):
            raise InvalidMessage(
                "event_column: an event holds a NUL or half a surrogate pair, which no database stores"
            )


def rows_of(connection: Connection, people: Sequence[Person], claimant: Claimant) -> Rows:
    """Return the rows of people in the campaign, be they under a number or a tombstone.

    :raises SMSPartnerError: some have no batch: the rows of batches were deleted without those of people.
    """
    names = {who(person): who(person) for person in people}
    if has_tombstones(connection, claimant):
        names = {(tombstone(key, claimant.secret), ""): key for key in names} | names
    of_person = [PEOPLE.c[name] for name in OF_PERSON]
    query = select(*of_person).where(PEOPLE.c.campaign == claimant.campaign_id)
    matching = [row for row in find(connection, query, list(names)) if (row.number, row.event) in names]
    # Tombstones last, where they win: who was erased stays left out if the number has come back since
    ranked = sorted(matching, key=lambda row: row.number.startswith(ERASED))
    batches = batches_of(connection, {row.batch for row in matching})
    if any(row.batch not in batches for row in matching):
        raise SMSPartnerError(
            f"The ledger has people whose batch was deleted: delete those rows of {PEOPLE.name}, too"
        )
    with_batch = ((row, batches[row.batch]) for row in ranked)
    return {
        names[row.number, row.event]: Seen(row.number, row.event, row.batch, row.state or of[0], *of)
        for row, of in with_batch
    }


def batches_of(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Any, ...]]:
    """Return batches by their number.

    A look of its own: PostgreSQL, before it has counted its rows, might join the batches with all of their
    people, and only then leave out those whom nobody has asked for.
    """
    query = select(BATCHES.c.id, *(BATCHES.c[name] for name in OF_BATCH))
    return {row[0]: tuple(row[1:]) for row in find_ids(connection, query, ids)}


def has_tombstones(connection: Connection, claimant: Claimant) -> bool:
    """Tell whether people of the campaign may stand under tombstones: to make those takes its time.

    Where a transaction claims, ``claims.enter_campaign`` keeps that as it is.
    """
    flag = select(CAMPAIGNS.c.erased).where(CAMPAIGNS.c.id == claimant.campaign_id)
    return bool(connection.scalar(flag))
