"""The sentences of errors are said in the reader's language, and are those that the package raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from airflow_provider_smspartner.plugins.drawing.errors import SENTENCES, in_words, pattern
from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by
from tests.sources import package

QUOTED = ("recipients", "max_cost")
AIRFLOWS = {"The conn_id `{connection}` isn't defined"}


def texts(node: ast.AST) -> Iterator[str]:
    """The f-strings in a piece of source, with a word for each value, and what follows them inside of one."""
    for each in ast.walk(node):
        if isinstance(each, ast.JoinedStr):
            yield "".join(
                str(value.value) if isinstance(value, ast.Constant) else "something" for value in each.values
            )


def raised() -> set[str]:
    return {
        text.rstrip(". ")
        for module, source in package().items()
        if ".plugins" not in module
        for text in texts(ast.parse(source))
    }


def test_each_sentence_is_one_that_the_package_says() -> None:
    """A sentence that has changed where it is raised would be quoted in English, and nobody would notice."""
    said = raised()
    found = "something of something rows cannot be texted (something)"
    rate = "a rate of something; {gate} is something"
    quote = "something people and something segments, about something"
    said |= {text.replace("recipients: something", f"recipients: {found}") for text in said}
    said |= {text.replace(f"{name}: something", f"{name}: {quote}") for text in said for name in QUOTED}
    said |= {f"{text} (connection something)" for text in said if text.startswith("SMS Partner refused")}
    said |= {
        text.replace(", something", f", {rate.format(gate=gate)}")
        for text in said
        for gate in ("min_delivery_rate", "max_stop_rate")
    }

    missing = {
        message
        for message in SENTENCES
        if message not in AIRFLOWS and not any(map(pattern(message).fullmatch, said))
    }

    assert missing == set()


@pytest.mark.parametrize(
    ("sentence", "english", "french"),
    [
        (
            "max_recipients: 1200 people, and 1000 are allowed; nothing was sent.",
            "max_recipients: 1,200 people, and 1,000 are allowed; nothing was sent",
            "max_recipients\u00a0: 1\u202f200 personnes, pour 1\u202f000 autorisées\u202f; rien n’a été "
            "envoyé",
        ),
        (
            "max_cost: 1200 people and 1200 segments, about 45.600 EUR, and 40.5 is allowed; nothing was "
            "sent by this try",
            "max_cost: 1,200 people and 1,200 segments, about 45.60 EUR, and 40.5 is allowed; nothing was "
            "sent by this try",
            "max_cost\u00a0: 1\u202f200 personnes et 1\u202f200 segments, environ 45,60\u00a0€, pour 40,5 "
            "autorisés\u202f; cette tentative n’a rien envoyé",
        ),
        (
            "40 of 50 people got the text, a rate of 0.800; min_delivery_rate is 0.9",
            "40 of 50 people got the text, a rate of 0.8; min_delivery_rate is 0.9",
            "40\u00a0SMS reçus pour 50 personnes, soit un taux de 0,8\u202f; min_delivery_rate est de 0,9",
        ),
        (
            "send_at: 2026-11-20T10:00:00+01:00 was more than an hour ago, and 3 people are left; give "
            "another send_at to text them",
            "send_at: 20 Nov 2026, 10:00 CET was more than an hour ago, and 3 people are left; give "
            "another send_at to text them",
            "send_at\u00a0: 20 nov. 2026 à 10:00 CET est passé depuis plus d’une heure, et il reste 3 "
            "personnes\u202f; donnez un autre send_at pour leur écrire",
        ),
        ("Something else; it is so.", "Something else; it is so", "«\u00a0Something else; it is so\u00a0»"),
        ("{braces} {0} {x!r}", "{braces} {0} {x!r}", "«\u00a0{braces} {0} {x!r}\u00a0»"),
    ],
)
def test_a_sentence_is_translated_or_quoted(sentence: str, english: str, french: str) -> None:
    assert in_words(sentence) == english
    with read_by(Reader(language="fr")):
        assert in_words(sentence) == french


@pytest.mark.parametrize("value", ["007", "2026-13-45T99:99:99+99:99", "٣", "1" * 5000, "1e9", "12 eur"])
def test_a_value_of_no_such_form_stays_as_it_is(value: str) -> None:
    text = "max_recipients: {} people, and 10 are allowed; nothing was sent"

    assert in_words(text.format(value)) == text.format(value)
