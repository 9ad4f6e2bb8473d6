"""The ledger's tables: a row for each batch, a narrow one for each person in it, and a view that joins both.

What belongs to a batch stands once: to claim it anew, to take it over and to note an answer is one row each.
A person is what their batch is, unless something happened to them alone. Names are joined by numbers that are
made out of them, so that no statement has to ask for one first.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    and_,
    case,
    event,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from airflow_provider_smspartner.journal.columns import (
    LETTERS,
    LONGEST_CURRENCY,
    LONGEST_ID,
    Exact,
    Moment,
    Money,
    Status,
)
from airflow_provider_smspartner.rules.people import LONGEST_EVENT

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Dialect

LONGEST_CONNECTION: Final = 100
"""Characters of a connection's id."""
LONGEST_NAME: Final = 200
"""Characters of a campaign's name, and of an event: the key must fit into what databases index."""
FILLED: Final = 47
"""Per cent of a page that PostgreSQL fills with people: it writes a status beside its row, and not into every
index, where the page has room for it."""

OF_LEDGER: Final = MetaData()

CAMPAIGNS: Final = Table(
    "smspartner_campaigns",
    OF_LEDGER,
    Column("connection", Exact(LONGEST_CONNECTION), primary_key=True),
    Column("sandbox", Boolean, primary_key=True),
    Column("campaign", Exact(LONGEST_NAME), primary_key=True),
    Column("id", BigInteger, nullable=False, unique=True),
    Column("erased", Boolean, nullable=False),
    mysql_engine="InnoDB",  # others know no transactions
)
"""One row for each campaign; ``erased``: whether some of its people may stand under tombstones."""

BATCHES: Final = Table(
    "smspartner_batches",
    OF_LEDGER,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("campaign", BigInteger, nullable=False),
    Column("task", Exact(32), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("tag", Exact(20), nullable=False),
    Column("owner", Exact(64), nullable=False),
    Column("state", Exact(16), nullable=False),
    Column("invisible", Boolean, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("people", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("message_id", Exact(LONGEST_ID)),
    Column("segments", Integer),
    Column("cost", Money),
    Column("currency", Exact(LONGEST_CURRENCY)),
    Column("each_segments", Integer),
    Column("each_cost", Money),
    Column("first_segments", Integer),
    Column("first_cost", Money),
    Column("accepted_at", Moment),
    Column("scheduled_for", Moment),
    Column("unseen_until", Moment),
    Index("smspartner_batches_task", "task", "ordinal", unique=True),
    Index("smspartner_batches_tag", "tag"),
    Index("smspartner_batches_message", "message_id"),
    Index("smspartner_batches_campaign", "campaign", "claimed_at"),
    mysql_engine="InnoDB",
)
"""One row for each batch: whose it is, what became of it, and its bill.

``people`` are those who share its state; what one of them pays is in ``each_…``, and ``first_…`` is what the
one pays who has what does not divide.
"""

PEOPLE: Final = Table(
    "smspartner_people",
    OF_LEDGER,
    Column("campaign", BigInteger, nullable=False, autoincrement=False),
    Column("batch", BigInteger, nullable=False),
    Column("reported_at", Moment),
    Column("number", Exact(64), nullable=False),
    Column("event", Exact(LONGEST_EVENT), nullable=False),
    Column("state", Exact(16)),
    Column("status", Status(16)),
    Column("marks", Exact(1)),
    PrimaryKeyConstraint("number", "event", "campaign"),  # the number first: what a person got is one look
    Index("smspartner_people_batch", "batch"),
    mysql_engine="InnoDB",
    sqlite_with_rowid=False,
)
"""One row for each person of a campaign, or of an event of it.

``state`` is null for those to whom nothing happened but what happened to their batch, and ``marks`` for
those who have none. Eight columns, because PostgreSQL spends eight bytes more on each row that has nine.
"""


TASKS: Final = Table(
    "smspartner_tasks",
    OF_LEDGER,
    Column("instance", Exact(32), primary_key=True),
    Column("owner", Exact(64), nullable=False),
    Column("connection", Exact(LONGEST_CONNECTION), nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("world", Text),
    Column("seen_at", Moment, nullable=False),
    mysql_engine="InnoDB",
)
"""One row for each task instance: under which circumstances it sends, and which of its tries may go on."""

IDENTITY: Final = Table(
    "smspartner_ledger",
    OF_LEDGER,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("id", Exact(36), nullable=False),
    Column("created_at", Moment, nullable=False),
    mysql_engine="InnoDB",
)
"""One row: which ledger this is, so that an empty one in its place is noticed."""

SENDS: Final = Table(
    "smspartner_sends",
    MetaData(),
    Column("connection", Exact(LONGEST_CONNECTION)),
    Column("sandbox", Boolean),
    Column("campaign", Exact(LONGEST_NAME)),
    Column("number", Exact(64)),
    Column("event", Exact(LONGEST_EVENT)),
    Column("task", Exact(32)),
    Column("ordinal", Integer),
    Column("tag", Exact(20)),
    Column("owner", Exact(64)),
    Column("state", Exact(16)),
    Column("invisible", Boolean),
    Column("claimed_at", Moment),
    Column("lease_until", Moment),
    Column("message_id", Exact(LONGEST_ID)),
    Column("segments", Integer),
    Column("cost", Money),
    Column("currency", Exact(LONGEST_CURRENCY)),
    Column("accepted_at", Moment),
    Column("scheduled_for", Moment),
    Column("status", Exact(16)),
    Column("stop", Boolean),
    Column("reported_at", Moment),
)
"""The view for people who ask: a row for each person; ``docs/ledger.md`` says what each column means."""

STOPPED, PAYS_REST, BOTH = "s", "r", "b"
"""What ``marks`` says of a person: they have answered STOP, pay what does not divide of a bill, or both."""
OF_STOP: Final = (STOPPED, BOTH)
# One by one, because a list of values cannot be part of a statement for many rows
HAS_STOPPED: Final = or_(PEOPLE.c.marks == STOPPED, PEOPLE.c.marks == BOTH)
PAYS_THE_REST: Final = or_(PEOPLE.c.marks == PAYS_REST, PEOPLE.c.marks == BOTH)

STATE: Final[ColumnElement[str]] = func.coalesce(PEOPLE.c.state, BATCHES.c.state)
"""What a person is."""
IS_AS_BATCH: Final = PEOPLE.c.state.is_(None)
"""Whether a person is what their batch is."""
OF_BATCH: Final = PEOPLE.join(BATCHES, PEOPLE.c.batch == BATCHES.c.id)
OF_CAMPAIGN: Final = OF_BATCH.join(CAMPAIGNS, PEOPLE.c.campaign == CAMPAIGNS.c.id)


@event.listens_for(PEOPLE, "after_create")
def leave_room(table: Table, connection: Connection, **_: Any) -> None:
    """Have PostgreSQL leave room for statuses."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {table.name} SET (fillfactor = {FILLED})")


def create_view(connection: Connection) -> None:
    """Create the view."""
    connection.exec_driver_sql(f"CREATE VIEW {SENDS.name} AS {joined(connection.dialect)}")


def joined(dialect: Dialect) -> str:
    """Return the query of the view, in the words of a database."""
    people, batches = PEOPLE.c, BATCHES.c
    made: dict[str, ColumnElement[Any]] = {
        "state": STATE,
        "stop": case((HAS_STOPPED, true()), (PEOPLE.c.status.is_not(None), false())),
        "status": case(*((people.status == status, literal(status, Exact(16))) for status in LETTERS)),
        "segments": share(batches.each_segments, batches.first_segments),
        "cost": share(batches.each_cost, batches.first_cost),
    }
    # Who was refused has none of it: they are in the batch, and not in the message
    of_message = ("message_id", "currency", "accepted_at", "scheduled_for")
    made |= {name: case((IS_AS_BATCH, batches[name])) for name in of_message}
    plain = {**batches, **people, **CAMPAIGNS.c}
    shown = plain | made
    columns = [shown[name].label(name) for name in SENDS.c.keys()]  # noqa: SIM118  # no dict
    query = select(*columns).select_from(OF_CAMPAIGN)
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def share(each: ColumnElement[Any], first: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a person's share of the bill of their batch."""
    return case((and_(IS_AS_BATCH, PAYS_THE_REST), first), (IS_AS_BATCH, each))


def campaign_id(connection: str, sandbox: bool, campaign: str) -> int:
    """Return the number of a campaign."""
    return number_of(connection, sandbox, campaign)


def batch_id(task: str, ordinal: int) -> int:
    """Return the number of a task's batch."""
    return number_of(task, ordinal)


def number_of(*name: object) -> int:
    """Return the same 63 bits for the same name, which no other name has as far as anybody will see."""
    return int.from_bytes(hashlib.sha256(json.dumps(name).encode()).digest()[:8], "big") >> 1
