"""What a memory was made under: everything that its meaning depends on, compared before a later try acts.

A hash means a person only under one secret, an absence means something only on one account, and a gap in one
memory is nothing new when another memory fills it. A try that would read a memory under other circumstances
must notice, because it would take people who were sent to for people who were not.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from airflow_provider_smspartner.exceptions import NeedsPerson

UNNAMED: Final = "unnamed"
"""A ledger that has no identity of its own."""
FOR_EVER: Final = "for ever"
"""How a moment is written that nobody knows: JSON has no infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a memory was made under."""

    connection: str = ""
    """The Airflow connection of the platform."""
    sandbox: bool = False
    check: str = ""
    """The check value of the connection's key; see ``Pseudonymizer.check``."""
    account: str | None = None
    """Fingerprint of the account; None when ``/me`` named nobody, or was not asked."""
    tag: str | None = None
    """The campaign's tag, as the user gave it."""
    redirected: bool = False
    """Whether everything went to one number, so that "sent" says nothing about the people."""
    by_event: bool = False
    """Whether a person is known by their event, too."""
    ledger: str | None = None
    """Identity of the ledger in use; None without one."""
    campaign: str | None = None
    """What the ledger remembers people by."""
    unseen_until: float | None = None
    """From when all sends of these tries can be seen by tag; infinity when nobody knows, None: at once."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, without what is as usual."""
        usual = World()
        fields = {name: getattr(self, name) for name in self.__slots__}
        value = {name: field for name, field in fields.items() if field != getattr(usual, name)}
        if "unseen_until" in value:
            value["unseen_until"] = written(self.unseen_until)
        return value


def world_of(fields: Mapping[str, Any]) -> World | None:
    """Read one; None where an earlier version has written nothing about it.

    :raises TypeError, ValueError: somebody has edited it.
    """
    if "connection" not in fields:  # a seal has a check value, too, and names no world
        return None
    known = {name: fields[name] for name in World.__slots__ if name in fields}
    known["unseen_until"] = moment_of(fields.get("unseen_until"))
    return World(**known)


def written(moment: float | None) -> float | str | None:
    """Write a moment that may be infinity."""
    return FOR_EVER if moment == math.inf else moment


def moment_of(value: object) -> float | None:
    """Read a moment that may be infinity.

    :raises ValueError: it is neither.
    """
    if value is None:
        return None
    return math.inf if value == FOR_EVER else float(str(value))


def fingerprint(name: str | None, connection: str) -> str | None:
    """Return what is the same only for the same account, whatever its key; None for one without a name.

    It tells an account from another one, and is no secret: whoever knows the name can compare.
    """
    if not name:
        return None
    return hashlib.sha256(json.dumps(["account", connection, name]).encode()).hexdigest()[:16]


def check_same(before: World, now: World, *, in_ledger: bool, lost: bool = False) -> None:
    """Refuse to go on under circumstances in which the memory would mean something else.

    A tag may change: the memory knows under which tags its batches left. A ledger may be added, because both
    memories are asked.

    :param in_ledger: whether the ledger of the earlier tries remembers any people of this task.
    :param lost: whether the memory has lost its batches, so that only the tags find them.
    :raises NeedsPerson: it says what to put back.
    """
    if before.connection != now.connection:
        raise put_back("smspartner_conn_id", f"{before.connection!r}", f"{now.connection!r}")
    if before.sandbox != now.sandbox:
        raise put_back("sandbox", f"{before.sandbox}", f"{now.sandbox}")
    if before.redirected != now.redirected:
        was, is_now = ("set", "not set") if before.redirected else ("not set", "set")
        raise put_back(f"Redirect to of connection {now.connection!r}", was, is_now)
    if before.by_event != now.by_event:
        was, is_now = ("given", "not given") if before.by_event else ("not given", "given")
        raise put_back("event_column", was, is_now)
    if lost and before.tag != now.tag:
        raise put_back("tag", repr(before.tag), repr(now.tag))
    if in_ledger and now.ledger is None:
        raise put_back("ledger_conn_id", f"one with campaign {before.campaign!r}", "not given")
    is_known = before.ledger not in (None, UNNAMED)
    if in_ledger and is_known and now.ledger != before.ledger:
        raise put_back("ledger_conn_id", f"ledger {before.ledger}", f"ledger {now.ledger}, another table")
    if before.account and now.account and before.account != now.account:
        raise put_back(
            f"API key of connection {now.connection!r}", "that of one account", "that of another account"
        )


def put_back(what: str, was: str, is_now: str) -> NeedsPerson:
    """Make the error that says what to put back."""
    return NeedsPerson(
        f"{what}: on the earlier tries of this task it was {was}, now it is {is_now}, and so nobody can "
        "tell who was texted. Restore the former one and clear the task: it sends the rest. Or text the "
        "others with another task."
    )


def later(before: World | None, now: World) -> World:
    """Return what is true of all tries so far, when the last one has begun under ``now``."""
    if before is None:
        return now
    moments = [moment for moment in (before.unseen_until, now.unseen_until) if moment is not None]
    return replace(
        now,
        account=now.account or (before.account if before.check == now.check else None),
        unseen_until=max(moments, default=None),
    )
