"""``RefreshStatusesOperator``: what became of everybody in a ledger, whoever sent it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    AuthenticationError,
    InvalidMessage,
    NotFoundError,
    SMSPartnerError,
)
from airflow_provider_smspartner.rules import arguments, delivery
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.failures import no_useless_retry, refused_for_good
from airflow_provider_smspartner.tasks.templates import RendersOnlyTheAuthor

# What only a run needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.journal.table import Ledger
    from airflow_provider_smspartner.rules.refreshing import Open, Request

LONGEST: Final = 30 * 86_400
"""Seconds that ``younger_than`` may have."""
LEASE: Final = 60.0
"""Seconds that a look is kept from others beyond its longest request."""
UNREADABLE_IN_A_ROW: Final = 3
Reports = Mapping[str, Iterable[delivery.Report]]


class RefreshStatusesOperator(RendersOnlyTheAuthor):
    """Ask for the delivery reports that a ledger still lacks, whichever task of whichever DAG sent the texts.

    A message that was never asked for is asked for at once, then at growing intervals; once final, never
    again. It chooses whichever needs fewer requests: all reports of one message, or those of up to 500 people
    of several. Statuses and STOPs go into the ledger as ``DeliveryStatusSensor`` writes them. Two runs at the
    same time ask for nothing twice. It returns ``messages`` (those that were open when it began) and their
    ``recipients``, ``delivered``, ``not_delivered``, ``waiting`` and ``stop``, and the ``requests`` it took.

    :param ledger_conn_id: the SQL connection of the ledger (templated).
    :param younger_than: texts that left longer ago are not asked for any more; up to 30 days.
    :param smspartner_conn_id: connection of type ``smspartner`` whose sends are asked for.
    """

    template_fields: Sequence[str] = ("ledger_conn_id",)
    text_fields: Sequence[str] = ("ledger_conn_id",)

    def __init__(
        self,
        *,
        ledger_conn_id: str,
        younger_than: timedelta = timedelta(hours=72),
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ledger_conn_id = ledger_conn_id
        self.younger_than = younger_than
        self.smspartner_conn_id = smspartner_conn_id
        self._requests = 0
        with refused_for_good(self.task_id):
            self._check_arguments()

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        if literal(self.ledger_conn_id):
            arguments.name(self.ledger_conn_id, "ledger_conn_id")
        arguments.name(self.smspartner_conn_id, "smspartner_conn_id")
        given: object = self.younger_than
        if not isinstance(given, timedelta) or not 0 < given.total_seconds() <= LONGEST:
            raise InvalidMessage(
                f"younger_than: {arguments.shown(given)} is not a time of up to 30 days; give a "
                "timedelta, such as timedelta(hours=72)"
            )

    @staticmethod
    def now() -> float:
        """Return the time, in seconds since the epoch."""
        return time.time()

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, int]:
        """Ask for what is due, and return counts."""
        from airflow_provider_smspartner.journal import refreshing

        with no_useless_retry(), ExitStack() as stack:
            self.check_rendered()
            ledger = stack.enter_context(closing(refreshing.open_looks(self.ledger_conn_id)))
            now = self.now()
            since = now - self.younger_than.total_seconds()
            read = partial(refreshing.read_open, connection_id=self.smspartner_conn_id, since=since, now=now)
            messages = ledger.transact(read)
            self._ask_all(ledger, [message for message in messages if message.is_due(now)])
            ledger.transact(
                partial(refreshing.forget, connection_id=self.smspartner_conn_id, before=now - 2 * LONGEST)
            )
            counted = refreshing.read_counts(ledger, self.smspartner_conn_id, messages)
        names = ("recipients", "delivered", "not_delivered", "waiting", "stop")
        counts = {name: int(getattr(counted, name)) for name in names}
        result = {"messages": len(messages), **counts, "requests": self._requests}
        self.log.info("Delivery: %s", ", ".join(f"{name} {value}" for name, value in result.items()))
        signals.describe_outlets(context, self.outlets, result)
        return result

    def _ask_all(self, ledger: Ledger, due: Sequence[Open]) -> None:
        """Ask for messages, and write what came.

        :raises SMSPartnerError: the key is refused, or nothing at all could be read.
        """
        from airflow_provider_smspartner.rules.refreshing import requests_for

        answered, problem, in_a_row = False, None, 0
        for request in requests_for(due):
            try:
                answered = self._ask(ledger, request) or answered
                in_a_row = 0
            except AuthenticationError:
                raise
            except SMSPartnerError as error:
                self.log.warning("The reports of %s messages could not be read: %s", len(request), error)
                problem, in_a_row = error, in_a_row + 1
                if in_a_row == UNREADABLE_IN_A_ROW:
                    break
        if problem is not None and not answered:
            raise problem

    def _ask(self, ledger: Ledger, request: Request) -> bool:
        """Ask once, unless others do; True when there is an answer."""
        from airflow_provider_smspartner.journal import refreshing
        from airflow_provider_smspartner.journal.upkeep import record_reports

        now, conn_id = self.now(), self.smspartner_conn_id
        until = now + self.hook.longest_request + LEASE
        taking = partial(refreshing.lease, connection_id=conn_id, messages=request, now=now, until=until)
        ours = ledger.transact(taking)
        if not ours:
            return False
        names, done = [message.name for message in ours], None
        try:
            record_reports(ledger, connection=conn_id, reports=self._reports(ledger, ours))
            done = self.now()
        finally:
            ledger.transact(partial(refreshing.note_asked, connection_id=conn_id, names=names, now=done))
        return True

    def _reports(self, ledger: Ledger, messages: Sequence[Open]) -> Reports:
        """Return the reports of messages, by their names: in one request, but for the pages of a tag."""
        from airflow_provider_smspartner.hooks.paging import pages_of_message, pages_of_tag, read_pages
        from airflow_provider_smspartner.journal import refreshing

        if len(messages) > 1:
            names = [message.name for message in messages]
            read = partial(refreshing.read_people, connection_id=self.smspartner_conn_id, names=names)
            return by_message(self._carry(api.multi_status(ledger.transact(read))))
        [message] = messages
        pages = pages_of_message(message.name) if message.has_id else pages_of_tag(message.name)
        try:
            return {message.name: read_pages(self._carry, pages).reports}
        except NotFoundError:  # the platform does not know it yet, or no longer
            return {}

    def _carry(self, call: api.Call[Any]) -> Any:
        self._requests += 1
        return self.hook.call(call)


def by_message(statuses: Iterable[Any]) -> Reports:
    """Sort the reports of several messages by their ids; one that names no message is nobody's."""
    sorted_ = defaultdict[str, list[delivery.Report]](list)
    for status in statuses:
        if status.message_id is not None:
            sorted_[status.message_id].append(status.report)
    return sorted_
