"""How the page writes counts, money, times and names: for its reader, and with no number in full."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, localcontext
from functools import cache, lru_cache
from typing import Any, Final

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

from airflow_provider_smspartner.plugins.drawing.language import READER, Reader, mark, say, say_of
from airflow_provider_smspartner.rules.phone import mask_numbers

GENERATED: Final = re.compile(
    r"[a-z_]+__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?(_[A-Za-z0-9]{1,8})?"
)
"""Run ids that Airflow makes up: the fraction of their second looks like a phone number and is none."""
AUTHORS_OWN: Final = re.compile(
    r"""
    (?<![\d+(]) (?<!\d[\W_]) (?<!\d[\W_]{2}) (?<!\d[\W_]{3})
    (?: (?! 0 ) \d{6,7}                                                    # nobody's number is so short
    | 20 (?: 1[6-9] | [23]\d ) (?P<dash> [-_.]? )                        # a day, perhaps with its time
        (?: 0[1-9] | 1[0-2] ) (?P=dash) (?: 0[1-9] | [12]\d | 3[01] )
        (?: [-_T]? (?: [01]\d | 2[0-3] ) (?: :? [0-5]\d ){1,2} )?
    )
    (?! [\W_]{0,3} \d )
    """,
    re.VERBOSE,
)
"""Figures of a name that are no phone number, with nothing around them that could make them part of one."""
MESSAGE_ID: Final = re.compile(r"(?!33[67]\d{8}$)[1-9]\d{0,18}")
OUR_DIGEST: Final = re.compile(r"[a-z2-7]{8,20}")


CLOCK: Final = mark("d MMM y, HH:mm:ss")
MINUTE: Final = mark("d MMM y, HH:mm")
AMOUNT: Final = mark("#,##0.00 ¤¤")
"""Patterns of Babel, which each language has its own of."""
UNITS: Final = (mark("{count} d"), mark("{count} h"), mark("{count} min"), mark("{count} s"))


@cache
def locale(language: str) -> Locale:
    """Return the names and separators of a language."""
    return Locale.parse(language)


def here() -> Locale:
    """Return those of the reader."""
    return locale(READER.get().language)


def number(count: int) -> str:
    """Write a count: 1,200."""
    return str(count) if 0 <= count < 1000 else grouped(count, READER.get().language)


@lru_cache(maxsize=4096)
def grouped(count: int, language: str) -> str:
    """Write a count with the separators of a language: the same ones stand in many rows."""
    return format_decimal(count, locale=locale(language))


def decimal(value: float) -> str:
    """Write a figure with what digits it has: 1.5."""
    return format_decimal(Decimal(f"{value:g}"), locale=here())


def figure(value: Decimal) -> str:
    """Write a figure that somebody has given, without the zeros at its end: 1,200 or 0.9."""
    return format_decimal(value, "#,##0.######", locale=here())


def of(count: int, one: str, many: str, /, **values: Any) -> str:
    """Write a message about so many, which it has as {count}."""
    return say_of(count, one, many, count=number(count), **values)


def people(count: int) -> str:
    """Write how many people."""
    return of(count, "{count} person", "{count} people")


def money(amount: Decimal, currency: str | None) -> str:
    """Write an amount with cents, and with tenths of them where they count."""
    return priced(amount, currency or "EUR", say(AMOUNT), READER.get().language)


@lru_cache(maxsize=4096)
def priced(amount: Decimal, currency: str, pattern: str, language: str) -> str:
    """Write an amount after the pattern of a language: the same ones stand in many rows."""
    with localcontext(prec=60):  # a budget of somebody who wants none has many digits
        if amount != amount.quantize(Decimal("0.01")):
            pattern = pattern.replace("0.00", "0.000")
        return format_currency(amount, currency, pattern, locale=locale(language), currency_digits=False)


def percent(rate: float) -> str:
    """Write a share; 100 % only for all, and 0 % only for nobody."""
    tenths = min(max(round(rate * 1000), 1), 999) if 0 < rate < 1 else round(rate * 1000)
    return say("{share} %", share=in_tenths(tenths, READER.get().language))


@lru_cache(maxsize=1024)
def in_tenths(tenths: int, language: str) -> str:
    """Write a figure with one digit at most behind its point."""
    return format_decimal(Decimal(tenths) / 10, "0.#", locale=locale(language))


def clock(moment: datetime) -> str:
    """Write a moment in the reader's time zone, with the zone beside it."""
    return written(moment, CLOCK)


def minute(moment: datetime) -> str:
    """Write a moment without its seconds."""
    return written(moment, MINUTE)


def written(moment: datetime, pattern: str) -> str:
    """Write a moment after a pattern."""
    return dated(moment, say(pattern), READER.get())


@lru_cache(maxsize=4096)
def dated(moment: datetime, pattern: str, reader: Reader) -> str:
    """Write a moment after the pattern of a language: a page that looks again writes the same ones."""
    local = moment.astimezone(reader.zone)
    return f"{format_datetime(local, pattern, locale=locale(reader.language))} {local.tzname()}"


def span(seconds: float) -> str:
    """Write how long something took, in its two largest units."""
    whole = max(0, round(seconds))
    values = (whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60)
    first = next((n for n, value in enumerate(values) if value), 3)
    parts = list(zip(values, UNITS, strict=True))[first : first + 2]
    return " ".join(say(unit, count=value) for value, unit in parts if value) or say(UNITS[3], count=0)


@lru_cache(maxsize=4096)
def name(text: str) -> str:
    """Write an id or a name that somebody has chosen, with what may be anybody's phone number masked."""
    if GENERATED.fullmatch(text):
        return text
    shown, end = [], 0
    for own in AUTHORS_OWN.finditer(text):
        shown += [mask_numbers(text[end : own.start()]), own[0]]
        end = own.end()
    return "".join([*shown, mask_numbers(text[end:])])


def message_id(text: str | None) -> str:
    """Write a message id, which must be found on the platform; what may be a phone number is none."""
    if text is None:
        return "–"
    return text if MESSAGE_ID.fullmatch(text) else mask_numbers(text)


def tag(text: str) -> str:
    """Write the tag of a batch: its digest may look like a number, and must be found on the platform."""
    chosen, dash, digest = text.rpartition("-")
    return f"{name(chosen)}{dash}{digest}" if OUR_DIGEST.fullmatch(digest) else name(text)
