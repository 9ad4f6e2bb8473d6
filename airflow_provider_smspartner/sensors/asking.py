"""What the sensor asks the platform in a worker: open messages, and at the end the status of each person."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.exceptions import NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks.paging import read_pages
from airflow_provider_smspartner.tracking.progress import Look, Progress

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Statuses
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.tracking.watch import Watch

log = logging.getLogger(__name__)

UNREADABLE_SINCE: Final = "delivery:unreadable_since"


class Asking:
    """The connections of the sends that are followed. Used by one thread, that of the task."""

    def __init__(self) -> None:
        self._hooks: dict[str, SMSPartnerHook] = {}

    def hook(self, conn_id: str) -> SMSPartnerHook:
        """Return the hook that carries the requests of a connection."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        if conn_id not in self._hooks:
            self._hooks[conn_id] = SMSPartnerHook(conn_id)
        return self._hooks[conn_id]

    def look(self, progress: Progress, now: Callable[[], datetime]) -> Look:
        """Ask once for every message that is open, on its own connection, and learn from what comes."""
        keys = progress.watch.by_connection(progress.open_ids)
        return Look.over([self._look_at(conn_id, names, progress, now) for conn_id, names in keys.items()])

    def _look_at(
        self, conn_id: str, keys: Iterable[str], progress: Progress, now: Callable[[], datetime]
    ) -> Look:
        hook, look = self.hook(conn_id), Look()
        _ = hook.settings  # a connection that cannot be used is no blip of the API
        for key in keys:
            if not look.given_up:
                answer = self._ask(hook, key, progress)
                look.note(answer)
                progress.take(key, answer, now=now())
        return look

    def _ask(self, hook: SMSPartnerHook, key: str, progress: Progress) -> Statuses | SMSPartnerError:
        try:
            return read_pages(hook.call, progress.watch.reads(key))
        except SMSPartnerError as error:
            log.warning("Message %s could not be read: %s", key, error)
            return error

    def record(self, watch: Watch, ledger_conn_id: str) -> None:
        """Write each person's status into the ledger: read once more, since events must not name people.

        :raises SMSPartnerError: the platform or the ledger did not answer.
        """
        from airflow_provider_smspartner.journal.opening import open_ledger
        from airflow_provider_smspartner.journal.upkeep import record_reports

        ledger = open_ledger(ledger_conn_id)
        for key in watch.counts:
            connection, name = watch.split(key)
            try:
                listed = read_pages(self.hook(connection).call, watch.reads(key))
            except NotFoundError:  # the platform has forgotten it, and the counts say so
                continue
            record_reports(ledger, connection=connection, reports={name: listed.reports})


@contextmanager
def remembered_trouble(store: Any, progress: Progress) -> Iterator[None]:
    """Carry over to the next look since when nothing could be read: a rescheduled task starts anew.

    :param store: the task state store; None where there is none, or where the task does not start anew.
    """
    if store is not None and (since := store.get(UNREADABLE_SINCE)):
        progress.unreadable_since = datetime.fromisoformat(str(since))
    before = progress.unreadable_since
    yield
    if store is not None and progress.unreadable_since != before:
        if progress.unreadable_since:
            store.set(UNREADABLE_SINCE, progress.unreadable_since.isoformat())
        else:
            store.delete(UNREADABLE_SINCE)
