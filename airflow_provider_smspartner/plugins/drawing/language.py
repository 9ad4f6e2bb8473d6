"""The language and the time zone that a page is read in: gettext catalogues, and who reads.

A message is written in English where it is said, and translated by the catalogue of the reader's language in
``languages``. A further language is one more file there. No I/O but the reading of these files, once each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timezone, tzinfo
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from markupsafe import Markup, escape

from airflow_provider_smspartner.rules.schedule import PARIS

ENGLISH: Final = "en"
CATALOGUES: Final = files(__package__) / "languages"
LONGEST_HEADER: Final = 500
"""Characters of an Accept-Language header that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a page is for."""

    language: str = ENGLISH
    """One of ``languages()``."""
    zone: tzinfo = PARIS
    """In which times are shown; without a wish, the clock of the platform."""


READER: ContextVar[Reader] = ContextVar("reader", default=Reader())  # noqa: B039  # it is frozen


@contextmanager
def read_by(reader: Reader) -> Iterator[None]:
    """Write what is said in this block for somebody."""
    token = READER.set(reader)
    try:
        yield
    finally:
        READER.reset(token)


# ---- messages ------------------------------------------------------------------------------------------


def mark(message: str) -> str:
    """Mark a message that a constant holds, so that it stands in the catalogues; ``say`` translates it."""
    return message


def mark_of(one: str, many: str) -> tuple[str, str]:
    """Mark a message with a form for one and a form for many."""
    return one, many


def say(message: str, /, **values: Any) -> str:
    """Translate a message, and fill its fields."""
    text = catalogue(READER.get().language).gettext(message)
    return text.format(**values) if values else text


def say_in_html(message: str, /, **values: Any) -> Markup:
    """Translate a message and fill its fields as ``say`` does, for a template: a value may be HTML."""
    text = escape(say(message))
    return text.format(**values) if values else text


def say_of(n: int, one: str, many: str, /, **values: Any) -> str:
    """Translate a message in the form that its language has for so many, and fill its fields."""
    return catalogue(READER.get().language).ngettext(one, many, n).format(**values)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are, English first."""
    found = (entry.name.removesuffix(".po") for entry in CATALOGUES.iterdir() if entry.name.endswith(".po"))
    return (ENGLISH, *sorted(found))


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the translations into a language; English needs none."""
    if language == ENGLISH:
        return NullTranslations()
    binary = BytesIO()
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        write_mo(binary, read_po(file, locale=language))
    binary.seek(0)
    return Translations(binary)


# ---- who reads -----------------------------------------------------------------------------------------


def reader_of(*, chosen: str, accepted: str, zone: str, server_zone: tzinfo) -> Reader:
    """Return who reads a page.

    :param chosen: the language of Airflow's UI, as a tag such as ``fr`` or ``zh-CN``; empty when not known.
    :param accepted: the request's Accept-Language header, which counts without it.
    :param zone: the IANA name of the time zone of Airflow's UI; what is none counts as empty.
    :param server_zone: the time zone that counts without it.
    """
    wanted = [chosen] if chosen else accepted_languages(accepted)
    known = (language for tag in wanted if (language := language_of(tag)))
    return Reader(
        language=next(known, ENGLISH),
        zone=ZoneInfo(zone) if zone in known_zones() else of_python(server_zone),
    )


def of_python(zone: tzinfo) -> tzinfo:
    """Return a time zone as Python's own, which can be the key of a cache: one of older pendulums cannot."""
    if (name := getattr(zone, "key", None)) in known_zones():
        return ZoneInfo(str(name))
    offset = zone.utcoffset(None)
    return zone if offset is None else timezone(offset)


def language_of(tag: str) -> str | None:
    """Return the language of ours that a tag means, a region's own before the language alone."""
    whole = tag.strip().replace("-", "_")
    ours = {language.lower(): language for language in languages()}
    return ours.get(whole.lower()) or ours.get(whole.lower().partition("_")[0])


def accepted_languages(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, the most wanted first; those not wanted are left out."""
    found = []
    for n, entry in enumerate(header[:LONGEST_HEADER].split(",")):
        tag, _, quality = entry.partition(";q=")
        digits = quality.strip() or "1"
        weight = float(digits) if digits.replace(".", "", 1).isdecimal() else 0.0
        if weight > 0:
            found.append((-weight, n, tag.strip()))
    return [tag for _, _, tag in sorted(found)]


@cache
def known_zones() -> frozenset[str]:
    """Return the time zones that there are: no name of anything else reaches the files."""
    return frozenset(available_timezones())
