"""``DeliveryStatusSensor``: waits until the delivery of a send is final."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_smspartner.exceptions import (
    DeliveryFailed,
    InvalidMessage,
    NotFoundError,
    SMSPartnerError,
)
from airflow_provider_smspartner.failures import no_useless_retry
from airflow_provider_smspartner.lookup import read_pages
from airflow_provider_smspartner.watching import Look, Progress, Watch, watch_ids, watch_sent

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.answers import Statuses
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

UNREADABLE_SINCE = "delivery:unreadable_since"


class TooFewDelivered(DeliveryFailed, AirflowFailException):
    """The rate is final, so no retry can better it."""


class DeliveryStatusSensor(BaseSensorOperator):
    """Wait until every text of a send is delivered or given up, or until the deadline.

    It looks once in the worker and then defers to the triggerer. At the deadline the rest counts as waiting:
    some phones never report, so that alone fails nothing. It returns ``messages``, ``recipients``,
    ``delivered``, ``not_delivered``, ``waiting``, ``stop`` and ``delivery_rate`` (0 to 1, None for nobody).

    :param sent: what a send operator returned, or a list of it (templated).
    :param message_ids: one id or a list, instead of ``sent`` (templated).
    :param min_delivery_rate: fail at the end when a smaller share (0 to 1) was delivered. Sandbox sends,
        which reach no phone, are not held to it.
    :param deferrable: False holds a worker: each look for ``mode="reschedule"``, the default then, or all
        the time for ``mode="poke"``.
    :param poke_interval: seconds to the first poll; later ones come further apart, up to 30 minutes.
    :param timeout: seconds, 48 hours by default, counted from the latest of sending, schedule and, for texts
        with a STOP mention, the next moment at which such texts may leave.
    :param soft_fail: skip instead of failing.
    :param ledger_conn_id: a SQL connection whose ledger gets each person's status; see ``docs/ledger.md``.
    :param smspartner_conn_id: connection of type ``smspartner``.
    :raises DeliveryFailed: fewer were delivered than ``min_delivery_rate``.
    :raises AirflowSensorTimeout: the API could not be read at the deadline.

    .. seealso:: the vendor's page "Status by ID".
    """

    template_fields: Sequence[str] = ("sent", "message_ids")

    def __init__(
        self,
        *,
        sent: Any = None,
        message_ids: Any = None,
        min_delivery_rate: float | None = None,
        deferrable: bool = True,
        poke_interval: timedelta | float = 15,
        timeout: timedelta | float = 48 * 3600,
        ledger_conn_id: str | None = None,
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("mode", "reschedule")
        super().__init__(poke_interval=poke_interval, timeout=timeout, **kwargs)
        if (sent is None) == (message_ids is None):
            raise InvalidMessage("sent: give either sent, what a send operator returned, or message_ids")
        if min_delivery_rate is not None and not 0 <= min_delivery_rate <= 1:
            raise InvalidMessage(f"min_delivery_rate: {min_delivery_rate!r} is not between 0 and 1")
        self.sent = sent
        self.message_ids = message_ids
        self.min_delivery_rate = min_delivery_rate
        self.deferrable = deferrable
        self.ledger_conn_id = ledger_conn_id
        self.smspartner_conn_id = smspartner_conn_id
        self.patience = timedelta(seconds=self.timeout)
        self._progress: Progress | None = None

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> Any:
        """Look once; then defer, or poke as ``mode`` says."""
        with self._failing():
            if not self.deferrable:
                # Ours is the deadline that counts: it starts with the send, Airflow's with the task
                self.timeout = (2 * self.patience + timedelta(days=365)).total_seconds()
                return super().execute(context)
            watch = self._watch(context)
            progress = Progress(watch=watch)
            if self._look(progress, watch.since + self.patience):
                return self._end(progress.result(), watch)
        return self._defer(watch)

    def _defer(self, watch: Watch) -> None:
        from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger

        deadline = watch.since + self.patience
        self.defer(
            trigger=DeliveryStatusTrigger(
                smspartner_conn_id=self.smspartner_conn_id,
                counts=watch.counts,
                since=watch.since.isoformat(),
                deadline=deadline.isoformat(),
                poke_interval=self.poke_interval,
                began=watch.began.isoformat() if watch.began else None,
                tags=sorted(watch.tags),
                sandbox=sorted(watch.sandbox),
            ),
            method_name="execute_complete",
            # only for a trigger that does not come back: its own deadline comes first
            timeout=deadline - datetime.now(UTC) + timedelta(hours=1),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge what the trigger brought."""
        with self._failing():
            if not event or "result" not in event:
                raise SMSPartnerError("The trigger ended without a result; clear the task to look again")
            if event["failure"]:
                raise (AirflowFailException if event["hopeless"] else SMSPartnerError)(event["failure"])
            if event["unreadable"]:
                raise AirflowSensorTimeout(
                    f"At the deadline the API could not be read: {event['unreadable']}"
                )
            return self._end(event["result"], self._watch(context))

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once; for ``deferrable=False``."""
        with no_useless_retry():
            watch = self._watch(context) if self._progress is None else self._progress.watch
            self._progress = self._progress or Progress(watch=watch)
            with self._remembered_trouble(context, self._progress):
                done = self._look(self._progress, watch.since + self.patience)
            return PokeReturnValue(done, self._end(self._progress.result(), watch) if done else None)

    def _watch(self, context: Context) -> Watch:
        ti = context.get("ti")
        rescheduled = not self.deferrable and self.reschedule
        first = ti.get_first_reschedule_date(context) if ti and rescheduled else None
        began = first or datetime.now(UTC)
        ids = self.message_ids
        watch = watch_sent(self.sent, now=began) if ids is None else watch_ids(ids, now=began)
        return replace(watch, began=began)

    def _look(self, progress: Progress, deadline: datetime) -> bool:
        """Ask for every open message; True when nothing more is to be waited for.

        :raises AirflowSensorTimeout: the deadline has come and the API could not be read.
        """
        _ = self.hook.settings  # a connection that cannot be used is no blip of the API
        look = Look()
        answers = [
            (name, look.given_up or self._ask(name, progress.watch, look)) for name in progress.open_ids
        ]
        now = datetime.now(UTC)
        progress.learn(answers, now=now, last=now >= deadline)
        if progress.problem and now >= deadline:
            raise AirflowSensorTimeout(f"At the deadline the API could not be read: {progress.problem}")
        return not progress.open_ids or now >= deadline

    def _ask(self, name: str, watch: Watch, look: Look) -> Statuses | SMSPartnerError:
        answer: Statuses | SMSPartnerError
        try:
            answer = read_pages(self.hook.call, watch.reads(name))
        except SMSPartnerError as error:
            self.log.warning("Message %s could not be read: %s", name, error)
            answer = error
        look.note(answer)
        return answer

    @contextmanager
    def _remembered_trouble(self, context: Context, progress: Progress) -> Iterator[None]:
        """Carry over to the next look since when nothing could be read: a rescheduled task starts anew."""
        store = context.get("task_state_store") if self.reschedule else None
        if store is not None and (since := store.get(UNREADABLE_SINCE)):
            progress.unreadable_since = datetime.fromisoformat(str(since))
        before = progress.unreadable_since
        yield
        if store is not None and progress.unreadable_since != before:
            if progress.unreadable_since:
                store.set(UNREADABLE_SINCE, progress.unreadable_since.isoformat())
            else:
                store.delete(UNREADABLE_SINCE)

    def _record(self, watch: Watch) -> None:
        """Write each person's status into the ledger: read once more, since events must not name people."""
        from airflow_provider_smspartner.send_log.table import open_ledger
        from airflow_provider_smspartner.send_log.upkeep import record_reports

        ledger = open_ledger(str(self.ledger_conn_id))
        for name in watch.counts:
            try:
                listed = read_pages(self.hook.call, watch.reads(name))
            except NotFoundError:  # the platform has forgotten it, and the counts say so
                continue
            record_reports(ledger, connection=self.smspartner_conn_id, reports={name: listed.reports})

    def _end(self, result: dict[str, Any], watch: Watch) -> dict[str, Any]:
        """Return the counts, unless too few were delivered."""
        if self.ledger_conn_id is not None:
            self._record(watch)
        self.log.info("Delivery: %s", ", ".join(f"{name} {value}" for name, value in result.items()))
        if result["waiting"]:
            self.log.warning(
                "%s of %s people have no final report; some phones never send one",
                result["waiting"],
                result["recipients"],
            )
        rate, least = result["delivery_rate"], self.min_delivery_rate
        only_sandbox = watch.sandbox == watch.counts.keys()
        if least is not None and rate is not None and rate < least and not only_sandbox:
            raise TooFewDelivered(
                f"{result['delivered']} of {result['recipients']} people got the text, a rate of {rate:.3f}; "
                f"min_delivery_rate is {least}"
            )
        return result

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Fail for good what no retry can help, and skip instead when ``soft_fail`` says so."""
        try:
            with no_useless_retry():
                yield
        except (AirflowFailException, AirflowSensorTimeout, SMSPartnerError) as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(f"Skipped instead of failing: {error}") from error
            raise

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        # Airflow's own backoff starts with half the interval and knows nothing of when the texts left
        if self._progress is None:
            return self.poke_interval
        return self._progress.wait(self.poke_interval, now=datetime.now(UTC))
