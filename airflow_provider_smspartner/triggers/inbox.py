"""``InboxTrigger``: wakes a DAG when the inbox holds something new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox import check_kinds

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from airflow_provider_smspartner.journal.table import Ledger

REMIND_AFTER: Final = 60.0
"""Seconds after which what a consumer has not read is told again: Airflow may merge or lose an event."""


class InboxTrigger(BaseEventTrigger):
    """Fire an event when the inbox holds replies, STOP or reports that were not told yet; for AssetWatchers.

    An event holds counts and a position, no number and no text. Airflow may merge two events, or lose one:
    the rows decide what there is to do, so read them with ``inbox.unread``.

    :param ledger_conn_id: the SQL connection that the receiver writes to.
    :param kinds: which messages wake: ``reply``, ``stop``, ``report``.
    :param consumer: who reads them, as ``unread`` names it: what it leaves unread for a minute is told again.
    :param poll_interval: seconds between two looks, each of which is one query of an index.
    """

    def __init__(
        self,
        *,
        ledger_conn_id: str,
        kinds: Sequence[str] = ("reply", "stop"),
        consumer: str | None = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()
        check_kinds(kinds)
        self.ledger_conn_id = ledger_conn_id
        self.kinds = list(kinds)
        self.consumer = consumer
        self.poll_interval = poll_interval
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
        loop = asyncio.get_running_loop()
        told, told_at = 0, loop.time()
        while True:
            try:
                newest, read, counts = await asyncio.to_thread(self._look, told)
            except SMSPartnerError as error:  # a database that is away comes back
                self.log.warning("The inbox cannot be read: %s", error)
                newest = read = told
            if newest > max(told, read) or (newest > read and loop.time() - told_at >= REMIND_AFTER):
                told, told_at = newest, loop.time()
                yield TriggerEvent({"position": newest, "counts": counts})
            await asyncio.sleep(self.poll_interval)

    def _look(self, told: int) -> tuple[int, int, dict[str, int]]:
        """Return the newest position, how far it is read, and how many of each kind lie behind that."""
        from airflow_provider_smspartner.inbox.consumers import counts_after, last_position, position_of
        from airflow_provider_smspartner.inbox.tables import inbox_of

        self._ledger = self._ledger or inbox_of(self.ledger_conn_id)

        def work(connection: Connection) -> tuple[int, int, dict[str, int]]:
            newest = last_position(connection, self.kinds)
            read = told if self.consumer is None else position_of(connection, self.consumer)
            return newest, read, counts_after(connection, self.kinds, read) if newest > read else {}

        return self._ledger.transact(work)
