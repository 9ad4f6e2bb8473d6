"""How both kinds of send run: ``execute`` turns the operator into values, and hands them to ``SendRun``."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.links.smspartner import show_links
from airflow_provider_smspartner.operators.arguments import plain
from airflow_provider_smspartner.operators.base import BaseSendOperator
from airflow_provider_smspartner.operators.hours import moment_of
from airflow_provider_smspartner.operators.lineage import read_lineage
from airflow_provider_smspartner.operators.orders import (
    Durability,
    Hours,
    Limits,
    Order,
    Policy,
    Recipients,
)
from airflow_provider_smspartner.operators.runs import check_age, check_backfill
from airflow_provider_smspartner.rules.frequency import read_frequency
from airflow_provider_smspartner.rules.share import read_share
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.executions import counted_execution
from airflow_provider_smspartner.tasks.failures import no_useless_retry
from airflow_provider_smspartner.tasks.identity import dag_of, identify, tries_before
from airflow_provider_smspartner.tasks.telling import telling

# What only a run needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.running import SendRun
    from airflow_provider_smspartner.operators.texts import Text


class SendOperator(BaseSendOperator):
    """What both kinds of send share: the way they run."""

    _run: SendRun | None = None
    _is_killed = False
    _execution = 0

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Send, and return counts and message ids (no phone number)."""
        show_links(context)
        later_try = tries_before(context)
        with telling(context, self._counts):
            if not later_try:
                with no_useless_retry():
                    check_age(context, self.max_run_age, allowed=self.allow_backfill)
            with counted_execution(context, self.task_id, self) as (self._execution, again):
                return self._send(context, later_try=later_try or again)

    def resume(self, context: Context, event: Any = None, execution: int = 0) -> dict[str, Any]:
        """Go on after a wait that came before anything was sent.

        :param execution: which one of this try has waited.
        """
        self._execution = execution
        with telling(context, self._counts):
            return self._send(context, later_try=tries_before(context))

    def resume_rest(
        self, context: Context, event: Any = None, send_at: datetime | None = None, execution: int = 0
    ) -> dict[str, Any]:
        """Go on after a wait in the middle of a send.

        :param send_at: the slot that was waited for, of a send whose own time the platform has refused.
        :param execution: which one of this try has waited.
        """
        self._execution = execution
        self.send_at = self.send_at if send_at is None else send_at
        with telling(context, self._counts):
            return self._send(context, later_try=True)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the tables that the audience comes from; OpenLineage asks when the task has ended."""
        return read_lineage(self.sql, self.warehouse_conn_id, has_parameters=self.parameters is not None)

    def on_kill(self) -> None:
        """Start no further batch; those in flight are waited for and recorded.

        With ``cancel_on_kill``, what is scheduled on the platform is cancelled within the seconds that
        Airflow leaves, the rest by the next try.
        """
        self._is_killed = True
        if self._run:
            self._run.kill()

    def _counts(self) -> dict[str, int]:
        return self._run.counts() if self._run else {}

    # ---- one try ------------------------------------------------------------------------------------

    def _text(self, send_at: datetime | None) -> Text:
        """Return what is sent, checked."""
        raise NotImplementedError

    def _send(self, context: Context, *, later_try: bool) -> dict[str, Any]:
        from airflow_provider_smspartner.operators.running import SendRun, Surroundings

        with no_useless_retry():
            check_backfill(context, allowed=self.allow_backfill)
            self.check_rendered()
            text = self._text(moment_of(self.send_at, later_try=later_try, log=self.log))
            identity = identify(
                context,
                self.task_id,
                connection=self.smspartner_conn_id,
                sandbox=text.options.sandbox,
                execution=self._execution,
            )
            surroundings = Surroundings(
                context=context,
                identity=identity,
                hook=self.hook,
                log=self.log,
                wait=self._wait_until,
                later_try=later_try,
            )
            self._run = SendRun(self._order(context), text, surroundings)
            if self._is_killed:  # it came before there was a run
                self._run.kill()
            result = self._run.send()
            # No phone number is in a result, and what is no plain value stays out of the events
            signals.describe_outlets(context, self.outlets, {**result, "campaign": self.campaign})
            return result

    def _order(self, context: Context) -> Order:
        """Return what this operator is told, as it stands after rendering."""
        return Order(
            kind=self.kind,
            connection=self.smspartner_conn_id,
            tag=self.tag,
            dry_run=self.only_dry_run,
            recipients=self._recipients(dag_of(context, self.dag_id)),
            limits=Limits(
                min_recipients=self.min_recipients,
                max_recipients=self.max_recipients,
                max_cost=self.max_cost,
            ),
            durability=self._durability(),
            policy=Policy(
                concurrency=self.concurrency,
                on_unknown=self.on_unknown,
                verify_timeout=self.verify_timeout,
                max_rejected_rate=self.max_rejected_rate,
                cancel_on_kill=self.cancel_on_kill,
            ),
            hours=Hours(rule=self.sending_hours, region=self.sending_region),
        )

    def _recipients(self, dag_id: str) -> Recipients:
        # Tasks of one campaign, or of one DAG, share one order of people
        salt = dag_id if self.campaign is None else self.campaign
        return Recipients(
            given=plain(self.recipients),
            sql=self.sql,
            parameters=plain(self.parameters),
            warehouse_conn_id=self.warehouse_conn_id,
            phone_column=self.phone_column,
            event_column=self.event_column,
            region=self.default_region,
            countries=None if self.countries is None else frozenset(self.countries),
            share=None if self.share is None else read_share(self.share, salt),
            exclude_stop_list=self.exclude_stop_list,
            on_invalid=self.on_invalid,
            max_invalid_rate=self.max_invalid_rate,
        )

    def _durability(self) -> Durability:
        return Durability(
            durable=self.durable,
            campaign=self.campaign,
            ledger_conn_id=self.ledger_conn_id,
            at_most=None if self.at_most is None else read_frequency(self.at_most),
        )

    def _wait_until(self, slot: datetime, method: str = "resume", **kwargs: Any) -> None:
        """Defer to a slot; the audience is evaluated then, so that opt-outs until then count."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.log.info("Waiting for the next allowed slot, %s", slot.isoformat())
        if self._execution:
            kwargs["execution"] = self._execution
        self.defer(trigger=DateTimeTrigger(moment=slot), method_name=method, kwargs=kwargs)
