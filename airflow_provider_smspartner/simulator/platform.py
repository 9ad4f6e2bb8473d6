"""The platform's state: clock, credit, messages, STOP list and fates, as its endpoints use them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from airflow_provider_smspartner.rules.sending_hours import next_slot
from airflow_provider_smspartner.simulator.messages import Message, ReceivedRequest
from airflow_provider_smspartner.simulator.orders import Order
from airflow_provider_smspartner.simulator.reader import PARIS
from airflow_provider_smspartner.simulator.refusals import Payload, by_code, by_numbers, no_credit
from airflow_provider_smspartner.simulator.settings import Fate, Settings

FIRST_MESSAGE_ID = 5001
CANCEL_LIMIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An entry of the STOP list."""

    id: int
    """The platform's identifier of the entry."""
    created_at: datetime
    """When the person asked for no more texts."""


class Platform:
    """An account that remembers what it was asked to send. Not for two threads at once: callers lock."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        accepted: Callable[[Message], None] = lambda message: None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._accepted = accepted
        self.shift = timedelta(0)
        self.balance = settings.balance
        self.messages: dict[int, Message] = {}
        self.stops: dict[str, Stop] = {}
        self.fate = settings.delivery
        self.fates: dict[str, Fate] = {}
        self.requests: list[ReceivedRequest] = []
        self._tags: defaultdict[str, list[Message]] = defaultdict(list)
        self._stop_ids = count(1)

    def now(self) -> datetime:
        return self._clock() + self.shift

    def set_clock(self, moment: datetime) -> None:
        self.shift = moment - self._clock()

    def fate_of(self, number: str) -> Fate:
        return self.fates.get(number, self.fate)

    def stop(self, number: str) -> None:
        """Put a number on the STOP list, once."""
        if number not in self.stops:
            self.stops[number] = Stop(id=next(self._stop_ids), created_at=self.now())

    def price_of(self, segments: int, *, sandbox: bool) -> Decimal:
        return Decimal(0) if sandbox else segments * self.settings.price

    def accept(self, order: Order) -> tuple[Message, list[str]]:
        """Take on a send and charge it; return it with the numbers that were left out for their STOP."""
        if not order.joined_numbers:
            raise by_code(55)
        order, stopped = self._without_stops(order)
        now = self.now()
        due = self._allowed(max(order.due or now, now))
        cost = self.price_of(order.all_segments, sandbox=order.sandbox)
        if cost > self.balance:
            raise no_credit(self._credit_figures() | {"solde": float(self.balance)})
        self.balance -= cost
        number = FIRST_MESSAGE_ID + len(self.messages)
        message = Message(id=number, order=order, accepted_at=now, due=due, cost=cost)
        self.messages[message.id] = message
        if order.tag:
            self._tags[order.tag].append(message)
        self._accepted(message)
        return message, stopped

    def latest_to(self, number: str) -> Message | None:
        """Return the last message to a number that has left and asks for replies."""
        now = self.now()
        wanted = (m for m in reversed(self.messages.values()) if m.order.url_response and m.has_left(now))
        return next((message for message in wanted if number in message.order.numbers), None)

    def find(self, message_id: str) -> Message:
        """Return a message that the status endpoints show, or refuse with code 4."""
        message = self._message(message_id)
        if not self._is_shown(message):
            raise by_code(4)
        return message

    def unstop(self, stop_id: str) -> None:
        """Take an entry off the STOP list, or refuse with code 4."""
        number = next((number for number, stop in self.stops.items() if str(stop.id) == stop_id), None)
        if number is None:
            raise by_code(4)
        del self.stops[number]

    def tagged(self, tag: str) -> Iterator[Message]:
        """Yield the messages that can be found by this tag by now."""
        newest = self.now() - timedelta(seconds=self.settings.tag_delay)
        for message in self._tags.get(tag, ()):
            shown_from = message.accepted_at if self.settings.list_scheduled else message.due
            if self._is_shown(message) and shown_from <= newest:
                yield message

    def cancel(self, message_id: str) -> None:
        """Take a send back and return its cost, or refuse with code 4, 5, 6 or 7."""
        message = self._message(message_id)
        left = message.due - self.now()
        if message.cancelled:
            raise by_code(5)
        if left <= timedelta(0):
            raise by_code(7)
        if left < CANCEL_LIMIT:
            raise by_code(6)
        message.cancelled = True
        self.balance += message.cost

    def credit_figures(self) -> Payload:
        """Return the ``credits`` object of ``/me``."""
        return self._credit_figures() | {"balance": f"{self.balance:.3f}"}

    def _credit_figures(self) -> Payload:
        now = self.now()
        texts = int(self.balance / self.settings.price)
        return {
            "creditSms": texts,
            self.settings.low_cost_credit: texts,
            "creditHlr": 0,
            "toSend": sum(m.order.size for m in self.messages.values() if m.is_waiting(now)),
            "solde": f"{self.balance:.3f}",
            "currency": "EUR",
        }

    def _without_stops(self, order: Order) -> tuple[Order, list[str]]:
        if not self.stops or not (stopped := [number for number in order.numbers if number in self.stops]):
            return order, []
        if self.settings.stop_numbers == "refuse":
            named = self.settings.number_faults == "items"
            raise by_numbers(stopped, item_code=14) if named else by_code(14)
        if not (left := order.without(stopped)):
            raise by_code(55)
        return left, stopped

    def _allowed(self, moment: datetime) -> datetime:
        """The moment itself, or the next allowed hour of a marketing account."""
        if self.settings.quiet_hours == "off" or (slot := next_slot(moment)) == moment:
            return moment
        if self.settings.quiet_hours == "hold":
            return slot
        noon = moment.astimezone(PARIS).replace(hour=12)
        raise by_code(22 if next_slot(noon) == noon else 23)

    def _message(self, message_id: str) -> Message:
        known = message_id.isascii() and message_id.isdecimal() and len(message_id) < 20
        if known and (message := self.messages.get(int(message_id))):
            return message
        raise by_code(4)

    def _is_shown(self, message: Message) -> bool:
        hidden = message.order.sandbox and self.settings.sandbox_status == "not_found"
        return not message.cancelled and not hidden
