"""1,200 invented customers in an SQLite warehouse, the same ones every time.

Nobody's telephone can ring: the numbers go to a simulator on this machine and nowhere else. The German ones
are kept free for films; those that France keeps (06 39 98) are no valid numbers for libphonenumber.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

Row = tuple[str | None, bool]

FRENCH, GERMAN, DOUBLE, INVALID, WITHOUT_CONSENT = 1_000, 60, 70, 30, 40

UNUSABLE = ("01 99 00 12 34", "06 00 00 12", "unknown", "", None, "+33 6 00 00 12 34 567")

NAMES = ("Ada", "Bruno", "Chloé", "Dina", "Émile", "Fanny", "Gaël", "Hélène", "Inès", "Jules")


@dataclass(frozen=True, kw_only=True, slots=True)
class Warehouse:
    """A warehouse, and who in it should get the campaign."""

    path: Path
    """The SQLite file; its table is `customers`."""
    people: frozenset[str]
    """Everybody with a mobile number and a consent, once, as E.164."""
    customers: int
    """Rows of the table."""
    invalid: int
    """Consenting rows whose number is no mobile number."""
    duplicates: int
    """Consenting rows whose number is that of another row, in another spelling."""


def build_warehouse(path: Path) -> Warehouse:
    """Write the table `customers` to a new SQLite file and say what a campaign should make of it."""
    french = [f"+336000{n:05d}" for n in range(0, 17 * FRENCH, 17)]
    german = [f"+49176040690{n:02d}" for n in range(GERMAN)]
    without_consent = [f"+336000{n:05d}" for n in range(90_000, 90_000 + WITHOUT_CONSENT)]
    rows: list[Row] = [(_spell(number, style), True) for style, number in enumerate(french + german)]
    rows += [(_spell(number, style + 1), True) for style, number in enumerate(french[:DOUBLE])]
    rows += [(UNUSABLE[n % len(UNUSABLE)], True) for n in range(INVALID)]
    rows += [(number, False) for number in without_consent]
    random.Random(2026).shuffle(rows)  # noqa: S311 - the same order every time, no secret
    _write(path, rows)
    return Warehouse(
        path=path,
        people=frozenset(french + german),
        customers=len(rows),
        invalid=INVALID,
        duplicates=DOUBLE,
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


def _write(path: Path, rows: list[Row]) -> None:
    """Create the table; a file that is there already is an error."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE customers ("
            "customer_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, phone_number TEXT, "
            "accepts_sms INTEGER NOT NULL)"
        )
        database.executemany(
            "INSERT INTO customers (first_name, phone_number, accepts_sms) VALUES (?, ?, ?)",
            [(NAMES[n % len(NAMES)], number, consent) for n, (number, consent) in enumerate(rows)],
        )
