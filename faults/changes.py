"""What changes between two tries: made by hand, as people do on a day on which things fail.

A change is either carried over, so that the next try goes on, or the next try fails for good and says what to
put back. Which of the two is not asked here: a person puts back what an error tells, and the count decides.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import delete, select, update

from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE, TASKS
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.campaign import TASK, Campaign, with_ledger, with_ledger_alone, with_task_state

Undo = Callable[[], object]
RICH = Decimal(10**6)
FIRST, SECOND = "smspartner_default", "second_account"
FREE = frozenset({"absent", "cancelled"})
BY_STORE = frozenset({"task state", "ledger"})
BY_ALL_LOGS = BY_STORE | {"ledger alone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a person does between two tries."""

    name: str
    """As the report calls it."""
    logs: frozenset[str]
    """What must remember a campaign for this to be noticed, by the names of the report."""
    make: Callable[[Campaign, random.Random], Undo | None]
    """Makes it, and returns what puts it back; None when it stays, whatever happens."""
    says: str = ""
    """What an error for good must name so that a person puts this back, as a pattern."""
    is_possible: Callable[[Campaign], bool] = lambda campaign: True
    loses: bool = False
    """Whether what is remembered is lost, so that only whole lists of the platform can tell."""
    quietly: bool = False
    """Whether nobody can know of a try before: everything it sent must have been seen by tag by now."""


def setting(**values: Any) -> Callable[[Campaign, random.Random], Undo]:
    """Return what gives a campaign other attributes."""

    def make(campaign: Campaign, dice: random.Random) -> Undo:
        before = {name: getattr(campaign, name) for name in values}
        assign(campaign, values)
        return partial(assign, campaign, before)

    return make


def assign(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """Set attributes."""
    for name, value in values.items():
        setattr(campaign, name, value)
    named = (campaign.connection, campaign.sandbox)
    campaign.name = TASK if named == (FIRST, False) else (*named, *TASK)


# ---- the account ----------------------------------------------------------------------------------


def roll_key(campaign: Campaign, dice: random.Random) -> Undo:
    """Let the platform give the account a new key; the former one can be entered again."""
    before, campaign.secret = campaign.secret, f"key {dice.randrange(10**6)}"
    return partial(setattr, campaign, "secret", before)


def change_account(campaign: Campaign, dice: random.Random) -> Undo:
    """Enter the key of another account, whose name may be the same or another one."""
    before = {name: getattr(campaign, name) for name in ("secret", "account")}
    ours = campaign.line.stage
    campaign.line.stage = stage = Stage(Settings(balance=RICH), clock=campaign.clock.utc)
    campaign.others.append(stage)
    # A key is one account's; names may be the same
    campaign.secret = f"key of backup account {len(campaign.others)}"
    campaign.account = dice.choice([None, "backup@example.org"])

    def put_back() -> None:
        campaign.line.stage = ours
        assign(campaign, before)

    return put_back


# ---- what remembers -------------------------------------------------------------------------------


def empty_store(campaign: Campaign, dice: random.Random) -> None:
    """Clear the task state store."""
    campaign.store.clear()


def delete_run(campaign: Campaign, dice: random.Random | None = None) -> None:
    """Delete the run and make it again, under the same name: its tries count from one."""
    campaign.store.clear()
    campaign.tries = 0


def edit_store(campaign: Campaign, dice: random.Random, *, sealed: bool) -> Undo | None:
    """Set a batch to absent by hand, whatever became of it, and keep its seal or not."""
    before = campaign.store.texts()
    key = dice.choice([key for key, text in before.items() if is_outcome(key, text)])
    value = json.loads(before[key]) | {"state": "absent"}
    if not sealed:
        value.pop("seal", None)
    campaign.store.put(key, json.dumps(value))
    return partial(campaign.store.put, key, before[key]) if sealed else None


def is_outcome(key: str, text: str) -> bool:
    """Tell whether a value says of a batch that it left, or may have."""
    return key.startswith("batch:") and json.loads(text)["state"] not in FREE


def empty_ledger(campaign: Campaign, dice: random.Random | None = None) -> None:
    """Delete whom the ledger remembers."""
    with campaign.ledger.engine.begin() as connection:
        connection.execute(delete(PEOPLE))


def restore_ledger(campaign: Campaign, dice: random.Random | None = None, *, before: int = 2) -> None:
    """Put an older copy of the ledger in its place, which knows of some ordinals only."""
    later = BATCHES.c.ordinal >= before
    of_later = PEOPLE.c.batch.in_(select(BATCHES.c.id).where(later))
    with campaign.ledger.engine.begin() as connection:
        connection.execute(delete(PEOPLE).where(of_later))
        connection.execute(delete(BATCHES).where(later))
        connection.execute(update(TASKS).where(TASKS.c.batches > before).values(batches=before))


def replace_ledger(campaign: Campaign, dice: random.Random) -> Undo:
    """Name a ledger that is empty and new."""
    before = campaign.ledger
    del campaign.ledger
    return partial(setattr, campaign, "ledger", before)


# ---- which of them a campaign can bear ------------------------------------------------------------


def knows(campaign: Campaign) -> bool:
    """Tell whether a log holds batches of this task, and under which circumstances they left."""
    if campaign.open_log is with_ledger_alone:
        return is_in_ledger(campaign)
    header = campaign.store.values().get("campaign", {})
    has_claims = any(key.startswith("claims:") for key in campaign.store.texts())
    return "check" in header and (has_claims or header.get("in_ledger", 0) > 0)


def is_in_ledger(campaign: Campaign) -> bool:
    """Tell whether the ledger holds anybody."""
    with campaign.ledger.engine.connect() as connection:
        return connection.execute(PEOPLE.select().limit(1)).first() is not None


def counts_ordinals(campaign: Campaign) -> bool:
    """Tell whether the ledger knows that ordinals of this task were used up, in a store before it, too."""
    with campaign.ledger.engine.connect() as connection:
        return connection.execute(TASKS.select().where(TASKS.c.batches > 0)).first() is not None


def uses_ledger(campaign: Campaign) -> bool:
    """Tell whether it is the ledger, with the store as its fence, that remembers people."""
    return campaign.open_log is with_ledger and knows(campaign) and is_in_ledger(campaign)


def can_be_edited(campaign: Campaign) -> bool:
    """Tell whether the store holds the outcome of a batch."""
    return any(is_outcome(key, text) for key, text in campaign.store.texts().items())


def has_own_tag(campaign: Campaign) -> bool:
    """Tell whether tags are what they were on the first try, so that a walk can find them."""
    return campaign.user_tag is None


def another_tag(campaign: Campaign, dice: random.Random) -> Undo:
    """Give the campaign another tag."""
    before = campaign.user_tag
    campaign.user_tag = dice.choice([tag for tag in ("spring", "autumn", None) if tag != before])
    return partial(setattr, campaign, "user_tag", before)


CHANGES = (
    Change(
        name="another connection",
        logs=BY_ALL_LOGS,
        make=setting(connection=SECOND),
        says="smspartner_conn_id|The connection,",
        is_possible=knows,
    ),
    Change(
        name="sandbox switched on",
        logs=BY_ALL_LOGS,
        make=setting(sandbox=True),
        says="sandbox",
        is_possible=knows,
    ),
    Change(
        name="key of another account",
        logs=BY_ALL_LOGS,
        make=change_account,
        says="API key|former (one|key)",
        is_possible=knows,
    ),
    Change(
        name="key rolled",
        logs=BY_ALL_LOGS,
        make=roll_key,
        says="former (one|key)",
        is_possible=knows,
    ),
    Change(
        name="another tag", logs=BY_ALL_LOGS, make=another_tag, says=r"\btag: |or the tag", is_possible=knows
    ),
    Change(
        name="time to send at taken away",
        logs=BY_ALL_LOGS,
        make=lambda campaign, dice: assign(campaign, {"send_at": None}),
        is_possible=lambda campaign: campaign.send_at is not None and knows(campaign),
    ),
    Change(
        name="store emptied",
        logs=BY_STORE,
        make=empty_store,
        is_possible=has_own_tag,
        loses=True,
    ),
    Change(
        name="run deleted and made again",
        logs=BY_ALL_LOGS | {"neither"},
        make=delete_run,
        is_possible=has_own_tag,
        loses=True,
        quietly=True,
    ),
    Change(
        name="store edited",
        logs=frozenset({"task state"}),
        make=partial(edit_store, sealed=True),
        says="somebody has edited",
        is_possible=can_be_edited,
    ),
    Change(
        name="store edited without its seal",
        logs=frozenset({"task state"}),
        make=partial(edit_store, sealed=False),
        is_possible=can_be_edited,
    ),
    Change(
        name="ledger added",
        logs=frozenset({"task state"}),
        make=lambda campaign, dice: assign(campaign, {"open_log": with_ledger}),
        is_possible=lambda campaign: campaign.open_log is with_task_state,
    ),
    Change(
        name="ledger taken away",
        logs=BY_STORE,
        make=setting(open_log=with_task_state),
        says="ledger_conn_id",
        is_possible=uses_ledger,
    ),
    Change(
        name="ledger replaced by an empty one",
        logs=BY_STORE,
        make=replace_ledger,
        says="ledger_conn_id",
        is_possible=uses_ledger,
    ),
    Change(
        name="ledger restored from an older copy",
        logs=BY_STORE,
        make=restore_ledger,
        is_possible=uses_ledger,
        loses=True,
    ),
    Change(name="ledger emptied", logs=BY_ALL_LOGS, make=empty_ledger, is_possible=is_in_ledger, loses=True),
)
