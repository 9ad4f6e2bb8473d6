"""Rows as they are, with invalid and foreign numbers and in twenty spellings, against fetching them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.numbers import STEP
from benchmarks.reading import fetch, prepare
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, warehouse

COMMAND = "python -m benchmarks untidy"
TARGET = 3.0
MOST: Final = 1_000_000
"""Numbers of six digits, as the forms below take them."""

SPELLINGS: Final = (
    *("0{}", "0{} ", "'0{}", "0{}\r\n", "{}", "{}.0", "33{}", "0033{}", "+33{}", "+33 (0){}"),
    *(" ", ".", "-", "/", "\u00a0", "\u202f", "\u2011", "\t"),
    *("(+33) {}", "tel:+33-{}"),
)
"""A form, or a sign between pairs of digits."""
ABROAD: Final = (
    *("+32470{:06}", "0032470{:06}", "+32 (0)470 {:06}", "+34 612 {:06}", "0034 612{:06}", "+44 7400 {:06}"),
    *("+447400{:06}", "+44 (0)7400 {:06}", "(+49) 1512 3{:06}", "+4915123{:06}", "0049-1512-3{:06}"),
    *("+39 320 1{:06}", "+39320.1{:06}", "+351 912{:06}", "+41 78 1{:06}", "+352 621 {:06}", "+1 415 5{:06}"),
    *("tel:+31-612{:06}", "+262 692 {:06}", "0692{:06}"),
)
INVALID: Final = (
    *(
        "01 23{:06}",
        "+33 4 56 {:06}",
        "0899{:06}",
        "+33 9 70{:06}",
        "06 1 {:06}",
        "0612345{:06}",
        "+322{:06}",
    ),
    *(
        "{:06}",
        "+999 12 {:06}",
        "06XX{:06}",
        "06 12 •• {:06}",
        "client {:06}",
        "id-{:06}@example.org",
        "inconnu",
    ),
    *("", None, "n/a", "0000000000", "2026-11-{:06}", "0612345678 / 0612{:06}"),
)


def typed(count: int) -> Iterator[str | None]:
    """Yield rows of which, in twenty, three cannot be texted, one is abroad, and the others are French."""
    for n in range(count):
        kind, style = n % 20, n // 20 % 20
        number = n * STEP % MOST
        if kind < 3:
            form = INVALID[style]
            yield form.format(number) if form else form
        elif kind == 3:
            yield ABROAD[style].format(number)
        else:
            yield spelled(str(600_000_000 + number), SPELLINGS[style])


def spelled(digits: str, way: str) -> str:
    """Write the nine digits behind +33."""
    if "{}" in way:
        return way.format(digits)
    return way.join([f"0{digits[0]}", *(digits[n : n + 2] for n in range(1, 9, 2))])


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure reading, cleaning and batching together."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    rows = min(sizes.recipients, sizes.untidy)
    people = rows - sum(n % 20 < 3 for n in range(rows))
    bare, whole = [], []
    with warehouse(rows, typed):
        hook = hook_of(CONN_ID)
        for _ in range(sizes.rounds):
            bare.append(fetch(hook, rows))
            whole.append(prepare(hook, people))
    ratio = median(whole) / median(bare)
    yield Figure(
        what=f"{rows:,} rows in PostgreSQL, 15 % invalid and 5 % foreign in twenty spellings → batches ready",
        measured=spell(ratio, "×"),
        against="fetching the same rows and throwing them away "
        f"({spell(median(bare), 's')}; ours {spell(median(whole), 's')})",
        target=f"≤ {TARGET:.0f} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )
