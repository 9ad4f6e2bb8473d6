"""What a send operator is told, as values that cannot change: whom to text, within what, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from airflow_provider_smspartner.rules.frequency import Frequency
from airflow_provider_smspartner.rules.share import Share


class Log(Protocol):
    """The task's own log, of which Airflow shows each line with the task."""

    def info(self, message: str, /, *values: Any) -> Any:
        """Say what has been done."""

    def warning(self, message: str, /, *values: Any) -> Any:
        """Say what may need somebody."""


Wait: TypeAlias = Callable[..., None]
"""Ends this part of a try until a moment; it takes the method that goes on then, and its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Whom to text: a list or a query, and who of it belongs to the audience."""

    given: Any = field(default=None, repr=False)
    sql: str | None = None
    parameters: Any = field(default=None, repr=False)
    warehouse_conn_id: str | None = None
    phone_column: str
    event_column: str | None = None
    region: str
    """Country of numbers that are written nationally."""
    countries: frozenset[str] | None = None
    share: Share | None = None
    exclude_stop_list: bool = False
    on_invalid: str
    max_invalid_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a send may take; each as the DAG gives it, for it is read when it is asked about."""

    min_recipients: object = None
    max_recipients: object = None
    max_cost: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """Where a send is remembered, and what the others who are remembered there mean to it."""

    durable: bool
    campaign: str | None = None
    ledger_conn_id: str | None = None
    at_most: Frequency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How requests leave, and what becomes of those that go wrong."""

    concurrency: int
    on_unknown: str
    verify_timeout: float
    max_rejected_rate: float
    cancel_on_kill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What becomes of a send outside the hours in which marketing texts may leave."""

    rule: str
    """``sending_hours`` of the operator."""
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A send as its operator is told to do it; what is sent comes beside it, as a ``Text``."""

    kind: str
    """What the campaign page calls it."""
    connection: str
    tag: str | None
    dry_run: bool
    recipients: Recipients
    limits: Limits
    durability: Durability
    policy: Policy
    hours: Hours
