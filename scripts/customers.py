"""1,200 invented customers and their orders in an SQLite warehouse, the same ones every time.

Nobody's telephone can ring: the numbers go to a simulator on this machine and nowhere else. The German ones
are kept free for films; those that France keeps (06 39 98) are no valid numbers for libphonenumber.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FRENCH, GERMAN, DOUBLE, INVALID, WITHOUT_CONSENT = 1_000, 60, 70, 30, 40

UNUSABLE = ("01 99 00 12 34", "06 00 00 12", "unknown", "", None, "+33 6 00 00 12 34 567")

NAMES = ("Ada", "Bruno", "Chloé", "Dina", "Émile", "Fanny", "Gaël", "Hélène", "Inès", "Jules", "")

TABLES = """
CREATE TABLE customers (
    customer_id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    phone_number TEXT,
    email TEXT,
    accepts_sms INTEGER NOT NULL,
    accepts_email INTEGER NOT NULL
);
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers,
    status TEXT NOT NULL
);
CREATE TABLE sms_replies (
    id BIGINT PRIMARY KEY,
    phone_number VARCHAR(20) NOT NULL,
    text TEXT NOT NULL,
    received_at VARCHAR(32) NOT NULL
);
CREATE TABLE sms_stops (
    id BIGINT PRIMARY KEY,
    phone_number VARCHAR(20) NOT NULL,
    text TEXT NOT NULL,
    received_at VARCHAR(32) NOT NULL
);
CREATE TABLE sms_emails (
    campaign VARCHAR(200) NOT NULL,
    email VARCHAR(250) NOT NULL,
    PRIMARY KEY (campaign, email)
);
CREATE TABLE sms_campaigns (
    run_id VARCHAR(250) PRIMARY KEY,
    recipients INTEGER NOT NULL,
    cost NUMERIC(14, 6) NOT NULL,
    delivered INTEGER NOT NULL,
    not_delivered INTEGER NOT NULL,
    waiting INTEGER NOT NULL
);
"""


class Row(NamedTuple):
    """A customer."""

    person: str | None
    """The mobile number as E.164; None when the customer has none."""
    typed: str | None
    """What the table has in its place."""
    consent: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Warehouse:
    """A warehouse, and who in it should get the campaign."""

    path: Path
    """The SQLite file; its tables are `customers`, `orders` and the empty `sms_campaigns`."""
    people: frozenset[str]
    """Everybody with a mobile number and a consent, once, as E.164."""
    customers: int
    """Rows of the table."""
    invalid: int
    """Consenting rows whose number is no mobile number."""
    duplicates: int
    """Consenting rows whose number is that of another row, in another spelling."""
    without_consent: int
    """Rows of people who do not accept text messages."""
    ready: Mapping[str, int]
    """How many orders wait for each person, as E.164."""


def build_warehouse(path: Path) -> Warehouse:
    """Write the tables to a new SQLite file and say what a campaign should make of them."""
    french = [f"+336000{n:05d}" for n in range(0, 17 * FRENCH, 17)]
    german = [f"+49176040690{n:02d}" for n in range(GERMAN)]
    without_consent = [f"+336000{n:05d}" for n in range(90_000, 90_000 + WITHOUT_CONSENT)]
    rows = [Row(number, _spell(number, style)) for style, number in enumerate(french + german)]
    rows += [Row(number, _spell(number, style + 1)) for style, number in enumerate(french[:DOUBLE])]
    rows += [Row(None, UNUSABLE[n % len(UNUSABLE)]) for n in range(INVALID)]
    rows += [Row(number, number, consent=False) for number in without_consent]
    random.Random(2026).shuffle(rows)  # noqa: S311 - the same order every time, no secret
    ready = [*range(0, len(rows), 10), *range(0, len(rows), 50)]
    _write(path, rows, ready=ready, collected=range(5, len(rows), 10))
    return Warehouse(
        path=path,
        people=frozenset(french + german),
        customers=len(rows),
        invalid=INVALID,
        duplicates=DOUBLE,
        without_consent=WITHOUT_CONSENT,
        ready=Counter(person for person in (rows[n].person for n in ready) if person),
    )


def _spell(number: str, style: int) -> str:
    """Write an E.164 number in one of the ways that people and systems write it."""
    if not number.startswith("+33"):
        return (number, f"00{number[1:]}", f"{number[:3]} {number[3:6]} {number[6:]}")[style % 3]
    pairs = [number[4:][n : n + 2] for n in range(0, 8, 2)]
    first = number[3]
    return (
        f"0{first}{''.join(pairs)}",
        f"0{first} {' '.join(pairs)}",
        number,
        f"0{first}.{'.'.join(pairs)}",
        f"+33 (0){first} {' '.join(pairs)}",
        f"0033{first}{''.join(pairs)}",
        f"0{first}-{'-'.join(pairs)}",
    )[style % 7]


def _address(place: int) -> str | None:
    """Return the e-mail address of a customer; some have none."""
    return None if place % 9 == 5 else f"customer{place + 1}@example.org"


def _write(path: Path, rows: Sequence[Row], *, ready: Sequence[int], collected: Sequence[int]) -> None:
    """Create the tables; a file that is there already is an error."""
    people = [
        (NAMES[n % len(NAMES)], row.typed, _address(n), row.consent, n % 4 != 0) for n, row in enumerate(rows)
    ]
    orders = [(n + 1, "collected") for n in collected] + [(n + 1, "ready") for n in ready]
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(TABLES)
        database.executemany("INSERT INTO customers VALUES (NULL, ?, ?, ?, ?, ?)", people)
        database.executemany("INSERT INTO orders (customer_id, status) VALUES (?, ?)", orders)
