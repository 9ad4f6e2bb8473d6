"""How both kinds of send run: read, check, send, and return what became of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import OutsideSendingHoursError, SMSPartnerError
from airflow_provider_smspartner.links.smspartner import show_links
from airflow_provider_smspartner.operators.base import BaseSendOperator
from airflow_provider_smspartner.operators.hours import LATEST, HoursOver
from airflow_provider_smspartner.operators.lineage import read_lineage
from airflow_provider_smspartner.operators.runs import check_age, check_backfill
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.executions import counted_execution
from airflow_provider_smspartner.tasks.failures import HOPELESS, in_sentences, no_useless_retry
from airflow_provider_smspartner.tasks.identity import (
    Identity,
    dag_of,
    identify,
    tries_before,
    unfinished,
)
from airflow_provider_smspartner.tasks.telling import telling
from airflow_provider_smspartner.tasks.xcom import push
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY

# What only a run needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.api.answers import Account
    from airflow_provider_smspartner.audience import Audience
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.sending.budget import Quote
    from airflow_provider_smspartner.sending.engine import Sending
    from airflow_provider_smspartner.sending.plan import Outcome


class SendOperator(BaseSendOperator):
    """What both kinds of send share: the way they run."""

    _sending: Sending | None = None
    _is_killed = False
    _execution = 0
    _found: Audience | None = None
    account: Account | None = None
    """What the platform said of the account, once it was asked."""

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Send, and return counts and message ids (no phone number)."""
        show_links(self, context)
        later_try = tries_before(context)
        with telling(context, self._counted):
            if not later_try:
                with no_useless_retry():
                    check_age(context, self.max_run_age, allowed=self.allow_backfill)
            with counted_execution(context, self.task_id) as (self._execution, again):
                return self._execute(context, later_try=later_try or again)

    def resume(self, context: Context, event: Any = None, execution: int = 0) -> dict[str, Any]:
        """Go on after a wait that came before anything was sent.

        :param execution: which one of this try has waited.
        """
        self._execution = execution
        with telling(context, self._counted):
            return self._execute(context, later_try=tries_before(context))

    def resume_rest(
        self, context: Context, event: Any = None, send_at: datetime | None = None, execution: int = 0
    ) -> dict[str, Any]:
        """Go on after a wait in the middle of a send.

        :param send_at: the slot that was waited for, of a send whose own time the platform has refused.
        :param execution: which one of this try has waited.
        """
        self._execution = execution
        self.send_at = self.send_at if send_at is None else send_at
        with telling(context, self._counted):
            return self._execute(context, later_try=True)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the tables that the audience comes from; OpenLineage asks when the task has ended."""
        return read_lineage(self)

    def on_kill(self) -> None:
        """Start no further batch; those in flight are waited for and recorded.

        With ``cancel_on_kill``, what is scheduled on the platform is cancelled within the seconds that
        Airflow leaves, the rest by the next try.
        """
        self._is_killed = True
        if self._sending:
            self._sending.kill()

    def _counted(self) -> dict[str, int]:
        """Return what is known of the audience: also a try that fails has counted it."""
        if (found := self._found) is None:
            return {}
        counts = {name: getattr(found, name) for name in ("rows", "invalid", "duplicates", "excluded")}
        return {**counts, "recipients": len(found)}

    # ---- one try ------------------------------------------------------------------------------------

    def _text(self, send_at: datetime | None) -> Text:
        """Return what is sent, checked."""
        raise NotImplementedError

    def _execute(self, context: Context, *, later_try: bool) -> dict[str, Any]:
        from airflow_provider_smspartner.audience import check_quality
        from airflow_provider_smspartner.operators.audiences import read_audience
        from airflow_provider_smspartner.operators.limits import check_enough, check_limits
        from airflow_provider_smspartner.sending.plan import Outcome

        with no_useless_retry(), ExitStack() as stack:
            check_backfill(context, allowed=self.allow_backfill)
            self._check_tag()
            text = self._text(self._when(later_try=later_try))
            text = replace(text, options=self._within_hours(text.options))
            if not self.only_dry_run:
                self._sending = stack.enter_context(self._prepare(context, text, later_try=later_try))
                if self._is_killed:  # it came while the log was opened
                    self._sending.kill()
                if self.cancel_on_kill and later_try:
                    self._sending.has_past()  # before a long query: what is to be cancelled has a deadline
            found = self._found = read_audience(self, text, dag_id=dag_of(context, self))
            if self._sending and not later_try:  # a later try reads the same rows again
                count = self._counter(context, text)
                count(invalid=found.invalid, duplicates=found.duplicates, excluded=found.excluded)
            check_quality(found, on_invalid=self.on_invalid, max_invalid_rate=self.max_invalid_rate)
            check_enough(self, found, self._sending)
            quote = check_limits(self, found, text, self._sending) if found.rows else None
            if self._sending is None:
                return self._told(context, self._dry_result(found, text, quote))
            self._announce(context, found, text.options, quote)
            # Also for nobody: an earlier try may have sent, and may have left batches whose outcome is open
            outcome = self._send(self._sending, found, text.options) if quote or later_try else Outcome()
            return self._told(context, self._result(found, text.options, outcome, quote))

    def _dry_result(self, found: Audience, text: Text, quote: Quote | None) -> dict[str, Any]:
        from airflow_provider_smspartner.operators.results import dry_run_result

        shown = dry_run_result(
            found, text, quote, connection=self.smspartner_conn_id, redirected=self._is_redirected
        )
        for sample in shown["preview"]:
            self.log.info("Dry run, to %s: %s", sample["to"], sample["text"])
        return shown

    def _announce(
        self, context: Context, found: Audience, options: api.SendOptions, quote: Quote | None
    ) -> None:
        """Tell the campaign page what is about to be sent."""
        from airflow_provider_smspartner.operators.results import campaign_of

        identity = self._identity(context, options)
        begun = campaign_of(self, found, options, quote, identity=identity, redirected=self._is_redirected)
        push(context, CAMPAIGN_KEY, begun.as_dict())

    def _result(
        self, found: Audience, options: api.SendOptions, outcome: Outcome, quote: Quote | None
    ) -> dict[str, Any]:
        from airflow_provider_smspartner.operators.results import result_of

        if quote is None:
            self.log.info("No recipients: nothing to send")
        elif outcome.segments != quote.segments:
            self.log.info("%s segments were estimated, %s billed", quote.segments, outcome.segments)
        return result_of(
            found,
            options,
            outcome,
            quote,
            connection=self.smspartner_conn_id,
            redirected=self._is_redirected,
        )

    @property
    def _is_redirected(self) -> bool:
        return bool(self.hook.settings.redirect_to)

    def _counter(self, context: Context, text: Text) -> Callable[..., None]:
        return signals.counter(context, self.smspartner_conn_id, sandbox=text.options.sandbox)

    def _told(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Return the result, and leave its counts on the events of outlet assets."""
        signals.describe_outlets(context, self.outlets, {**result, "campaign": self.campaign})
        return result

    # ---- sending -----------------------------------------------------------------------------------

    def _identity(self, context: Context, options: api.SendOptions) -> Identity:
        return identify(
            context,
            self,
            connection=self.smspartner_conn_id,
            sandbox=options.sandbox,
            execution=self._execution,
        )

    def _prepare(self, context: Context, text: Text, *, later_try: bool) -> Sending:
        """Put the send together, and begin its log before anything else can fail."""
        from airflow_provider_smspartner.operators.logs import open_log
        from airflow_provider_smspartner.operators.plans import plan_of
        from airflow_provider_smspartner.sending.engine import Sending

        identity = self._identity(context, text.options)
        plan = plan_of(self, text, identity.name, later_try=later_try)
        send_log = open_log(self, context, plan, identity)
        if not later_try:
            send_log.begin()
        return Sending(plan, send_log, self.hook, count=self._counter(context, text))

    def account_name(self, needed: bool) -> str | None:
        """Return whom the platform says the key belongs to, if it was asked; it is asked if that is needed.

        :raises SMSPartnerError: it is needed, and the platform does not say.
        """
        from airflow_provider_smspartner.sending.budget import read_account

        if self.account is None and needed:
            self.account = read_account(self.hook, needed=True)
        return self.account.name if self.account else None

    def _send(self, sending: Sending, found: Audience, options: api.SendOptions) -> Outcome:
        if self.hook.settings.redirect_to:
            self.log.warning(
                "Connection %r redirects everything: each batch goes once to one number, to nobody else",
                self.smspartner_conn_id,
            )
        try:
            if options.send_at and datetime.now(UTC) - options.send_at > LATEST:
                self._refuse_late(sending.count_left(found.people), options.send_at)
            return sending.run(found.people)
        except (OutsideSendingHoursError, HoursOver) as error:
            self._wait_with_rest(error, options.send_at, sending.explain())
            raise  # deferring never returns
        except (AirflowFailException, *HOPELESS) as error:
            raise AirflowFailException(in_sentences(error, sending.explain())) from error
        except SMSPartnerError as error:
            raise unfinished(error, sending.explain()) from error
