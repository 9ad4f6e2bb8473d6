"""The catalogues of the page are whole, and a reader gets the language and the time zone they have chosen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import Reader, languages, read_by, reader_of
from scripts.messages import CATALOGUES, messages

OTHERS = [language for language in languages() if language != "en"]
BREAKS = re.compile(r"(?<=[^\u00a0\u202f])[:;?!»%](?= |$)|«(?!\u00a0)")
"""A French mark that a line may break before or after; a colon inside of a word, as in a time, is none."""


def translations(language: str) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def said(language: str) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """What a language says, its header apart."""
    return ((message, forms(message.string)) for message in translations(language) if message.id)


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


def test_french_is_there() -> None:
    assert "fr" in languages()


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_the_page_says_is_translated(language: str) -> None:
    wanted = {forms(message.id) for message in messages() if message.id}
    translated = {forms(message.id) for message, texts in said(language) if all(texts) and not message.fuzzy}

    assert len(wanted) > 200
    assert wanted - translated == set(), "`make messages` adds what is missing; translate it there"
    assert translated - wanted == set(), "`make messages` takes out what is not said any more"
    assert not translations(language).obsolete


def test_nothing_is_said_where_the_catalogues_do_not_find_it() -> None:
    """Before Python 3.12, Babel does not look into an f-string."""
    calls = [
        node
        for path in CATALOGUES.parents[1].rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say"
    ]
    texts = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}

    assert len(texts) > 50
    assert texts <= {form for message in messages() for form in forms(message.id)}


@pytest.mark.parametrize("language", OTHERS)
def test_each_translation_has_the_fields_of_its_message(language: str) -> None:
    for message, texts in said(language):
        known = set().union(*map(fields, forms(message.id)))
        assert all(fields(text) <= known for text in texts), message.id
        assert fields(texts[-1]) == known, message.id


@pytest.mark.parametrize("language", OTHERS)
def test_each_message_that_counts_has_all_forms_of_its_language(language: str) -> None:
    plurals = translations(language).num_plurals

    assert all(len(texts) == plurals for message, texts in said(language) if message.pluralizable)


def test_french_is_set_as_french_is() -> None:
    wrong = [
        text
        for message, texts in said("fr")
        for text in texts
        if (BREAKS.search(text) or "'" in text) and "MMM" not in text
    ]

    assert wrong == []


# ---- numbers, money and times ----------------------------------------------------------------------


def test_figures_are_written_as_in_french() -> None:
    morning = datetime(2026, 11, 27, 9, 5, tzinfo=UTC)

    with read_by(Reader(language="fr")):
        assert words.number(1060) == "1\u202f060"
        assert words.people(1060) == "1\u202f060 personnes"
        assert words.people(0) == "0 personne"
        assert words.money(Decimal("47.7"), "EUR") == "47,70\u00a0€"
        assert words.money(Decimal("0.038"), None) == "0,038\u00a0€"
        assert words.money(Decimal(12), "CHF") == "12,00\u00a0CHF"
        assert words.percent(0.975) == "97,5\u00a0%"
        assert words.minute(morning) == "27 nov. 2026 à 10:05 CET"
        assert words.span(180_061) == "2\u00a0j 2\u00a0h"


def test_times_are_those_of_the_readers_zone_which_stands_beside_them() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)

    with read_by(Reader(zone=ZoneInfo("America/New_York"))):
        assert words.minute(noon) == "1 Jul 2026, 08:00 EDT"
    with read_by(Reader(zone=UTC)):
        assert words.clock(noon) == "1 Jul 2026, 12:00:00 UTC"


def test_a_name_is_no_number_in_any_language() -> None:
    for language in languages():
        with read_by(Reader(language=language)):
            assert words.name("news 202611") == "news 202611"
            assert words.name("for +33612345678") == "for +33 6 •• •• •• 78"


# ---- who reads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("fr", "en", "fr"),
        ("en", "fr", "en"),
        ("fr-CA", "", "fr"),
        ("FR", "", "fr"),
        ("de", "fr", "en"),  # as Airflow itself does, where a language is missing
        ("", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("", "de-DE,en;q=0.3,fr;q=0.7", "fr"),
        ("", "de, *;q=0.5", "en"),
        ("", "fr;q=0, en", "en"),
        ("", "", "en"),
        ("../fr", "", "en"),
        ("", ";q=;q=x,\x00," * 10_000, "en"),
    ],
)
def test_a_reader_gets_their_language(chosen: str, accepted: str, language: str) -> None:
    reader = reader_of(chosen=chosen, accepted=accepted, zone="", server_zone=UTC)

    assert reader.language == language


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        *((name, "UTC") for name in ("", "Europe", "../../etc/passwd", "/etc/passwd", "\x00", "x" * 10_000)),
    ],
)
def test_a_reader_gets_their_time_zone_and_what_is_none_gets_that_of_the_server(
    zone: str, shown: str
) -> None:
    reader = reader_of(chosen="", accepted="", zone=zone, server_zone=ZoneInfo("UTC"))

    assert str(reader.zone) == shown


class Named(ZoneInfo):
    """A time zone as older pendulums have it."""

    __hash__ = None  # type: ignore[assignment]


class Fixed(tzinfo):
    """The same without a name."""

    __hash__ = None  # type: ignore[assignment]

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=2)

    def tzname(self, moment: datetime | None) -> str:
        return "+02:00"

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)


@pytest.mark.parametrize(
    ("zone", "shown"), [(Named("Asia/Tokyo"), "21:00:00 JST"), (Fixed(), "14:00:00 UTC+02:00")]
)
def test_the_time_zone_of_the_server_may_be_any(zone: tzinfo, shown: str) -> None:
    with read_by(reader_of(chosen="", accepted="", zone="", server_zone=zone)):
        assert words.clock(datetime(2026, 11, 2, 12, tzinfo=UTC)).endswith(shown)
