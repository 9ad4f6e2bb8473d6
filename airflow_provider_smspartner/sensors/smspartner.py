"""``DeliveryStatusSensor``: waits until the delivery of a send is final."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_smspartner.exceptions import DeliveryFailed, InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.links.smspartner import LINKS, show_links
from airflow_provider_smspartner.rules import arguments
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.sensors.arguments import OF_THE_SEND, OfTheSend, default_deferrable, outputs
from airflow_provider_smspartner.sensors.asking import Asking, remembered_trouble
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.failures import no_useless_retry, refused_for_good
from airflow_provider_smspartner.tasks.telling import telling
from airflow_provider_smspartner.tasks.templates import RendersOnlyTheAuthor
from airflow_provider_smspartner.tasks.xcom import push
from airflow_provider_smspartner.tracking.handover import DELIVERY_KEY, Delivery, read_delivery
from airflow_provider_smspartner.tracking.progress import Progress
from airflow_provider_smspartner.tracking.verdict import Gates, judge
from airflow_provider_smspartner.tracking.watch import Watch, check_ids, check_sent, watch_ids, watch_sent

if TYPE_CHECKING:
    from airflow.sdk import Context

LONGEST = 366 * 86_400
"""Seconds that ``timeout`` and ``poke_interval`` may have."""


class RateMissed(DeliveryFailed, AirflowFailException):
    """A rate is final, so no retry can better it."""


class DeliveryStatusSensor(RendersOnlyTheAuthor, BaseSensorOperator):
    """Wait until every text of a send is delivered or has failed for good, or until the deadline.

    It polls once in the worker and then defers to the triggerer. At the deadline the rest counts as waiting:
    some phones never report, so by itself that fails nothing. It returns ``messages``, ``recipients``,
    ``delivered``, ``not_delivered``, ``waiting``, ``stop`` and ``delivery_rate`` (0 to 1, None for nobody).
    While it waits, it comes back to the worker after 1, 10 and 60 minutes and then every 6 hours, to tell the
    campaign page how far things are.

    :param sent: what a send operator returned, or a list of results (templated); an operator
        stands for its output.
    :param message_ids: one id or a list, instead of ``sent`` (templated).
    :param min_delivery_rate: fail at the end when a smaller share (0 to 1) was delivered. It does not
        apply to sandbox sends, which reach no phone.
    :param max_stop_rate: fail at the end when a larger share (0 to 1) answered STOP; likewise.
    :param settled: end when this share (0 to 1) of the reports is final, and judge both rates over the final
        ones; 1 waits for all of them.
    :param deferrable: by default what ``AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE`` says, and True where it
        is not set. False holds a worker: each poll for ``mode="reschedule"``, the
        default then, or all the time for ``mode="poke"``.
    :param poke_interval: seconds to the first poll; later ones come further apart, up to 30 minutes.
    :param timeout: seconds, 48 hours by default, counted from the latest of sending, schedule and, for texts
        with a STOP mention, the next moment at which such texts may leave.
    :param soft_fail: skip instead of failing.
    :param ledger_conn_id: a SQL ledger that gets each person's status, and with an inbox is asked first.
    :param smspartner_conn_id: connection of type ``smspartner`` for ``message_ids``. Results name their own;
        a result that names another one is refused.
    :raises DeliveryFailed: fewer were delivered than ``min_delivery_rate``, or ``max_stop_rate`` is passed.
    :raises AirflowSensorTimeout: the API could not be read at the deadline.

    .. seealso:: the vendor's page "Status by ID".
    """

    template_fields: Sequence[str] = ("sent", "message_ids")
    operator_extra_links = LINKS

    def __init__(
        self,
        *,
        sent: Any = None,
        message_ids: Any = None,
        min_delivery_rate: float | None = None,
        max_stop_rate: float | None = None,
        settled: float = 1,
        deferrable: bool | None = None,
        poke_interval: timedelta | float = 15,
        timeout: timedelta | float = 48 * 3600,
        ledger_conn_id: str | None = None,
        smspartner_conn_id: str = OF_THE_SEND,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("mode", "reschedule")
        with refused_for_good(str(kwargs.get("task_id"))):
            first_wait = arguments.seconds(poke_interval, "poke_interval", most=LONGEST)
            patience = arguments.seconds(timeout, "timeout", most=LONGEST)
        super().__init__(poke_interval=first_wait, timeout=patience, **kwargs)
        self.sent = outputs(sent)
        self.message_ids = message_ids
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        with refused_for_good(self.task_id):
            self.min_delivery_rate = arguments.optional(
                arguments.rate, min_delivery_rate, "min_delivery_rate"
            )
            self.max_stop_rate = arguments.optional(arguments.rate, max_stop_rate, "max_stop_rate")
            self.settled = arguments.rate(settled, "settled")
            self.ledger_conn_id = arguments.optional(arguments.name, ledger_conn_id, "ledger_conn_id")
            self.smspartner_conn_id = str(arguments.name(smspartner_conn_id, "smspartner_conn_id"))
            self._check_arguments()
        of_dag = (kwargs.get("default_args") or {}).get("smspartner_conn_id")
        self._is_given = not (isinstance(smspartner_conn_id, OfTheSend) or smspartner_conn_id == of_dag)
        self.patience = timedelta(seconds=self.timeout)
        self._progress: Progress | None = None
        self._last: Delivery | None = None
        self._asking = Asking(self.ledger_conn_id)

    @classmethod
    def may_be_mapped(cls, shared: Mapping[str, Any]) -> Sequence[str]:
        """Return which optional arguments must still come, given those that all mapped tasks share."""
        return () if {"sent", "message_ids"} & shared.keys() else ("sent",)

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        if (self.sent is None) == (self.message_ids is None):
            raise InvalidMessage("sent: give either sent, what a send operator returned, or message_ids")
        if self.sent is not None and literal(self.sent):
            check_sent(self.sent)
        if self.message_ids is not None and literal(self.message_ids):
            check_ids(self.message_ids)
        if not self.settled:
            raise InvalidMessage(
                "settled: with 0 the sensor would end before any report; give a share above 0"
            )
        for switch in ("deferrable", "soft_fail", "never_fail"):
            arguments.boolean(getattr(self, switch), switch)

    def execute(self, context: Context) -> Any:
        """Poll once; then defer, or poke as ``mode`` says."""
        show_links(context)
        with self._failing(context):
            if not self.deferrable:
                # Ours is the deadline that counts: it starts with the send, Airflow's with the task
                self.timeout = (2 * self.patience + timedelta(days=365)).total_seconds()
                return super().execute(context)
            watch = self._watch(context)
            progress, deadline = Progress(watch=watch), watch.leaves_by + self.patience
            if self._poll(context, progress, deadline):
                return self._end(context, progress.result(), watch)
        following = {
            "smspartner_conn_id": watch.connection,
            "deadline": deadline.isoformat(),
            "poke_interval": self.poke_interval,
            "handed_over": datetime.now(UTC).isoformat(),
            "enough": self.settled,
            "ledger_conn_id": self._asking.ledger_of(watch),
            **progress.remaining(),
        }
        return self._defer(following)

    def _defer(self, following: dict[str, Any]) -> None:
        from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger

        left = datetime.fromisoformat(following["deadline"]) - datetime.now(UTC)
        self.defer(
            trigger=DeliveryStatusTrigger(**following),
            method_name="execute_complete",
            # only for a trigger that does not come back: its own deadline comes first
            timeout=max(left, timedelta(0)) + timedelta(hours=1),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Tell what the trigger brought, and judge it or, when it was not the end, defer again."""
        with self._failing(context):
            if not event or "result" not in event:
                raise SMSPartnerError("The trigger ended without a result; clear the task to look again")
            if event["failure"]:
                raise (AirflowFailException if event["hopeless"] else SMSPartnerError)(event["failure"])
            if event["unreadable"]:
                raise AirflowSensorTimeout(
                    f"At the deadline the API could not be read: {event['unreadable']}"
                )
            delivery = read_delivery(event)
            if delivery is not None:  # triggers of the first versions bring the result alone
                again = event.get("again")
                deadline = datetime.fromisoformat(again["deadline"]) if again else None
                self._tell(context, delivery, deadline)
            if not event.get("again"):
                return self._end(context, event["result"], self._watch(context))
        return self._defer(event["again"])

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll once; for ``deferrable=False``."""
        with no_useless_retry():
            watch = self._watch(context) if self._progress is None else self._progress.watch
            self._progress = self._progress or Progress(watch=watch)
            store = context.get("task_state_store") if self.reschedule else None
            with remembered_trouble(store, self._progress):
                done = self._poll(context, self._progress, watch.leaves_by + self.patience)
            return PokeReturnValue(done, self._end(context, self._progress.result(), watch) if done else None)

    def _watch(self, context: Context) -> Watch:
        ti = context.get("ti")
        rescheduled = not self.deferrable and self.reschedule
        first = ti.get_first_reschedule_date(context) if ti and rescheduled else None
        began = first or datetime.now(UTC)
        own = self.smspartner_conn_id
        if self.message_ids is not None:
            return replace(watch_ids(self.message_ids, now=began, connection=own), began=began)
        watch = watch_sent(self.sent, now=began, connection=own, is_given=self._is_given)
        if watch.skipped:
            self.log.info(
                "No result came from %s of the sends (skipped, or marked): nothing of theirs is followed",
                watch.skipped,
            )
        if watch.sandbox and self.settled < 1:
            raise InvalidMessage(
                "settled: a sandbox send reaches no phone, so no share of its reports is ever final; omit "
                "settled, or send for real"
            )
        return replace(watch, began=began)

    def _poll(self, context: Context, progress: Progress, deadline: datetime) -> bool:
        """Ask for every open message and tell what came; True when nothing more is to be waited for.

        :raises AirflowSensorTimeout: the deadline has come and the API could not be read.
        """
        poll = self._asking.poll(progress, lambda: datetime.now(UTC))
        now = datetime.now(UTC)
        progress.conclude(poll, now=now, last=now >= deadline)
        if progress.problem and now >= deadline:
            raise AirflowSensorTimeout(f"At the deadline the API could not be read: {progress.problem}")
        enough = progress.problem is None and progress.is_settled(self.settled)
        done = not progress.open_ids or now >= deadline or enough
        if not progress.problem:
            self._tell(context, progress.delivery(now=now, final=done), None if done else deadline)
        return done

    def _tell(self, context: Context, delivery: Delivery, deadline: datetime | None) -> None:
        """Hand over to the campaign page what has changed."""
        follows = tuple(sorted(self.upstream_task_ids))
        delivery = replace(delivery, gates=self._gates, follows=follows, deadline=deadline)
        if self._last is None or replace(self._last, at=delivery.at) != delivery:
            push(context, DELIVERY_KEY, delivery.as_dict())
        self._last = delivery

    def _end(self, context: Context, result: dict[str, Any], watch: Watch) -> dict[str, Any]:
        """Return the counts, unless a rate is missed."""
        if self.ledger_conn_id is not None:
            self._asking.record(watch, str(self.ledger_conn_id))
        self.log.info("Delivery: %s", ", ".join(f"{name} {value}" for name, value in result.items()))
        verdict = judge(result, self._gates)
        if verdict.is_settled:
            self.log.info("%s of %s reports are final: settled", verdict.people, result["recipients"])
        elif result["waiting"]:
            people = result["recipients"]
            self.log.warning(
                "%s of %s people have no final report; some phones never send one", result["waiting"], people
            )
        only_sandbox = watch.sandbox == watch.counts.keys()
        connections = tuple(watch.by_connection(watch.counts)) or (self.smspartner_conn_id,)
        signals.tell_delivery(context, result, connections, outlets=self.outlets, sandbox=only_sandbox)
        if verdict.missed and not only_sandbox:
            raise RateMissed(verdict.missed)
        return result

    @property
    def _gates(self) -> Gates:
        return Gates(
            settled=self.settled,
            min_delivery_rate=self.min_delivery_rate,
            max_stop_rate=self.max_stop_rate,
        )

    @contextmanager
    def _failing(self, context: Context) -> Iterator[None]:
        """Fail for good what no retry can help, and skip instead when ``soft_fail`` says so."""
        try:
            with telling(context), no_useless_retry():
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
