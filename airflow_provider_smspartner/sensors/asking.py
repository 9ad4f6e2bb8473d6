"""What the sensor asks the platform in a worker: open messages, and at the end the status of each person.

What the ledger knows, because reports were posted to the inbox, is not asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.exceptions import NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks.paging import read_pages
from airflow_provider_smspartner.tracking.progress import Poll, Progress

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Statuses
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.tracking.watch import Watch

log = logging.getLogger(__name__)

UNREADABLE_SINCE: Final = "delivery:unreadable_since"


class Asking:
    """The connections of the sends that are followed. Used by one thread, that of the task."""

    def __init__(self, ledger_conn_id: str | None = None) -> None:
        self._ledger_conn_id = ledger_conn_id
        self._hooks: dict[str, SMSPartnerHook] = {}

    def hook(self, conn_id: str) -> SMSPartnerHook:
        """Return the hook that carries the requests of a connection."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        if conn_id not in self._hooks:
            self._hooks[conn_id] = SMSPartnerHook(conn_id)
        return self._hooks[conn_id]

    def poll(self, progress: Progress, now: Callable[[], datetime]) -> Poll:
        """Ask once for every message that is open, on its own connection, and learn from what comes."""
        for key, answer in self._reported(progress.watch, progress.open_ids).items():
            progress.take(key, answer, now=now())
        keys = progress.watch.by_connection(progress.open_ids)
        return Poll.over([self._poll_on(conn_id, names, progress, now) for conn_id, names in keys.items()])

    def _poll_on(
        self, conn_id: str, keys: Iterable[str], progress: Progress, now: Callable[[], datetime]
    ) -> Poll:
        hook, poll = self.hook(conn_id), Poll()
        _ = hook.settings  # a connection that cannot be used is no blip of the API
        for key in keys:
            if not poll.given_up:
                answer = self._ask(hook, key, progress)
                poll.note(answer)
                progress.take(key, answer, now=now())
        return poll

    def _ask(self, hook: SMSPartnerHook, key: str, progress: Progress) -> Statuses | SMSPartnerError:
        try:
            return read_pages(hook.call, progress.watch.reads(key))
        except SMSPartnerError as error:
            log.warning("Message %s could not be read: %s", key, error)
            return error

    def ledger_of(self, watch: Watch) -> str | None:
        """Return the ledger that reports and STOP come into by themselves; None: the platform alone knows.

        A ledger of which only a task writes the statuses would not know of a STOP that came since.
        """
        connections = watch.by_connection(watch.counts)
        fills = all(self.hook(conn_id).settings.inbox_url for conn_id in connections)
        return self._ledger_conn_id if fills else None

    def _reported(self, watch: Watch, keys: Iterable[str]) -> dict[str, Statuses]:
        """Return what the ledger knows; the platform is asked for the rest."""
        from airflow_provider_smspartner.journal.opening import open_ledger
        from airflow_provider_smspartner.tasks.reported import reported

        if (ledger_conn_id := self.ledger_of(watch)) is None:
            return {}
        try:
            with closing(open_ledger(ledger_conn_id)) as ledger:
                return reported(ledger, watch, keys)
        except SMSPartnerError as error:  # at the end it must be there, and then it is said
            log.warning("The ledger does not say what was reported, the platform is asked: %s", error)
            return {}

    def record(self, watch: Watch, ledger_conn_id: str) -> None:
        """Write each person's status into the ledger: read once more, since events must not name people.

        :raises SMSPartnerError: the platform or the ledger did not answer.
        """
        from airflow_provider_smspartner.journal.opening import open_ledger
        from airflow_provider_smspartner.journal.upkeep import record_reports
        from airflow_provider_smspartner.tasks.reported import reported

        with closing(open_ledger(ledger_conn_id)) as ledger:
            known = reported(ledger, watch, watch.counts) if self.ledger_of(watch) else {}
            for key in watch.counts.keys() - known.keys():
                connection, name = watch.split(key)
                try:
                    listed = read_pages(self.hook(connection).call, watch.reads(key))
                except NotFoundError:  # the platform has forgotten it, and the counts say so
                    continue
                record_reports(ledger, connection=connection, reports={name: listed.reports})


@contextmanager
def remembered_trouble(store: Any, progress: Progress) -> Iterator[None]:
    """Carry over to the next poll since when nothing could be read: a rescheduled task starts anew.

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
