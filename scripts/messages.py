"""Bring the catalogues of the campaign page up to date with the messages that it says; ``make messages``.

A further language: write an empty file ``LANGUAGE.po`` beside the others, run this, and translate.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

PLUGINS: Final = Path(__file__).parents[1] / "airflow_provider_smspartner" / "plugins"
CATALOGUES: Final = PLUGINS / "drawing" / "languages"
KEYWORDS: Final = {"say": None, "mark": None, "of": (2, 3), "mark_of": (1, 2), "say_of": (2, 3)}
"""What our messages are handed to, and which of its arguments they are."""
READERS: Final = {".py": "python", ".html": "jinja2.ext:babel_extract"}


def messages() -> Catalog:
    """Return all that the page says, with the files in which it stands."""
    catalogue = Catalog(charset="utf-8")
    for path in sorted(PLUGINS.rglob("*")):
        for message in messages_of(path):
            catalogue.add(message, locations=[(str(path.relative_to(PLUGINS)), 0)])
    return catalogue


def messages_of(path: Path) -> Iterator[str | tuple[str, ...]]:
    """Yield the messages in a file."""
    if path.suffix in READERS:
        file = BytesIO(path.read_bytes())
        for _, message, _, _ in extract(READERS[path.suffix], file, KEYWORDS, (), {"encoding": "utf-8"}):
            yield message


def update(path: Path) -> None:
    """Add to a catalogue what is said by now, empty, and take out of it what is not said any more."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    written = catalogue.creation_date
    catalogue.update(messages(), no_fuzzy_matching=True)
    catalogue.creation_date = written  # a catalogue that says nothing new stays as it is, to the byte
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False)


if __name__ == "__main__":
    for each in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(CATALOGUES.glob("*.po")):
        update(each)
