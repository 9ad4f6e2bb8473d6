"""What both kinds of send share: recipients, limits, hours, log and result."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import api, budget
from airflow_provider_smspartner.exceptions import (
    APIError,
    InvalidMessage,
    OutsideSendingHoursError,
    SMSPartnerError,
)
from airflow_provider_smspartner.failures import HOPELESS, no_useless_retry
from airflow_provider_smspartner.lookup import read_stop_list
from airflow_provider_smspartner.operators.arguments import (
    check_countries,
    counted,
    literal,
    money,
    one_of,
    plain,
    template_source,
    warehouse,
    whole,
)
from airflow_provider_smspartner.operators.hours import LATEST, HoursOver, KeepsHours
from airflow_provider_smspartner.rules import batches, message, schedule
from airflow_provider_smspartner.rules.people import Person, Recogniser
from airflow_provider_smspartner.rules.sending_hours import REGIONS, next_slot

# What only a run needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_provider_smspartner import audience
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.plan import Outcome
    from airflow_provider_smspartner.sending import Sending


class SendOperator(KeepsHours):
    """What both kinds of send share."""

    template_fields: Sequence[str] = (
        "recipients",
        "sql",
        "parameters",
        "warehouse_conn_id",
        "tag",
        "send_at",
        "max_recipients",
        "max_cost",
        "campaign",
        "ledger_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}

    def __init__(
        self,
        *,
        recipients: Any = None,
        sql: str | None = None,
        parameters: Iterable[Any] | Mapping[str, Any] | None = None,
        warehouse_conn_id: str | None = None,
        phone_column: str = "phone_number",
        default_region: str = "FR",
        countries: Collection[str] | None = None,
        tag: str | None = None,
        send_at: str | datetime | None = None,
        on_invalid: str = "skip",
        max_invalid_rate: float = 0.5,
        exclude_stop_list: bool = False,
        sending_hours: str = "platform",
        sending_region: str = "FR",
        max_recipients: int | str | None = None,
        max_cost: Decimal | float | str | None = None,
        on_unknown: str = "verify",
        verify_timeout: float = 300,
        concurrency: int = 4,
        durable: bool = True,
        campaign: str | None = None,
        ledger_conn_id: str | None = None,
        event_column: str | None = None,
        allow_backfill: bool = False,
        dry_run: bool = False,
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.recipients = recipients
        self.sql = sql
        self.parameters = parameters
        self.warehouse_conn_id = warehouse_conn_id
        self.phone_column = phone_column
        self.default_region = default_region
        self.countries = countries
        self.tag = tag
        self.send_at = send_at
        self.on_invalid = on_invalid
        self.max_invalid_rate = max_invalid_rate
        self.exclude_stop_list = exclude_stop_list
        self.sending_hours = sending_hours
        self.sending_region = sending_region
        self.max_recipients = max_recipients
        self.max_cost = max_cost
        self.on_unknown = on_unknown
        self.verify_timeout = verify_timeout
        self.concurrency = concurrency
        self.durable = durable
        self.campaign = campaign
        self.ledger_conn_id = ledger_conn_id
        self.event_column = event_column
        self.allow_backfill = allow_backfill
        self.only_dry_run = dry_run  # BaseOperator.dry_run is a method
        self.smspartner_conn_id = smspartner_conn_id
        self._sending: Sending | None = None
        self._check_arguments()

    # ---- when the DAG is parsed --------------------------------------------------------------------

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        if (self.recipients is None) == (self.sql is None):
            raise InvalidMessage("recipients: give either recipients, or sql with warehouse_conn_id")
        if (self.sql is None) != (self.warehouse_conn_id is None):
            raise InvalidMessage("warehouse_conn_id: sql needs a warehouse_conn_id, and the other way round")
        if self.sql is None and self.parameters is not None:
            raise InvalidMessage("parameters: they belong to sql, and there is none")
        one_of(self.on_invalid, ("skip", "fail"), "on_invalid")
        one_of(self.on_unknown, ("verify", "fail", "resend"), "on_unknown")
        one_of(self.sending_hours, ("platform", "wait", "schedule", "fail"), "sending_hours")
        one_of(self.sending_region, REGIONS, "sending_region")
        check_countries(self.countries)
        if not 0 <= self.max_invalid_rate <= 1:
            raise InvalidMessage(f"max_invalid_rate: {self.max_invalid_rate!r} is not between 0 and 1")
        if self.concurrency not in range(1, 65):
            raise InvalidMessage(f"concurrency: {self.concurrency!r} is not a whole number from 1 to 64")
        if not 0 <= self.verify_timeout <= 86_400:
            raise InvalidMessage(f"verify_timeout: {self.verify_timeout!r} is not from 0 to 86400 seconds")
        self._check_ledger()
        if literal(self.max_recipients):
            whole(self.max_recipients, "max_recipients")
        if literal(self.max_cost):
            money(self.max_cost, "max_cost")
        if literal(self.tag):
            self._check_tag()
        if literal(self.send_at):
            schedule.parse(self.send_at)  # type: ignore[arg-type]  # it refuses what is no time

    def _check_ledger(self) -> None:
        if (self.campaign is None) != (self.ledger_conn_id is None):
            raise InvalidMessage(
                "campaign: a ledger needs a campaign to remember people by, and a campaign a ledger_conn_id; "
                "give both, or none"
            )
        if self.event_column is not None and self.ledger_conn_id is None:
            raise InvalidMessage(
                "event_column: events are remembered in a ledger; give ledger_conn_id and campaign too"
            )

    def _check_tag(self) -> None:
        if self.tag is not None:
            message.check_tag(self.tag, longest=batches.LONGEST_USER_TAG)

    # ---- templates ---------------------------------------------------------------------------------

    def resolve_template_files(self) -> None:
        """Read ``sql`` from a file when it names one; a message that ends in ".sql" stays a message."""
        if isinstance(self.sql, str) and self.sql.endswith(".sql"):
            self.sql = template_source(self.sql, self.get_template_env())
        self.prepare_template()

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # The one step that plain and mapped tasks share; what Airflow stores and shows is read after it
        if parent is self:
            self.resolve_template_files()  # Airflow does it for plain tasks only
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            self.recipients = counted(self.recipients, "recipients")
            self.parameters = counted(self.parameters, "parameters")

    # ---- running -----------------------------------------------------------------------------------

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Send, and return counts and message ids (no phone number)."""
        return self._execute(context, later_try=tries_before(context))

    def resume(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on after a wait that came before anything was sent."""
        return self._execute(context, later_try=tries_before(context))

    def resume_rest(
        self, context: Context, event: Any = None, send_at: datetime | None = None
    ) -> dict[str, Any]:
        """Go on after a wait in the middle of a send.

        :param send_at: the slot that was waited for, of a send whose own time the platform has refused.
        """
        self.send_at = self.send_at if send_at is None else send_at
        return self._execute(context, later_try=True)

    def _execute(self, context: Context, *, later_try: bool) -> dict[str, Any]:
        from airflow_provider_smspartner.audience import check_quality
        from airflow_provider_smspartner.operators import results
        from airflow_provider_smspartner.plan import Outcome

        with no_useless_retry():
            self._check_backfill(context)
            self._check_tag()
            text = self._text(self._when(later_try=later_try))
            text = replace(text, options=self._within_hours(text.options))
            if not self.only_dry_run:
                self._sending = self._prepare(context, text, later_try=later_try)
            found = self._audience(text)
            check_quality(found, on_invalid=self.on_invalid, max_invalid_rate=self.max_invalid_rate)
            quote = self._check_limits(found, text) if found.rows else None
            redirected = bool(self.hook.settings.redirect_to)
            if self._sending is None:
                shown = results.dry_run_result(found, text, quote, redirected=redirected)
                for sample in shown["preview"]:
                    self.log.info("Dry run, to %s: %s", sample["to"], sample["text"])
                return shown
            # Also for nobody: an earlier try may have sent, and may have left batches whose outcome is open
            outcome = self._send(self._sending, found, text.options) if quote or later_try else Outcome()
            if quote is None:
                self.log.info("No recipients: nothing to send")
            elif outcome.segments != quote.segments:
                self.log.info("%s segments were estimated, %s billed", quote.segments, outcome.segments)
            return results.result_of(found, text.options, outcome, quote, redirected=redirected)

    def on_kill(self) -> None:
        """Start no further batch; those in flight are waited for and recorded."""
        if self._sending:
            self._sending.stop()

    def _text(self, send_at: datetime | None) -> Text:
        """Return what is sent, checked."""
        raise NotImplementedError

    def _check_backfill(self, context: Context) -> None:
        run = context.get("dag_run")
        kind = str(getattr(getattr(run, "run_type", ""), "value", getattr(run, "run_type", "")))
        if kind == "backfill" and not self.allow_backfill:
            raise InvalidMessage(
                "allow_backfill: this run is a backfill and would text people for days gone by; nothing was "
                "sent. Set allow_backfill=True if that is what you want"
            )

    # ---- who, and for how much ---------------------------------------------------------------------

    def _audience(self, text: Text) -> audience.Audience:
        from airflow_provider_smspartner import audience

        columns = audience.Columns(self.phone_column, self.event_column, text.columns)
        rules = audience.Rules(
            region=self.default_region,
            countries=None if self.countries is None else frozenset(self.countries),
            left_out=read_stop_list(self.hook.call) if self.exclude_stop_list else frozenset(),
            events=self.event_column is not None,
            measure=text.measure,
        )
        if self.sql is None:
            found = audience.gather(audience.from_given(plain(self.recipients), columns), rules)
        else:
            hook, parameters = warehouse(str(self.warehouse_conn_id)), plain(self.parameters)
            found = audience.read_sql(hook, self.sql, parameters, columns, rules)
        counts = (found.rows, len(found), found.invalid, found.duplicates, found.excluded)
        self.log.info("%s rows: %s recipients, %s invalid, %s duplicates, %s excluded", *counts)
        for reason in found.explained:
            self.log.warning("Left out, %s", reason)
        return found

    def _check_limits(self, found: audience.Audience, text: Text) -> budget.Quote:
        """Refuse what is too much, and return what it will take."""
        settings, most = self.hook.settings, money(self.max_cost, "max_cost")
        budget.check_people(
            len(found),
            most=whole(self.max_recipients, "max_recipients"),
            cap=settings.max_recipients,
            conn_id=self.smspartner_conn_id,
        )
        free = text.options.sandbox or bool(settings.redirect_to)
        needed = most is not None and settings.price_per_segment is None
        account = None if free and not needed else budget.read_account(self.hook, needed=needed)
        low_cost = text.options.sms_range == "low_cost"
        segments = found.segments if text.measure else text.segments * len(found)
        price = budget.price_of(settings, account, low_cost=low_cost)
        currency = (account.currency if account else None) or "EUR"
        quote = budget.Quote(people=len(found), segments=segments, price=price, currency=currency)
        budget.check_cost(quote, most=most)
        if account is not None and not free:
            budget.check_balance(self._left(found, quote), account)
        self.log.info("%s", quote)
        return quote

    def _left(self, found: audience.Audience, quote: budget.Quote) -> budget.Quote:
        """Return what is still to be paid, when earlier tries have sent some of it."""
        if self._sending is None or not self._sending.has_past():
            return quote
        people = self._sending.count_left(found.people)
        return replace(quote, people=people, segments=-(-quote.segments * people // max(1, quote.people)))

    # ---- sending -----------------------------------------------------------------------------------

    def _prepare(self, context: Context, text: Text, *, later_try: bool) -> Sending:
        """Put the send together, and begin its log before anything else can fail."""
        from airflow_provider_smspartner.operators import logs
        from airflow_provider_smspartner.plan import Plan
        from airflow_provider_smspartner.sending import Sending

        settings, options = self.hook.settings, text.options
        name = (self.smspartner_conn_id, options.sandbox, *identity(context, self))

        def make_call(people: Sequence[Person], tag: str) -> api.Call[Any]:
            if settings.redirect_to:
                people = [people[0]._replace(number=settings.redirect_to)]
            now = datetime.now(UTC)
            when = options.send_at if options.send_at and options.send_at > now else None
            if when is None and self.sending_hours != "platform":
                self._check_hour(now)
            return text.make_call(people, replace(options, tag=tag, send_at=when))

        now = datetime.now(UTC)
        soon = now + timedelta(hours=1)  # the night may begin before the last answer
        held = next_slot(now) != now or next_slot(soon) != soon
        plan = Plan(
            make_call=make_call,
            tag_of=lambda ordinal: batches.batch_tag(name, ordinal, self.tag),
            recogniser=Recogniser(settings.api_key, name),
            concurrency=self.concurrency,
            on_unknown=self.on_unknown,
            verify_timeout=self.verify_timeout,
            longest_request=self.hook.longest_request,
            later_try=later_try,
            invisible=options.sandbox or options.send_at is not None or held,
            redirect_to=settings.redirect_to,
        )
        send_log = logs.open_log(self, context, plan, name)
        if not later_try:
            send_log.begin()
        return Sending(plan, send_log, self.hook)

    def _send(self, sending: Sending, found: audience.Audience, options: api.SendOptions) -> Outcome:
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
            raise AirflowFailException(f"{error}{sending.explain()}") from error
        except SMSPartnerError as error:
            raise unfinished(error, sending.explain()) from error


def tries_before(context: Context) -> bool:
    """Tell whether a try of this task instance has gone before."""
    ti = context.get("ti")
    return ti is not None and int(ti.try_number) > 1


def unfinished(error: SMSPartnerError, rest: str) -> SMSPartnerError:
    """Return the error of a try that did not get through, of its own class where that takes a text."""
    kind = SMSPartnerError if isinstance(error, APIError) else type(error)
    return kind(f"{error}{rest} A later try sends to those who are missing.")


def identity(context: Context, task: BaseOperator) -> tuple[str, ...]:
    """Name this task instance, the same in all of its tries."""
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow: a campaign of its own each time
        return (task.task_id, uuid.uuid4().hex)
    return (str(ti.dag_id), str(ti.run_id), str(ti.task_id), str(ti.map_index))
