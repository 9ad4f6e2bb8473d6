"""Cleaning phone numbers, against libphonenumber's own four steps over the same spellings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from airflow_provider_smspartner.rules import phone
from benchmarks.numbers import typed
from benchmarks.table import Figure, Sizes, median, spell

COMMAND = "python -m benchmarks cleaning"
NUMBERS = 20_000
TARGET = 20


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure ``phone.normalize``, and ``phone.french_mobiles``, which reads many numbers in one pass."""
    numbers = list(typed(min(NUMBERS, sizes.recipients)))
    ways = {"library": one_by_one(library), "normalize": one_by_one(phone.normalize), "many": many}
    results = [list(way(numbers)) for way in ways.values()]
    if results[0] != results[1] or results[0] != results[2]:
        raise SystemExit("The ways to clean a number do not agree")
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(sizes.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(numbers)
            taken[name].append((time.perf_counter() - began) / len(numbers))
    each = {name: median(seconds) for name, seconds in taken.items()}
    for name, called in (("normalize", "phone.normalize"), ("many", "phone.french_mobiles")):
        ratio = each["library"] / each[name]
        yield Figure(
            what=f"`{called}` on French mobiles",
            measured=spell(ratio, "× faster"),
            against="phonenumbers parse + validate + type + format "
            f"({spell(each['library'] * 1e6, 'µs')} each; ours {spell(each[name] * 1e6, 'µs')})",
            target=f"≥ {TARGET} ×",
            met=ratio >= TARGET,
            command=COMMAND,
        )


def one_by_one(clean: Callable[[str], str]) -> Callable[[Sequence[str]], list[str]]:
    """Clean each number of a list."""
    return lambda numbers: [clean(number) for number in numbers]


def many(numbers: Sequence[str]) -> list[str]:
    """Clean all of them in one pass."""
    return ["+33" + national for national in phone.french_mobiles(numbers)]


def library(number: str) -> str:
    """Clean a number as one does without this package."""
    import phonenumbers

    parsed = phonenumbers.parse(number, "FR")
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("not a number in use")
    if phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.MOBILE:
        raise ValueError("not a mobile")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
