"""How the operators treat what a DAG gives them: people as counts, and checks before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException
from airflow.sdk import BaseHook
from jinja2 import TemplateNotFound, Undefined

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.literals import read_literal, read_numbers

if TYPE_CHECKING:
    import jinja2


class Counted:
    """A value that Airflow shows and stores as a count, because it may name people.

    Templates of the DAG's author may still look inside: Airflow renders ``map_index_template`` again when the
    task has run, and callbacks may ask for ``{{ task.parameters[0] }}``.
    """

    def __init__(self, value: Any, noun: str) -> None:
        # With an underscore, because a column may have any name
        self._value = value
        self._noun = noun

    @property
    def _items(self) -> Any:
        row = isinstance(self._value, Mapping) and self._noun == "recipients"  # one person
        one = row or isinstance(self._value, str | int) or not hasattr(self._value, "__len__")
        return [self._value] if one else self._value

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, key: Any) -> Any:
        is_named = isinstance(self._value, Mapping) and key in self._value
        return self._value[key] if is_named else self._items[key]

    def __getattr__(self, name: str) -> Any:
        # What Jinja and authors call on built-in values; of others Airflow might ask how to store them
        if name.startswith("_") or not isinstance(self._value, dict | list | tuple | str):
            raise AttributeError(name)
        return getattr(self._value, name)

    def serialize(self) -> str:
        """Return what the rendered template fields show."""
        return f"{len(self)} {self._noun}"

    __repr__ = __str__ = serialize


def counted(value: Any, noun: str) -> Any:
    """Return the value inside a count, once; a list that a template turned into text counts as a list."""
    if value is None or isinstance(value, Counted | Undefined):
        return value
    read = read_numbers if noun == "recipients" else read_literal
    return Counted(read(value) if isinstance(value, str) else value, noun)


def plain(value: Any) -> Any:
    """Return the value inside a count."""
    return value._value if isinstance(value, Counted) else value


def is_default(value: object, default: object) -> bool:
    """Tell whether an argument is only there because the DAG's ``default_args`` give it to all tasks."""
    return value is not None and (value is default or (value == default) is True)  # an array compares itself


TEMPLATE_FILE = re.compile(
    r"(?!\S*://|www\.)\S+\.(?:txt|j2|jinja2?|te?mpl|tpl|text|md|html?|sql|csv|json|ya?ml)", re.IGNORECASE
)


def names_file(text: str) -> bool:
    """Tell whether a text looks like the name of a template file."""
    return TEMPLATE_FILE.fullmatch(text) is not None


def template_source(argument: str, name: str, env: jinja2.Environment) -> str:
    """Return the text of a template file.

    :raises InvalidMessage: there is none of that name.
    """
    try:
        if env.loader is not None:
            return env.loader.get_source(env, name)[0]
    except TemplateNotFound:
        pass
    raise InvalidMessage(
        f"{argument}: there is no file {name!r} beside the DAG file or in the DAG's template_searchpath"
    )


def warehouse(conn_id: str) -> Any:
    """Return the SQL hook of a connection.

    :raises InvalidMessage: there is no such connection, or its type has no SQL hook.
    """
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    try:
        kind = BaseHook.get_connection(conn_id).conn_type
        hook = BaseHook.get_hook(conn_id)
    except AirflowNotFoundException:
        raise InvalidMessage(
            f"warehouse_conn_id: connection {conn_id!r} is not defined; create it, or set "
            f"AIRFLOW_CONN_{conn_id.upper()}"
        ) from None
    except AirflowException:  # "Unknown hook type"
        hook = None
    if not isinstance(hook, DbApiHook):
        raise InvalidMessage(
            f"warehouse_conn_id: connection {conn_id!r} is not one of a SQL database: its type is {kind!r}; "
            "give the one of the warehouse"
        )
    return hook


def check_sql(sql: object, argument: str = "sql") -> None:
    """Refuse what is no single statement; an XComArg shows what it is when the task runs."""
    if isinstance(sql, list | tuple | set | Mapping | bytes | int | float):
        raise InvalidMessage(
            f"{argument}: a {type(sql).__name__} is not a statement; give one SELECT, or the name "
            f"of a .sql file"
        )
