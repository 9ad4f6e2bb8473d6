"""What both kinds of send are given: their arguments, checked when the DAG is parsed, and their templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.links.smspartner import LINKS
from airflow_provider_smspartner.operators.arguments import (
    check_sql,
    counted,
    is_default,
    plain,
    template_source,
)
from airflow_provider_smspartner.operators.runs import check_limit
from airflow_provider_smspartner.rules import arguments, batches, message, schedule
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.rules.countries import check_countries, check_country, check_told_apart
from airflow_provider_smspartner.rules.frequency import read_frequency
from airflow_provider_smspartner.rules.sending_hours import check_region
from airflow_provider_smspartner.rules.share import read_share
from airflow_provider_smspartner.tasks.failures import refused_for_good
from airflow_provider_smspartner.tasks.templates import RendersOnlyTheAuthor


class BaseSendOperator(RendersOnlyTheAuthor):
    """The arguments that both kinds of send share."""

    template_fields: Sequence[str] = (
        "recipients",
        "sql",
        "parameters",
        "warehouse_conn_id",
        "tag",
        "send_at",
        "min_recipients",
        "max_recipients",
        "max_cost",
        "campaign",
        "ledger_conn_id",
    )
    text_fields: Sequence[str] = ("sql", "warehouse_conn_id", "tag", "campaign", "ledger_conn_id")
    number_fields: Sequence[str] = ("recipients",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}
    operator_extra_links = LINKS
    kind: ClassVar[str] = "sms"
    """What the campaign page calls it."""

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
        max_rejected_rate: float = 0.5,
        exclude_stop_list: bool = False,
        sending_hours: str = "platform",
        sending_region: str = "FR",
        share: Sequence[float] | None = None,
        min_recipients: int | str | None = None,
        max_recipients: int | str | None = None,
        max_cost: Decimal | float | str | None = None,
        on_unknown: str = "verify",
        verify_timeout: float = 300,
        concurrency: int = 4,
        durable: bool = True,
        campaign: str | None = None,
        ledger_conn_id: str | None = None,
        event_column: str | None = None,
        at_most: tuple[int, timedelta] | None = None,
        allow_backfill: bool = False,
        max_run_age: timedelta | None = timedelta(days=1),
        cancel_on_kill: bool = False,
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
        self.max_rejected_rate = max_rejected_rate
        self.exclude_stop_list = exclude_stop_list
        self.sending_hours = sending_hours
        self.sending_region = sending_region
        self.share = share
        self.min_recipients = min_recipients
        self.max_recipients = max_recipients
        self.max_cost = max_cost
        self.on_unknown = on_unknown
        self.verify_timeout = verify_timeout
        self.concurrency = concurrency
        self.durable = durable
        self.campaign = campaign
        self.ledger_conn_id = ledger_conn_id
        self.event_column = event_column
        self.at_most = at_most
        self.allow_backfill = allow_backfill
        self.max_run_age = max_run_age
        self.cancel_on_kill = cancel_on_kill
        self.only_dry_run = dry_run  # BaseOperator.dry_run is a method
        self.smspartner_conn_id = smspartner_conn_id
        self._normalize(kwargs.get("default_args") or {})
        with refused_for_good(self.task_id):
            self._check_arguments()

    # ---- when the DAG is parsed --------------------------------------------------------------------

    @classmethod
    def may_be_mapped(cls, shared: Mapping[str, Any]) -> Sequence[str]:
        """Return which optional arguments must still come, given those that all mapped tasks share."""
        given = {name for name, value in shared.items() if value is not None}
        query = {"sql", "parameters", "warehouse_conn_id"}
        people = (
            ["recipients"] if "recipients" in given or not query & given else ["sql", "warehouse_conn_id"]
        )
        remembered = {"campaign", "ledger_conn_id", "event_column", "at_most", "cancel_on_kill"} & given
        return [*people, *(("campaign", "ledger_conn_id") if remembered else ())]

    def _normalize(self, defaults: Mapping[str, Any]) -> None:
        """Drop what only the DAG's ``default_args`` give and this task does not need.

        No limit is dropped: whoever writes ``at_most`` counts on it.
        """
        of_query = ("warehouse_conn_id", "parameters") if self.sql is None else ()
        of_ledger = ("ledger_conn_id", "event_column") if self.campaign is None else ()
        for name in (*of_query, *of_ledger):
            if is_default(getattr(self, name), defaults.get(name)):
                setattr(self, name, None)

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        if (self.recipients is None) == (self.sql is None):
            raise InvalidMessage("recipients: give either recipients, or sql with warehouse_conn_id")
        if (self.sql is None) != (self.warehouse_conn_id is None):
            raise InvalidMessage("warehouse_conn_id: sql needs a warehouse_conn_id, and the other way round")
        if self.sql is None and self.parameters is not None:
            raise InvalidMessage("parameters: they belong to sql, and there is none")
        check_sql(self.sql)
        self._check_fixed()
        self._check_ledger()
        self._check_templated()

    def _check_fixed(self) -> None:
        """Read the arguments that are no templates."""
        arguments.one_of(self.on_invalid, ("skip", "fail"), "on_invalid")
        arguments.one_of(self.on_unknown, ("verify", "fail", "resend"), "on_unknown")
        arguments.one_of(self.sending_hours, ("platform", "wait", "schedule", "fail"), "sending_hours")
        check_region(self.sending_region, "sending_region")
        check_country(self.default_region, "default_region")
        check_countries(self.countries)
        check_told_apart(self.countries or ())
        self.max_invalid_rate = arguments.rate(self.max_invalid_rate, "max_invalid_rate")
        self.max_rejected_rate = arguments.rate(self.max_rejected_rate, "max_rejected_rate")
        self.concurrency = arguments.whole(self.concurrency, "concurrency", most=64, texts=False)
        self.verify_timeout = arguments.seconds(self.verify_timeout, "verify_timeout", most=86_400)
        arguments.name(self.phone_column, "phone_column")
        arguments.optional(arguments.name, self.event_column, "event_column")
        if self.share is not None:
            read_share(self.share)
        if self.at_most is not None:
            read_frequency(self.at_most)
        arguments.name(self.smspartner_conn_id, "smspartner_conn_id")
        for switch in ("exclude_stop_list", "durable", "allow_backfill", "cancel_on_kill"):
            setattr(self, switch, arguments.boolean(getattr(self, switch), switch))
        self.only_dry_run = arguments.boolean(self.only_dry_run, "dry_run")
        check_limit(self.max_run_age)

    def _check_templated(self) -> None:
        """Refuse what is wrong already before a template is rendered."""
        self._check_names(literal)
        if literal(self.recipients) and self.recipients is not None:
            arguments.people(self.recipients, "recipients")
        if literal(self.parameters) and self.parameters is not None:
            arguments.values(self.parameters, "parameters")
        for argument in ("min_recipients", "max_recipients"):
            if literal(value := getattr(self, argument)):
                arguments.optional(arguments.whole, value, argument)
        if literal(self.max_cost):
            arguments.optional(arguments.money, self.max_cost, "max_cost")
        if literal(self.send_at) and self.send_at is not None:
            schedule.parse(self.send_at)

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
        if self.at_most is not None and self.ledger_conn_id is None:
            raise InvalidMessage(
                "at_most: only a ledger knows what other campaigns sent; give ledger_conn_id and campaign too"
            )
        if self.cancel_on_kill and not self.durable and self.ledger_conn_id is None:
            raise InvalidMessage(
                "cancel_on_kill: a later try has to know what was to be cancelled; leave durable at True, "
                "or give a ledger"
            )

    def _check_names(self, is_known: Callable[[object], bool]) -> None:
        for argument in ("sql", "warehouse_conn_id", "campaign", "ledger_conn_id"):
            if is_known(value := getattr(self, argument)):
                arguments.optional(arguments.name, value, argument)
        if self.tag is not None and is_known(self.tag):
            message.check_tag(self.tag, longest=batches.LONGEST_USER_TAG)

    def check_rendered(self) -> None:
        """Refuse what can be known to be wrong now, and what has come out as nothing.

        :raises InvalidMessage: the sentence names the argument.
        """
        super().check_rendered()
        self._check_names(lambda _: True)
        self._check_ledger()
        if (parameters := plain(self.parameters)) is not None:
            arguments.values(parameters, "parameters")

    # ---- templates ---------------------------------------------------------------------------------

    def resolve_template_files(self) -> None:
        """Read ``sql`` from a file when it names one; a message that ends in ".sql" stays a message."""
        if isinstance(self.sql, str) and self.sql.endswith(".sql") and not self.is_from_data("sql"):
            self.sql = template_source("sql", self.sql, self.get_template_env())
        self.prepare_template()

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # The one step that plain and mapped tasks share; what Airflow stores and shows is read after it
        if parent is self:
            self.note_sources()
            self.resolve_template_files()  # Airflow does it for plain tasks only
        try:
            super()._do_render_template_fields(parent, *args, **kwargs)
        finally:  # OpenLineage is told of the task also when a template fails
            if parent is self:
                self.recipients = counted(self.recipients, "recipients")
                self.parameters = counted(self.parameters, "parameters")
