"""Personal texts: a message whose ``{column}`` and ``{column|default}`` are filled from a recipient's row."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, repeat
from types import NoneType
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.values import as_text, as_texts, check_characters

LONGEST_VALUE: Final = 1600
"""Characters; more than ten segments hold."""

INVISIBLE: Final = " \n\t\r\xa0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff"
"""What a value may be made of that says nothing."""

_ONE_SPELLING: Final = frozenset({str, int, date, NoneType})
"""Types of which equal values are written alike."""

_find_brace = re.compile("[{}]").search
_FIELD = re.compile(r"\{([^\W\d]\w*)(?:\|([^{}|]*))?\}")


class EmptyValue(InvalidMessage):
    """A row has nothing to fill a field with, and the field has no default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeField:
    """One place to fill."""

    column: str
    default: str | None = dataclasses.field(repr=False)
    """What stands there for people whose value is empty; None when an empty value is a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message taken apart: ``texts`` has one item more than ``fields``."""

    texts: tuple[str, ...] = dataclasses.field(repr=False)
    fields: tuple[MergeField, ...]

    columns: tuple[str, ...] = dataclasses.field(init=False)
    """The columns that a row must have, each once."""

    def __post_init__(self) -> None:
        # Asked for by every row, and there may be a million
        columns = tuple(dict.fromkeys(field.column for field in self.fields))
        object.__setattr__(self, "columns", columns)

    def render(self, values: Sequence[object]) -> str:
        """Fill the message with the values of ``columns``, in their order.

        :raises InvalidMessage: a value is empty and has no default, too long, no text or number, or holds a
            brace, which the platform would turn into a parenthesis.
        """
        [text] = self.render_all([values])
        if isinstance(text, InvalidMessage):
            raise text
        return text

    def render_all(self, rows: Sequence[Sequence[object]]) -> list[str | InvalidMessage]:
        """Fill the message from each of many rows, or say why it cannot be."""
        if not rows:
            return []
        given = dict(zip(self.columns, zip(*rows, strict=True), strict=True))
        filled = [fillings(field, given[field.column]) for field in self.fields]
        faults: dict[int, InvalidMessage] = {}
        for column in filled:
            if set(map(type, column)) != {str}:
                faults = {
                    place: value for place, value in enumerate(column) if isinstance(value, InvalidMessage)
                } | faults
        columns: list[Iterable[object]] = [map(str, column) if faults else column for column in filled]
        pieces = chain(
            [repeat(self.texts[0], len(rows))], *zip(columns, map(repeat, self.texts[1:]), strict=True)
        )
        texts = map("".join, zip(*pieces, strict=False))
        return [faults.get(place, text) for place, text in enumerate(texts)] if faults else list(texts)


def parse(message: str) -> Template:
    """Take a message apart.

    A field is a name: no attribute, no index, no format. Any other brace is refused.

    :raises InvalidMessage: a brace is no field's.
    """
    pieces = _FIELD.split(message)
    texts, columns, defaults = pieces[0::3], pieces[1::3], pieces[2::3]
    if any(map(_find_brace, texts)):
        raise InvalidMessage(
            "message: holds a brace that is no field; a field is {column} or {column|default}, with the "
            "plain name of a column, and SMS Partner turns every other brace into a parenthesis"
        )
    fields = (
        MergeField(column=column, default=default) for column, default in zip(columns, defaults, strict=True)
    )
    return Template(texts=tuple(texts), fields=tuple(fields))


def fillings(field: MergeField, values: Sequence[object]) -> list[str | InvalidMessage]:
    """Return what stands in place of a field in each of many texts, or why nothing can.

    A column is looked at as a whole, else each of its values that come again and again once.
    """
    texts = as_texts(values)
    if texts is not None and _stand_as_they_are(texts):
        return list(texts)
    known: dict[object, str | InvalidMessage] = {}
    found = []
    for value in values:
        if type(value) not in _ONE_SPELLING:
            found.append(attempt(field, value))
        elif value in known:
            found.append(known[value])
        else:
            found.append(known.setdefault(value, attempt(field, value)))
    return found


def _stand_as_they_are(values: Sequence[str]) -> bool:
    """Tell whether ``filling`` gives each of these texts back."""
    joined = "".join(values)
    stripped = list(map(str.strip, values)) == list(values)
    longest = max(map(len, values)) <= LONGEST_VALUE
    return stripped and longest and all(values) and joined.isprintable() and not _find_brace(joined)


def attempt(field: MergeField, value: object) -> str | InvalidMessage:
    """Return what stands in place of a field, or why nothing can."""
    try:
        return filling(field, value)
    except InvalidMessage as error:
        return error


def filling(field: MergeField, value: object) -> str:
    """Return what stands in place of a field."""
    if type(value) is not str:
        value = as_text(value, f"column {field.column}") or ""
    text = value.strip()
    if not text or (not text.isprintable() and not text.strip(INVISIBLE)):
        if field.default is None:
            raise EmptyValue(
                f"column {field.column} is empty; {{{field.column}|default}} would give it a default"
            )
        return field.default
    if len(text) > LONGEST_VALUE:
        raise InvalidMessage(f"column {field.column} holds {len(text)} characters, more than an SMS can")
    if not text.isprintable():
        check_characters(text, f"column {field.column}")
    if _find_brace(text):
        raise InvalidMessage(f"column {field.column} holds a brace, which SMS Partner would change")
    return text
