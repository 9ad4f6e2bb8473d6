"""Which tables an audience comes from, for OpenLineage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.operators.arguments import warehouse

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

PERCENT = re.compile(r"(?<!%)%(?:\((\w+)\))?s")
"""``%s`` and ``%(city)s``, which the drivers of PostgreSQL and MySQL take, and no parser of SQL."""


def read_lineage(
    sql: str | None, warehouse_conn_id: str | None, *, has_parameters: bool
) -> OperatorLineage[Any, Any] | None:
    """Return the tables that a query reads, named as the warehouse's own hook names them.

    None where the OpenLineage provider is not installed; nothing in it for a list of recipients, or for a
    hook that does not say how its database is called. The query's parameters are no part of it, because they
    may name people. Tables are read off the query, not asked of the warehouse.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
        from airflow.providers.openlineage.sqlparser import SQLParser
    except ImportError:
        return None
    if sql is None or warehouse_conn_id is None:
        return OperatorLineage()
    hook = warehouse(warehouse_conn_id)
    connection = hook.get_connection(warehouse_conn_id)
    database = hook.get_openlineage_database_info(connection)
    if database is None:
        return OperatorLineage()
    parser = SQLParser(
        dialect=hook.get_openlineage_database_dialect(connection),
        default_schema=hook.get_openlineage_default_schema(),
    )
    # Without parameters a % is none of a placeholder, as in LIKE '%shop'
    parsed = PERCENT.sub(placeholder, sql) if has_parameters else sql
    return parser.generate_openlineage_metadata_from_sql(
        sql=parsed, hook=hook, database_info=database, use_connection=False
    )


def placeholder(match: re.Match[str]) -> str:
    """Return a placeholder in the style that every dialect parses."""
    return f":{match[1] or 'parameter'}"
