"""How the operators treat what a DAG gives them: people as counts, and checks before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook
from jinja2 import TemplateNotFound

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.literals import read_literal

if TYPE_CHECKING:
    import jinja2


class Counted:
    """A value that Airflow shows and stores as a count, because it may name people."""

    def __init__(self, value: Any, noun: str) -> None:
        self.value = value
        self.noun = noun

    def serialize(self) -> str:
        """Return what the rendered template fields show."""
        one = isinstance(self.value, str | int) or not hasattr(self.value, "__len__")
        return f"{1 if one else len(self.value)} {self.noun}"

    __repr__ = __str__ = serialize


def counted(value: Any, noun: str) -> Any:
    """Return the value inside a count, once; a list that a template turned into text counts as a list."""
    if value is None or isinstance(value, Counted):
        return value
    return Counted(read_literal(value) if isinstance(value, str) else value, noun)


def plain(value: Any) -> Any:
    """Return the value inside a count."""
    return value.value if isinstance(value, Counted) else value


def is_no_template(text: str, env: jinja2.Environment) -> bool:
    """Tell whether Jinja would return a text as it is, whatever delimiters the DAG has chosen."""
    of_lines = filter(None, (env.line_statement_prefix, env.line_comment_prefix))
    marks = (env.block_start_string, env.variable_start_string, env.comment_start_string, *of_lines)
    changed = "\r" in text or text.endswith("\n")  # Jinja has its own view of newlines
    return not changed and not any(mark in text for mark in marks)


def literal(value: object) -> bool:
    """Tell whether an argument is known when the DAG is parsed: no template and no XComArg."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value
    return not (hasattr(value, "resolve") and hasattr(value, "iter_references"))


def template_source(name: str, env: jinja2.Environment) -> str:
    """Return the text of a template file.

    :raises InvalidMessage: there is none of that name.
    """
    try:
        if env.loader is not None:
            return env.loader.get_source(env, name)[0]
    except TemplateNotFound:
        pass
    raise InvalidMessage(
        f"sql: there is no file {name!r} beside the DAG file or in the DAG's template_searchpath"
    )


def warehouse(conn_id: str) -> Any:
    """Return the SQL hook of a connection.

    :raises InvalidMessage: there is no such connection, or its type has no SQL hook.
    """
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    try:
        hook = BaseHook.get_hook(conn_id)
    except AirflowNotFoundException:
        raise InvalidMessage(
            f"warehouse_conn_id: connection {conn_id!r} is not defined; create it, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}"
        ) from None
    if not isinstance(hook, DbApiHook):
        raise InvalidMessage(f"warehouse_conn_id: connection {conn_id!r} is not one of a SQL database")
    return hook
