"""Types of the ledger's columns that mean the same in every database, and what fits into them.

Databases differ in what they take for equal: MySQL and MariaDB compare without regard to case and accents
unless told otherwise, and a campaign "Summer" would be "summer".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import DateTime, Numeric, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator

from airflow_provider_smspartner.journal import Receipt
from airflow_provider_smspartner.rules.delivery import DeliveryStatus

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

LETTERS: Final[Mapping[str, str]] = {status.value: status.value[0] for status in DeliveryStatus}
"""How each status is kept."""
STATUSES: Final = {letter: status for status, letter in LETTERS.items()}
LONGEST_ID: Final = 64
"""Digits of a message id."""
LONGEST_CURRENCY: Final = 8
MOST_SEGMENTS: Final = 2**31 - 1
HIGHEST_COST: Final = Decimal("99999999")
MILLIONTH: Final = Decimal("0.000001")


class Exact(TypeDecorator[str]):
    """A text that equals nothing but itself: case, accents, trailing blanks and emoji tell."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose a collation where the default one is not known to be exact."""
        length = self.length
        if dialect.name not in ("mysql", "mariadb"):
            return dialect.type_descriptor(String(length))
        # "utf8mb4_bin" would pad: "a" and "a " were equal
        exact = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        return dialect.type_descriptor(mysql.VARCHAR(length, charset="utf8mb4", collation=exact))


class Status(Exact):
    """A delivery status in one letter: a row stands beside its former self, and both take room."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write a status."""
        return None if value is None else LETTERS[value]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Read a status."""
        return None if value is None else STATUSES[value]


class Words(TypeDecorator[str]):
    """What somebody has written, of any length and with any character."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        in_mysql = dialect.name in ("mysql", "mariadb")
        return dialect.type_descriptor(mysql.TEXT(charset="utf8mb4") if in_mysql else Text())


class Moment(TypeDecorator[datetime]):
    """A time in UTC, without an offset, to the microsecond: MySQL would round to whole seconds."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        in_mysql = dialect.name in ("mysql", "mariadb")
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if in_mysql else DateTime())


class Money(TypeDecorator[Decimal]):
    """An exact amount; SQLite has no such type, but adds numbers that are stored as text."""

    impl = Numeric(14, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(String(20) if dialect.name == "sqlite" else Numeric(14, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write an amount."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read an amount."""
        return None if value is None else Decimal(str(value))


def fitting(receipt: Receipt) -> Receipt:
    """Return a receipt whose values every database takes: the batch is accepted, whatever its bill says.

    An id that is too long for its column is left out, as that of a batch that was found by its tag: a part
    of it would be the id of another message.
    """
    whole = receipt.message_id and is_plain(receipt.message_id, LONGEST_ID)
    return replace(
        receipt,
        message_id=receipt.message_id if whole else None,
        segments=min(max(receipt.segments, 0), MOST_SEGMENTS),
        cost=min(max(receipt.cost, -HIGHEST_COST), HIGHEST_COST) if receipt.cost.is_finite() else Decimal(0),
        currency=receipt.currency if is_plain(receipt.currency or "", LONGEST_CURRENCY) else None,
    )


def is_plain(text: str, longest: int) -> bool:
    """Tell whether a text is so short, and of characters that every database takes."""
    return len(text) <= longest and text.isascii() and text.isprintable()


def is_storable(text: str) -> bool:
    """Tell whether every database takes a text: PostgreSQL knows no NUL, and UTF-8 no half of a surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
