"""``StopListOperator``: who wants no more texts, from the platform into a warehouse and the other way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidRequestError, StopListError
from airflow_provider_smspartner.operators.arguments import check_sql, warehouse
from airflow_provider_smspartner.rules import arguments
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.rules.countries import check_country
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.failures import no_useless_retry, refused_for_good
from airflow_provider_smspartner.tasks.templates import RendersOnlyTheAuthor

# What only a run needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.audience.stop_table import StopTable
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

NOTED_AT_ONCE: Final = 50
"""People put on the STOP list before the table is told; those a kill loses it learns from the next list."""


class StopListOperator(RendersOnlyTheAuthor):
    """Copy the account's STOP list into a table of the warehouse, and put people of the warehouse on it.

    The table has ``phone_number`` (E.164), ``stopped_at`` (UTC) and ``source``: "platform", or "warehouse"
    for those of ``push_sql``. Rows are added and never deleted, and nobody is ever taken off the STOP list.
    An incomplete list changes nothing. It returns ``listed`` (people on the platform's list), ``new``
    (those of them whom the table did not have), ``pushed`` (people of ``push_sql`` who were put on the list)
    and ``already`` (those who were on it).

    :param warehouse_conn_id: a SQL connection whose hook has a SQLAlchemy engine (templated).
    :param table: where the list is kept, with or without its schema; created when absent (templated).
    :param push_sql: a query of numbers to put on the STOP list, or the name of a ``.sql`` file (templated).
        A row without a mobile number stops the task before anything is changed.
    :param phone_column: where a row of it keeps its number; a query with one column needs no name.
    :param default_region: two-letter country of numbers that are written nationally.
    :param smspartner_conn_id: connection of type ``smspartner``.

    .. seealso:: the vendor's pages on STOP lists.
    """

    template_fields: Sequence[str] = ("warehouse_conn_id", "table", "push_sql")
    text_fields: Sequence[str] = ("warehouse_conn_id", "table", "push_sql")
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"push_sql": "sql"}

    def __init__(
        self,
        *,
        warehouse_conn_id: str,
        table: str,
        push_sql: str | None = None,
        phone_column: str = "phone_number",
        default_region: str = "FR",
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.warehouse_conn_id = warehouse_conn_id
        self.table = table
        self.push_sql = push_sql
        self.phone_column = phone_column
        self.default_region = default_region
        self.smspartner_conn_id = smspartner_conn_id
        with refused_for_good(self.task_id):
            self._check_arguments()

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        for argument in ("phone_column", "smspartner_conn_id", "warehouse_conn_id", "table"):
            if literal(value := getattr(self, argument)):
                arguments.name(value, argument)
        if literal(self.table) and not all(part.strip() for part in self.table.split(".")):
            raise InvalidMessage(f"table: {self.table!r} lacks a name; give a table, or schema.table")
        check_sql(self.push_sql, "push_sql")
        if literal(self.push_sql):
            arguments.optional(arguments.name, self.push_sql, "push_sql")
        check_country(self.default_region, "default_region")

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, int]:
        """Bring both up to date, and return counts."""
        from airflow_provider_smspartner.audience.stop_table import open_stop_table
        from airflow_provider_smspartner.hooks.stops import read_stop_dates

        with no_useless_retry():
            self.check_rendered()
            self._check_arguments()
            to_push = self._to_push()
            hook = warehouse(self.warehouse_conn_id)
            listed = read_stop_dates(self.hook.call, regions={"FR", self.default_region})
            with open_stop_table(hook, self.table, conn_id=self.warehouse_conn_id) as stops:
                new = stops.write(listed, source="platform")
                pushed = self._push([number for number in to_push if number not in listed], stops)
        result = {"listed": len(listed), "new": new, "pushed": pushed, "already": len(to_push) - pushed}
        self.log.info("STOP list: %s", ", ".join(f"{name} {value}" for name, value in result.items()))
        signals.describe_outlets(context, self.outlets, result)
        return result

    def _to_push(self) -> list[str]:
        """Return the people of the query, once each.

        :raises InvalidMessage: one of them has no mobile number, or the connection is for tests only.
        """
        from airflow_provider_smspartner import audience

        if self.push_sql is None:
            return []
        if self.hook.settings.sandbox:
            raise InvalidMessage(
                f"push_sql: {self.smspartner_conn_id!r} is a sandbox connection, and the STOP list has no "
                "sandbox: real people would get no more texts; omit push_sql, or give another connection"
            )
        columns, rules = audience.Columns(self.phone_column), audience.Rules(region=self.default_region)
        query = audience.read_sql(warehouse(self.warehouse_conn_id), self.push_sql, None, columns, rules)
        if query.invalid:
            raise InvalidMessage(
                f"push_sql: {query.invalid} of {query.rows} rows hold no mobile number "
                f"({query.explained[0]}), and only mobile phones can be on the STOP list; leave those rows "
                "out of the query. Nothing was changed"
            )
        return [person.number for person in query.people]

    def _push(self, numbers: Sequence[str], stops: StopTable) -> int:
        """Put people on the STOP list, and return how many were not there already.

        What the platform refuses keeps nobody else off the list; the task fails when all have been tried.
        """
        done: dict[str, datetime | None] = {}
        pushed, refusals = 0, list[InvalidRequestError]()
        try:
            for number in numbers:
                try:
                    self.hook.call(api.stop_add(number))
                    pushed += 1
                except StopListError:
                    pass
                except InvalidRequestError as error:
                    refusals.append(error)
                    continue
                done[number] = datetime.now(UTC)
                if len(done) >= NOTED_AT_ONCE:
                    stops.write(done, source="warehouse")
                    done.clear()
        finally:
            stops.write(done, source="warehouse")
        if refusals:
            raise AirflowFailException(
                f"push_sql: SMS Partner refused {len(refusals)} of {len(numbers)} people ({refusals[0]}); "
                "the others are on the STOP list. Leave those out of the query, and clear the task"
            )
        return pushed
