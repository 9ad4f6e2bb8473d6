"""The sentences of errors are said in the reader's language, and are those that the package raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from airflow_provider_smspartner.plugins.drawing.errors import SENTENCES, in_words, pattern
from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by
from tests.sources import package

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
    said |= {text.replace("recipients: something", f"recipients: {found}") for text in said}
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
    ("sentence", "french"),
    [
        (
            "max_recipients: 1200 people, and 1000 are allowed; nothing was sent.",
            "max_recipients\u00a0: 1200 personnes, pour 1000 autorisées\u202f; rien n’a été envoyé",
        ),
        ("Something else; it is so.", "«\u00a0Something else; it is so\u00a0»"),
        ("{braces} {0} {x!r}", "«\u00a0{braces} {0} {x!r}\u00a0»"),
    ],
)
def test_a_sentence_is_translated_or_quoted(sentence: str, french: str) -> None:
    assert in_words(sentence) == sentence.rstrip(".")
    with read_by(Reader(language="fr")):
        assert in_words(sentence) == french
