"""Invented French mobiles in the spellings that people type; all of them stay on this machine."""

from __future__ import annotations

from collections.abc import Iterator

MOST = 3_000_000
"""Numbers that begin with 06 00 to 06 02: more would come twice."""
STEP = 7_919  # a prime that does not divide MOST: every number once, in no order


def typed(count: int) -> Iterator[str]:
    """Yield so many distinct numbers, each the next in one of seven spellings."""
    if count > MOST:
        raise SystemExit(f"There are {MOST} numbers, and {count} are too many")
    for n in range(count):
        yield spelling(600_000_000 + n * STEP % MOST, n)


def e164(count: int) -> Iterator[str]:
    """Yield the same numbers as the wire wants them."""
    return (f"+33{600_000_000 + n * STEP % MOST}" for n in range(count))


def spelling(number: int, style: int) -> str:
    """Write the nine digits behind +33 in one of the ways that people and systems write them."""
    digits = str(number)
    first, pairs = digits[0], [digits[n : n + 2] for n in range(1, 9, 2)]
    return (
        f"0{digits}",
        f"0{first} {' '.join(pairs)}",
        f"+33{digits}",
        f"0{first}.{'.'.join(pairs)}",
        f"+33 (0){first} {' '.join(pairs)}",
        f"0033{digits}",
        f"0{first}-{'-'.join(pairs)}",
    )[style % 7]
