"""What the platform keeps of a send, and what a tester reads of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner.simulator.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    """One text to one person."""

    number: str
    """The recipient as E.164."""
    text: str
    """What the phone shows; empty for a survey."""
    survey_id: str | None
    """The survey that was sent instead of a text."""
    sender: str
    """Name of the sender; empty for the operators' short code."""
    tag: str | None
    """The campaign's tag."""
    message_id: str
    """The platform's identifier of the whole send."""
    segments: int
    """Segments of this text."""
    sandbox: bool
    """A sandbox text, which never leaves."""
    accepted_at: datetime
    """When the platform took it on."""
    sent_at: datetime | None
    """When it left; None while it waits, when it was cancelled, and in the sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request that reached the platform, whatever became of it."""

    endpoint: str
    """Path without ``/v1``, such as ``/send``."""
    method: str
    """HTTP verb."""
    fields: dict[str, Any]
    """The decoded fields without ``apiKey``; empty when they could not be read."""
    headers: tuple[str, ...]
    """Names of the headers."""
    at: datetime
    """When it came."""


@dataclass(slots=True, kw_only=True)
class Message:
    """A send that was accepted."""

    id: int
    """The platform's identifier."""
    order: Order
    """What was asked for."""
    accepted_at: datetime
    """When it was accepted."""
    due: datetime
    """When it leaves."""
    cost: Decimal
    """What it was charged, in euros."""
    cancelled: bool = False
    """Taken back before it left."""
    looks: int = 0
    """How often its status was asked for."""

    def has_left(self, now: datetime) -> bool:
        return self.due <= now and not self.cancelled and not self.order.sandbox

    def is_waiting(self, now: datetime) -> bool:
        return self.due > now and not self.cancelled and not self.order.sandbox

    def texts(self, now: datetime) -> Iterator[SentText]:
        sent_at = self.due if self.has_left(now) else None
        for position, number in enumerate(self.order.numbers):
            text, segments = self.order.text_at(position)
            yield SentText(
                number=number,
                text=text,
                survey_id=self.order.survey_id,
                sender=self.order.sender,
                tag=self.order.tag,
                message_id=str(self.id),
                segments=segments,
                sandbox=self.order.sandbox,
                accepted_at=self.accepted_at,
                sent_at=sent_at,
            )
