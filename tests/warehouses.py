"""Warehouses over SQLite with the ways of others: hooks without an engine, cursors with other rows."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowException
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook

SECRET = "s3cret"


class Tupled(sqlite3.Cursor):
    """A cursor that gives tuples of rows, and an empty one at the end."""

    def fetchmany(self, *given: Any, **named: Any) -> Any:
        return tuple(super().fetchmany(*given, **named))


class Mapped(sqlite3.Cursor):
    """A cursor whose rows are mappings."""

    def fetchmany(self, *given: Any, **named: Any) -> Any:
        names = [column[0] for column in self.description]
        return [dict(zip(names, row, strict=True)) for row in super().fetchmany(*given, **named)]


class Percent(sqlite3.Cursor):
    """A cursor with %s for its placeholders, which looks for them whenever it is given parameters."""

    def execute(self, sql: str, parameters: Any = None) -> Any:
        if parameters is None:
            return super().execute(sql)
        return super().execute(sql % (("?",) * len(parameters)), parameters)


class Connection(sqlite3.Connection):
    """A connection whose cursors are of one kind."""

    kind: type[sqlite3.Cursor] = sqlite3.Cursor

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or self.kind)


class PercentConnection(Connection):
    kind = Percent


class WithEngine(SqliteHook):
    """A warehouse that SQLAlchemy knows, with its connections and the options of its statements at hand."""

    factory: type[Connection] = Connection

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.opened: list[sqlite3.Connection] = []
        self.options: list[dict[str, Any]] = []

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> sa.Engine:
        given = {**(engine_kwargs or {}), "connect_args": {"factory": self.factory}}
        engine = super().get_sqlalchemy_engine(given)
        sa.event.listen(engine, "connect", lambda connection, _: self.opened.append(connection))
        sa.event.listen(engine, "before_cursor_execute", self._note)
        return engine

    def _note(
        self, connection: Any, cursor: Any, statement: Any, values: Any, context: Any, many: Any
    ) -> None:
        self.options.append(dict(context.execution_options))


class OfPercents(WithEngine):
    """A warehouse with the placeholders of PostgreSQL and MySQL."""

    factory = PercentConnection


class WithoutEngine(DbApiHook):
    """A warehouse that SQLAlchemy does not know."""

    conn_name_attr = "sqlite_conn_id"
    default_conn_name = "sqlite_default"
    reason: Exception = NotImplementedError()
    kind: type[sqlite3.Cursor] = sqlite3.Cursor

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[sqlite3.Connection] = []

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> sa.Engine:
        raise self.reason

    def get_conn(self) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self.connection.host), factory=Connection)
        connection.kind = self.kind
        self.opened.append(connection)
        return connection

    def _make_common_data_structure(self, result: Any) -> Any:
        if not isinstance(result, list):  # as Databricks does
            raise TypeError("no rows")
        return result


class OfUnknownDialect(WithoutEngine):
    """A warehouse whose URL means nothing to SQLAlchemy."""

    def get_uri(self) -> str:
        return f"nosuchdatabase://ann:{SECRET}@localhost/"

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> sa.Engine:
        return DbApiHook.get_sqlalchemy_engine(self, engine_kwargs)


class OfNoUrl(OfUnknownDialect):
    """A warehouse that has something else in place of its URL."""

    def get_uri(self) -> str:
        return f"jdbc:thin/ann/{SECRET}"


class OfNoScheme(WithoutEngine):
    """JDBC, when its connection does not say what is behind it."""

    reason = AirflowException(f"no sqlalchemy_scheme for ann:{SECRET}")
    kind = Tupled


class OfNoDriver(WithoutEngine):
    """A dialect whose package is not there."""

    reason = ModuleNotFoundError("no module")
    kind = Mapped


class OfOwnExtra(WithoutEngine):
    """MySQL with an extra that its hook knows and SQLAlchemy hands on to the driver."""

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> sa.Engine:
        given = {**(engine_kwargs or {}), "connect_args": {"cursor": "dictcursor"}}
        return sa.create_engine("sqlite://", **given)


class OfOtherDialect(WithoutEngine):
    """ODBC, whose engine asks every database the questions of SQL Server."""

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> sa.Engine:
        engine = sa.create_engine("sqlite://", **(engine_kwargs or {}))

        @sa.event.listens_for(engine, "first_connect")
        def ask(connection: Any, _: Any) -> None:
            connection.execute("SELECT CAST(SERVERPROPERTY('ProductVersion') AS VARCHAR)")

        return engine


class OfNoJdbcScheme(WithoutEngine):
    """JDBC of another version, when its connection does not say what is behind it."""

    reason = ValueError("no scheme")


class OutOfSyncConnection(Connection):
    """MySQL's, which can neither be rolled back nor closed while a result has rows left."""

    def rollback(self) -> None:
        raise sqlite3.ProgrammingError("Commands out of sync; you can't run this command now")


class OutOfSync(WithoutEngine):
    """MySQL with a server-side cursor of its hook."""

    def get_conn(self) -> sqlite3.Connection:
        return OutOfSyncConnection(str(self.connection.host))


class OutOfSyncEngine(WithEngine):
    """MySQL with a server-side cursor of SQLAlchemy."""

    factory = OutOfSyncConnection
