"""``InboxTrigger``: wakes a DAG when the inbox holds something new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.inbox import check_consumer, check_kinds
from airflow_provider_smspartner.rules import arguments

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from airflow_provider_smspartner.journal.table import Ledger

REMIND_AFTER: Final = 60.0
"""Seconds after which what a consumer has not read is told again: Airflow may merge or lose an event."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between two polls of a database that is away."""
PATIENCE: Final = 0.0

Counts = tuple[int, dict[str, int]]
"""The newest position among what is neither read nor told, and how many of each kind that is."""


class InboxTrigger(BaseEventTrigger):
    """Fire an event when the inbox holds replies, STOP or reports that were not told yet; for AssetWatchers.

    An event holds counts (up to 10,000 of a kind) and a position, no number and no text. Airflow may merge
    two events, or lose one: the rows decide what there is to do, so read them with ``inbox.unread``.

    :param ledger_conn_id: the SQL connection that the receiver writes to.
    :param kinds: which messages wake: ``reply``, ``stop``, ``report``.
    :param consumer: who reads them, as ``unread`` names it: what it leaves unread for a minute is told again,
        and a triggerer that starts anew tells of nothing that it has read.
    :param poll_interval: seconds between two polls, each of which is a few looks into an index.
    """

    def __init__(
        self,
        ledger_conn_id: str,
        kinds: Sequence[str] = ("reply", "stop"),
        *,
        consumer: str | None = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # typed only in part
        self.ledger_conn_id = arguments.name(ledger_conn_id, "ledger_conn_id")
        check_kinds(kinds)
        if consumer is not None:
            check_consumer(consumer)
        self.kinds = sorted(kinds)
        self.consumer = consumer
        self.poll_interval = arguments.seconds(poll_interval, "poll_interval", most=3_600)
        if not self.poll_interval:
            raise InvalidMessage(
                "poll_interval: 0 would never let the database rest; give seconds, such as 5"
            )
        self._ledger: Ledger | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them JSON."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "ledger_conn_id": self.ledger_conn_id,
            "kinds": self.kinds,
            "consumer": self.consumer,
            "poll_interval": self.poll_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for what is new, for as long as the triggerer lives.

        What was told is not remembered across restarts: without ``consumer``, a new triggerer tells once more
        that there is something, which does no harm, as the rows decide.
        """
        try:
            async for event in self._events():
                yield event
        finally:
            if self._ledger is not None:  # a triggerer lives for weeks, and its triggers come and go
                self._ledger.close()

    async def _events(self) -> AsyncIterator[TriggerEvent]:
        loop = asyncio.get_running_loop()
        told, told_at, pause = 0, loop.time(), self.poll_interval
        while True:
            try:
                newest, counts = await self._poll(told)
            except SMSPartnerError as error:  # a database that is away comes back
                pause = min(max(pause * 2, 1.0), LONGEST_PAUSE)
                self.log.warning("The inbox cannot be read, next look in %.0f seconds: %s", pause, error)
            else:
                pause = self.poll_interval
                if newest > told or (counts and loop.time() - told_at >= REMIND_AFTER):
                    told, told_at = newest, loop.time()
                    yield TriggerEvent({"position": newest, "counts": counts})
            await asyncio.sleep(pause)

    async def _poll(self, told: int) -> Counts:
        if self._ledger is None:
            from airflow_provider_smspartner.journal.opening import engine_of

            # Airflow's own bridge: below 3.2 a thread of another kind reads the supervisor's answers out of
            # order. The database is asked in a thread of its own, as all triggers share that bridge.
            engine = await sync_to_async(engine_of)(self.ledger_conn_id)
            self._ledger = await asyncio.to_thread(opened, engine)
        return await asyncio.to_thread(self._ledger.transact, lambda connection: self._seen(connection, told))

    def _seen(self, connection: Connection, told: int) -> Counts:
        from airflow_provider_smspartner.inbox import consumers

        newest = consumers.last_positions(connection, self.kinds)
        read = dict.fromkeys(self.kinds, told)
        if self.consumer is not None:
            read = consumers.positions_of(connection, self.consumer, self.kinds)
        behind = {kind: read[kind] for kind in self.kinds if newest[kind] > read[kind]}
        if not behind:
            return 0, {}
        return max(newest[kind] for kind in behind), consumers.counts_behind(connection, behind)


def opened(engine: Engine) -> Ledger:
    """Return the inbox of a database that is asked again and again, and so need not be waited for."""
    from airflow_provider_smspartner.inbox.messages import inbox_in
    from airflow_provider_smspartner.journal.table import closed_on_error

    with closed_on_error(engine):
        return inbox_in(engine, patience=PATIENCE)
