"""The ledger's transactions, which have patience, and how it writes people and times.

Nothing that leaves here as an error or a log line holds a phone number; a database's own words may, and so
they are masked.
"""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import exc

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import ERASED, Person

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)

T = TypeVar("T")
Key = tuple[str, str]
"""Who a person is: number and event."""

PATIENCE = 300.0
"""Seconds that a transaction waits for a database that is away."""
MOST_CONFLICTS = 100
LONGEST_LOCK: Final = 15
"""Seconds that a statement waits for rows of another transaction, before that is said and tried anew."""
LONGEST_IDLE: Final = 60
"""Seconds after which the database gives up on a transaction whose process does not go on: its host may have
vanished, and whoever comes after it must not wait until the network says so."""


class Conflict(Exception):
    """Another transaction has changed a row in between: start anew."""


class RefusedValue(SMSPartnerError):
    """The database does not take a value, and will not take it later either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A database that has the table."""

    engine: Engine
    identity: str | None = None
    """Which ledger it is, so that an empty one in its place is noticed; None when it does not say."""
    pause: Callable[[float], object] = time.sleep
    patience: float = PATIENCE
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    """This process's transactions follow each other, so that they cannot block each other."""

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in one transaction; it is done anew when another one interferes, so it must bear that.

        :raises SMSPartnerError: the database stayed away for longer than ``patience``, or refused.
        """
        waited, delay, conflicts = 0.0, 1.0, 0
        while True:
            try:
                with self.one_at_a_time, self.engine.begin() as connection:
                    set_limits(connection)
                    return work(connection)
            except (Conflict, exc.IntegrityError):
                # Without a pause: the other transaction has ended, or this one would still wait for its lock
                conflicts += 1
                if conflicts == MOST_CONFLICTS:
                    raise SMSPartnerError(
                        "The ledger: other tasks change the same rows all the time"
                    ) from None
                continue
            except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as error:
                if waited >= self.patience:
                    raise SMSPartnerError(
                        f"The ledger has been away for {waited:.0f} seconds: {first_line(error)}"
                    ) from None
                log.warning("The ledger does not respond, and is asked again: %s", first_line(error))
            except exc.DataError as error:
                # Without its cause: the words of a database may quote a number
                raise RefusedValue(f"The ledger refused a value ({type(error).__name__})") from None
            except exc.SQLAlchemyError as error:
                raise SMSPartnerError(f"The ledger refused a statement ({type(error).__name__})") from None
            self.pause(delay)
            waited, delay = waited + delay, min(delay * 2, 15.0)

    def close(self) -> None:
        """Give the database its connections back; a transaction after that opens new ones."""
        self.engine.dispose()


@contextmanager
def closed_on_error(engine: Engine) -> Iterator[Engine]:
    """Give a database its connections back when what was to be built on them fails."""
    try:
        yield engine
    except BaseException:  # whatever it was: nobody else knows of the engine yet
        engine.dispose()
        raise


def set_limits(connection: Connection) -> None:
    """Give the locks of a transaction an end, where the database has one.

    For each transaction, not for each connection: a pooler in between may give its connection to others.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"SELECT set_config('lock_timeout', '{LONGEST_LOCK}s', true), "
            f"set_config('idle_in_transaction_session_timeout', '{LONGEST_IDLE}s', true)"
        )
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {LONGEST_LOCK}")
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET SESSION idle_transaction_timeout = {LONGEST_IDLE}")


def first_line(error: Exception) -> str:
    """Return the database's complaint without the statement and the details that follow it, masked."""
    return phone.mask_numbers(str(getattr(error, "orig", None) or error).partition("\n")[0])


def moment(seconds: float) -> datetime:
    """Write a time since the epoch as the table does: UTC, without an offset."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def who(person: Person) -> Key:
    """Return who a person is, without what their text is filled with."""
    return person[:2]  # a look at each name takes twice as long, and there are millions


def tombstone(person: Key, secret: str) -> str:
    """Return what stands in place of an erased number: the same for the same person while the key is."""
    return ERASED + hmac.digest(key_of_stones(secret), "|".join(person).encode(), "sha256").hex()[:32]


@lru_cache(maxsize=4)
def key_of_stones(secret: str) -> bytes:
    """Return what tombstones are made with."""
    return hmac.digest(secret.encode(), b"smspartner ledger: erased people", "sha256")
