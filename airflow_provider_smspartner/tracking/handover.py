"""What send and status tasks hand over to the campaign page by XCom: the keys, and the values behind them.

The values are JSON, small, and hold no phone number. Whoever reads them may be of another version than the
task that pushed them, or meet what a DAG author pushed under the same key: anything else reads as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from airflow_provider_smspartner.rules.masking import mask_numbers
from airflow_provider_smspartner.tracking.verdict import NO_GATES, Gates

CAMPAIGN_KEY: Final = "smspartner_campaign"
"""Pushed by a send task when the audience is read and the limits are checked, before the first request."""
DELIVERY_KEY: Final = "smspartner_delivery"
"""Pushed by a status task at each hand-over of its trigger, and at the end."""

COUNTS: Final = ("messages", "recipients", "delivered", "not_delivered", "waiting", "stop")

FLAGS: Final = ("sandbox", "redirected", "dry_run", "stop_sms")
COUNTED: Final = (
    "recipients",
    "invalid",
    "duplicates",
    "excluded",
    "rejected",
    "unknown",
    "batches",
    "segments",
)
"""What a send counts in its result."""

MOST: Final = 10**11
"""People, or segments, are fewer than this."""
LARGEST_POWER: Final = 40
"""Of ten, up or down: more of it would be written out as thousands of zeros."""
LONGEST: Final = 200
"""Characters of a name."""
MOST_FOLLOWED: Final = 100
"""Sends that one status task is said to follow."""
MOST_SAMPLES: Final = 3
"""Texts of a dry run."""
LONGEST_TEXT: Final = 2000
"""Characters of a text; ten segments have 1,530."""
MOST_POINTS: Final = 1000
"""Points of a curve that are read; a status task tells 60."""

Curve = tuple[tuple[int, int], ...]
"""Seconds since the texts could leave, ascending, each with the people who had theirs by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a send task is about to send, and to how many."""

    at: datetime
    kind: str
    """"sms" or "survey"."""
    campaign: str | None = None
    """Its name in the ledger."""
    tag: str | None = None
    connection: str
    ledger: str | None = None
    """The connection of the ledger."""
    iteration: int | None = None
    """Of the loop around the task."""
    operator: str | None = None
    """The operator's own task id, where an ``@task`` executes it."""
    execution: int = 0
    """How many executions of it have ended before, in the same try."""
    task: str | None = None
    """Digest by which the ledger knows this task instance; see ``journal.eligibility.digest``.
    A reader makes it of the task's address instead: an XCom may be anybody's."""
    recipients: int
    to_text: int | None = None
    """Those of them whom the ledger leaves, earlier tries included; None when the task has not told."""
    invalid: int = 0
    duplicates: int = 0
    excluded: int = 0
    held_out: int = 0
    """People outside the share that is texted."""
    estimate: Mapping[str, Any] | None = None
    """``segments``, and ``cost`` as text or None; see ``budget.Quote.as_dict``. None for nobody."""
    max_cost: Decimal | None = None
    sandbox: bool = False
    redirected: bool = False
    scheduled_for: datetime | None = None
    sender: str | None = None
    """None where the account's own counts; empty for the operators' short code."""
    unicode: bool = False
    stop_sms: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {
            "at": self.at.isoformat(timespec="seconds"),
            "estimate": None if self.estimate is None else dict(self.estimate),
            "max_cost": None if self.max_cost is None else str(self.max_cost),
            "scheduled_for": self.scheduled_for.isoformat() if self.scheduled_for else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the delivery of a send has come."""

    at: datetime
    since: datetime
    """When the texts could leave; the curve counts from here."""
    final: bool
    """Whether nothing more is waited for."""
    result: Mapping[str, Any]
    """What the sensor returns at the end: the ``COUNTS``, and ``delivery_rate``."""
    curve: Curve = ()
    """At most 60 points."""
    gates: Gates = NO_GATES
    """What the DAG's author asks of it."""
    deadline: datetime | None = None
    """Until when it waits at most; None at the end, and of older versions."""
    follows: tuple[str, ...] = ()
    """The ids of the tasks before it, the sends that it follows among them."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        value: dict[str, Any] = {
            "at": self.at.isoformat(timespec="seconds"),
            "since": self.since.isoformat(timespec="seconds"),
            "final": self.final,
            "result": dict(self.result),
            "curve": [list(point) for point in self.curve],
        }
        if self.gates != NO_GATES:
            value["gates"] = asdict(self.gates)
        if self.deadline:
            value["deadline"] = self.deadline.isoformat(timespec="seconds")
        if self.follows:
            value["follows"] = list(self.follows)
        return value


def read_campaign(value: Any) -> Campaign | None:
    """Read what a send task pushed; None when it is something else."""
    try:
        estimate, most = value["estimate"], value["max_cost"]
        return Campaign(
            at=aware(value["at"]),
            kind=named(value["kind"]),
            campaign=text(value["campaign"]),
            tag=text(value["tag"]),
            connection=named(value["connection"]),
            ledger=text(value["ledger"]),
            iteration=None if value.get("iteration") is None else count(value["iteration"]),
            operator=text(value.get("operator")),
            execution=count(value.get("execution", 0)),
            task=text(value["task"]),
            recipients=count(value["recipients"]),
            to_text=None if value.get("to_text") is None else count(value["to_text"]),
            invalid=count(value["invalid"]),
            duplicates=count(value["duplicates"]),
            excluded=count(value["excluded"]),
            held_out=count(value.get("held_out", 0)),
            estimate=None if estimate is None else read_estimate(estimate),
            max_cost=None if most is None else money(most),
            sandbox=bool(value["sandbox"]),
            redirected=bool(value["redirected"]),
            scheduled_for=aware(value["scheduled_for"]) if value["scheduled_for"] else None,
            sender=text(value.get("sender")),
            unicode=bool(value.get("unicode")),
            stop_sms=bool(value.get("stop_sms")),
        )
    except (AttributeError, InvalidOperation, KeyError, OverflowError, TypeError, ValueError):
        return None


def read_delivery(value: Any) -> Delivery | None:
    """Read what a status task pushed; None when it is something else."""
    try:
        rate = value["result"]["delivery_rate"]
        counts = {name: count(value["result"][name]) for name in COUNTS}
        return Delivery(
            at=aware(value["at"]),
            since=aware(value["since"]),
            final=bool(value["final"]),
            result={**counts, "delivery_rate": None if rate is None else share(rate)},
            curve=tuple((int(seconds), count(people)) for seconds, people in value["curve"][:MOST_POINTS]),
            gates=read_gates(value.get("gates", {})),
            deadline=moment_or_none(value.get("deadline")),
            follows=tuple(named(task) for task in value.get("follows", ())[:MOST_FOLLOWED]),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def read_result(value: Any) -> dict[str, Any] | None:
    """Read what a send task returned, as far as a page tells it; None when it is something else.

    A DAG author's own class may leave out what it does not know.
    """
    try:
        read: dict[str, Any] = {name: count(value[name]) for name in COUNTED if name in value}
        read |= {name: bool(value[name]) for name in FLAGS if name in value}
        read |= {name: count(value[name]) for name in ("held_out", "capped") if name in value}
        read["excluded_by"] = {
            named(why): count(people) for why, people in value.get("excluded_by", {}).items()
        }
        read["cost"] = None if value.get("cost") is None else str(money(value["cost"]))
        read["currency"] = currency(value.get("currency"))
        if value.get("estimate") is not None:
            read["estimate"] = read_estimate(value["estimate"])
        read["scheduled_for"] = moment_or_none(value.get("scheduled_for"))
        read["preview"] = [read_sample(each) for each in value.get("preview", ())[:MOST_SAMPLES]]
    except (AttributeError, InvalidOperation, KeyError, OverflowError, TypeError, ValueError):
        return None
    return read


def read_sample(value: Mapping[str, Any]) -> dict[str, str]:
    """Read one of the texts of a dry run, and mask what may be anybody's number."""
    return {name: mask_numbers(str(value[name])[:LONGEST_TEXT]) for name in ("to", "text")}


def read_estimate(value: Mapping[str, Any]) -> dict[str, Any]:
    """Read an estimate; a cost that is no amount raises like any other fault."""
    cost = value["cost"]
    return {"segments": count(value["segments"]), "cost": None if cost is None else str(money(cost))}


def read_gates(value: Mapping[str, Any]) -> Gates:
    """Read what is asked of a delivery; tasks of older versions say nothing of it."""
    names = [field.name for field in fields(Gates) if value.get(field.name) is not None]
    return Gates(**{name: share(value[name]) for name in names})


def count(value: Any) -> int:
    """Read how many."""
    number = int(value)
    if not 0 <= number < MOST:
        raise ValueError("nobody counts so far")
    return number


def money(value: object) -> Decimal:
    """Read an amount."""
    amount = Decimal(str(value))
    if not amount.is_finite() or abs(amount.adjusted()) > LARGEST_POWER:
        raise ValueError("no amount")
    return amount


def share(value: object) -> float:
    """Read a share of people."""
    rate = float(str(value))
    if not 0 <= rate <= 1:
        raise ValueError("no share")
    return rate


def currency(value: object) -> str | None:
    """Read a currency, which has three letters."""
    text = str(value)
    return text if len(text) == 3 and text.isascii() and text.isalpha() else None


def moment_or_none(value: object) -> datetime | None:
    """Read a moment that may be missing."""
    return aware(value) if value else None


def aware(value: object) -> datetime:
    """Read a moment, which needs an offset."""
    moment = datetime.fromisoformat(str(value))
    if moment.utcoffset() is None or not 1970 <= moment.year < 9000:
        raise ValueError("no offset, or no time of ours")
    return moment


def text(value: object) -> str | None:
    """Read a name that may be missing."""
    return None if value is None else named(value)


def named(value: object) -> str:
    """Read a name, as far as a page has room for it."""
    if not isinstance(value, (str, int)):
        raise TypeError("no name")
    return str(value)[:LONGEST]
