"""Which tables an audience comes from, for OpenLineage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.operators.arguments import warehouse

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_smspartner.operators.send import SendOperator

PERCENT = re.compile(r"(?<!%)%(?:\((\w+)\))?s")
"""``%s`` and ``%(city)s``, which the drivers of PostgreSQL and MySQL take, and no parser of SQL."""


def read_lineage(task: SendOperator) -> OperatorLineage[Any, Any] | None:
    """Return the tables that a task's query reads, named as the warehouse's own hook names them.

    None where the OpenLineage provider is not installed; nothing in it for a list of recipients, or for a
    hook that does not say how its database is called. The query's parameters are no part of it, because they
    may name people. Tables are read off the query, not asked of the warehouse.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
        from airflow.providers.openlineage.sqlparser import SQLParser
    except ImportError:
        return None
    if task.sql is None or task.warehouse_conn_id is None:
        return OperatorLineage()
    hook = warehouse(task.warehouse_conn_id)
    connection = hook.get_connection(task.warehouse_conn_id)
    database = hook.get_openlineage_database_info(connection)
    if database is None:
        return OperatorLineage()
    parser = SQLParser(
        dialect=hook.get_openlineage_database_dialect(connection),
        default_schema=hook.get_openlineage_default_schema(),
    )
    # Without parameters a % is none of a placeholder, as in LIKE '%shop'
    sql = task.sql if task.parameters is None else PERCENT.sub(placeholder, task.sql)
    return parser.generate_openlineage_metadata_from_sql(
        sql=sql, hook=hook, database_info=database, use_connection=False
    )


def placeholder(match: re.Match[str]) -> str:
    """Return a placeholder in the style that every dialect parses."""
    return f":{match[1] or 'parameter'}"
