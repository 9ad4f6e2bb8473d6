"""How the page writes counts, money, times and names: English, the platform's clock, no number in full."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from airflow_provider_smspartner.rules.phone import mask_numbers
from airflow_provider_smspartner.rules.schedule import PARIS

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


def number(count: int) -> str:
    """Write a count: 1,200."""
    return f"{count:,}"


def of(count: int, one: str, many: str) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else many}"


def people(count: int) -> str:
    """Write how many people."""
    return of(count, "person", "people")


def money(amount: Decimal, currency: str | None) -> str:
    """Write an amount with cents, and with tenths of them where they count."""
    cents = f"{amount:,.2f}"
    text = cents if Decimal(cents.replace(",", "")) == amount else f"{amount:,.3f}"
    return f"{text} {currency or 'EUR'}"


def percent(rate: float) -> str:
    """Write a share; 100 % only for all, and 0 % only for nobody."""
    tenths = min(max(round(rate * 1000), 1), 999) if 0 < rate < 1 else round(rate * 1000)
    return f"{tenths / 10:g} %"


def clock(moment: datetime) -> str:
    """Write a moment on the clock of Paris, which is the platform's."""
    return f"{moment.astimezone(PARIS):%-d %b %Y, %H:%M:%S}"


def minute(moment: datetime) -> str:
    """Write a moment without its seconds."""
    return f"{moment.astimezone(PARIS):%-d %b %Y, %H:%M}"


def span(seconds: float) -> str:
    """Write how long something took, in its two largest units."""
    whole = max(0, round(seconds))
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((n for n, (value, _) in enumerate(parts) if value), 3)
    return " ".join(f"{value} {unit}" for value, unit in parts[first : first + 2] if value) or "0 s"


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
