"""Rows become distinct people, in a few bytes for each."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import not_
from typing import Any

from airflow_provider_smspartner.audience.rows import Rows, Rules
from airflow_provider_smspartner.audience.spool import Spool, key_of
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.values import as_text, check_characters, event_name

MOST_EXPLAINED = 20
LONGEST_EVENT = 200
PILES = 256
FRANCE = 33_000_000_000
VALUE = "a column that is needed of it"


class Audience:
    """Who is to be texted, and what was found on the way."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.rows = 0
        self.invalid = 0
        """Rows without the number of a mobile phone, or without a text."""
        self.duplicates = 0
        """Rows whose number (and event) had come before, in whatever spelling."""
        self.excluded = 0
        """Rows of people in other countries or on the STOP list."""
        self.on_stop_list = 0
        """Those among them who are on the STOP list."""
        self.without_text = 0
        """Those of the invalid rows that lack a text, or an event."""
        self.explained: list[str] = []
        """Why the first invalid rows are so, with the numbers masked."""
        self._numbers = array("Q")
        self._held_out = array("Q")
        self._spool: Spool | None = None
        self._repeated = bytearray()

    def __len__(self) -> int:
        return len(self._numbers) - sum(self._repeated)

    @property
    def held_out(self) -> int:
        """People outside the share that is texted; their further rows are duplicates."""
        return len(self._held_out)

    @property
    def invalid_rate(self) -> float:
        """The share of the rows that are invalid: of all rows, or of those inside the share that is texted.

        Outside it nobody looks for a text, so that there they must not make a fault of all texts small.
        """
        tried = len(self._numbers) + self.without_text
        inside = self.without_text / tried if self._held_out and tried else 0
        return max(self.invalid / self.rows, inside)

    @property
    def segments(self) -> int:
        """Segments of all personal texts; 0 when there are none."""
        sizes = self._spool.sizes if self._spool else array("B")
        return sum(self._unrepeated(sizes) if self._repeated and sizes else sizes)

    @property
    def people(self) -> Iterator[Person]:
        """Everybody who is to be texted, in the order of the rows. May be asked for again and again."""
        kept = self._unrepeated(self._numbers)
        if self._spool is None:
            return map(Person, map("+{}".format, kept))
        return map(self._person, kept, map(json.loads, self._unrepeated(self._spool.lines())))

    def _unrepeated(self, items: Iterable[Any]) -> Iterable[Any]:
        if not self._repeated:
            return items
        return (item for item, repeated in zip(items, self._repeated, strict=True) if not repeated)

    def _person(self, number: int, others: list[Any]) -> Person:
        event = others.pop(0) if self.rules.events else ""
        return Person(f"+{number}", event, tuple(others))

    def take(self, rows: Rows) -> None:
        """Clean some rows."""
        first, self.rows = self.rows, self.rows + len(rows.numbers)
        french = phone.french_mobiles(rows.numbers) if self.rules.region == "FR" else [""] * len(rows.numbers)
        if rows.others is None and all(french) and not self.rules.left_out and self._may_go("FR"):
            self._numbers.extend(self._inside([FRANCE + int(number) for number in french]))
            return
        for index, (typed, national) in enumerate(zip(rows.numbers, french, strict=True)):
            others = rows.others[index] if rows.others is not None else None
            try:
                self._take_one(typed, national, others)
            except InvalidMessage as error:
                self.invalid += 1
                if len(self.explained) < MOST_EXPLAINED:
                    self.explained.append(f"row {first + index + 1}: {error}")

    def _take_one(self, typed: Any, national: str, others: Sequence[object] | None) -> None:
        number = FRANCE + int(national) if national else int(phone.normalize(typed, self.rules.region)[1:])
        stopped = number in self.rules.left_out
        if stopped or not self._may_go("FR" if national else None, number):
            self.excluded += 1
            self.on_stop_list += stopped
            return
        if self.rules.share is not None and f"+{number}" not in self.rules.share:
            event = event_name(others[0]) if others is not None and self.rules.events else None
            self._held_out.append(number if event is None else key_of(number, event))
            return
        if others is not None:
            self._take_others(number, others)
        self._numbers.append(number)

    def _take_others(self, number: int, others: Sequence[object]) -> None:
        size = None
        try:
            values = self._readable(others)
            if self.rules.measure is not None:
                size = self.rules.measure(values[1:] if self.rules.events else values)
        except InvalidMessage:
            self.without_text += 1
            raise
        if self._spool is None:
            self._spool = Spool()
        self._spool.write(values)
        if size is not None:
            self._spool.sizes.append(size)
        if self.rules.events:
            self._spool.keys.append(key_of(number, values[0] or ""))

    def _inside(self, numbers: list[int]) -> list[int]:
        """Return those who belong to the share, and remember the others."""
        if (share := self.rules.share) is None:
            return numbers
        belongs = [f"+{number}" in share for number in numbers]
        self._held_out.extend(compress(numbers, map(not_, belongs)))
        return list(compress(numbers, belongs))

    def _may_go(self, country: str | None, number: int = 0) -> bool:
        countries = self.rules.countries
        return countries is None or (country or phone.country(f"+{number}")) in countries

    def _readable(self, others: Sequence[object]) -> list[str | None]:
        if not self.rules.events:
            return [as_text(value, VALUE) for value in others]
        event = event_name(others[0])
        check_event(event or "")
        return [event, *(as_text(value, VALUE) for value in others[1:])]

    def close(self) -> None:
        """Find the rows that repeat an earlier one; call it when the last row was taken."""
        self._repeated = repeated(self._spool.keys if self._spool and self.rules.events else self._numbers)
        again = repeated(self._held_out)
        if again:
            self._held_out = array("Q", compress(self._held_out, map(not_, again)))
        self.duplicates = sum(self._repeated) + sum(again)


def check_event(event: str) -> None:
    """Refuse an event that names nothing, or more than a ledger can keep."""
    if not event.strip():
        raise InvalidMessage("its event column is empty")
    if len(event) > LONGEST_EVENT:
        raise InvalidMessage(f"its event has {len(event)} characters, and the ledger keeps {LONGEST_EVENT}")
    check_characters(event, "its event")


def repeated(keys: array[int]) -> bytearray:
    """Flag the keys that have come before; empty when none has.

    Equal keys land on the same pile, so that only a pile at a time is a set: of a million numbers at once it
    would cost 100 MB.
    """
    piles = [array("I") for _ in range(PILES)]
    for index, key in enumerate(keys):
        piles[key % PILES].append(index)
    flags = bytearray(len(keys))
    for pile in piles:
        seen: set[int] = set()
        for index in pile:
            flags[index] = keys[index] in seen
            seen.add(keys[index])
    return flags if any(flags) else bytearray()


def gather(parts: Iterable[Rows], rules: Rules) -> Audience:
    """Clean what people typed into distinct E.164 numbers."""
    audience = Audience(rules)
    for part in parts:
        audience.take(part)
    audience.close()
    return audience


def check_quality(audience: Audience, *, on_invalid: str, max_invalid_rate: float) -> None:
    """Refuse an audience that shows a mistake in the query rather than a few bad numbers.

    :raises InvalidMessage: ``on_invalid`` is "fail" and a number is invalid, or no number is valid, or more
        than ``max_invalid_rate`` (0 to 1) of the rows are invalid.
    """
    if not audience.invalid:
        return
    example = audience.explained[0] if audience.explained else ""
    found = f"{audience.invalid} of {audience.rows} rows cannot be texted ({example})"
    if not (len(audience) or audience.excluded or audience.held_out):
        raise InvalidMessage(f"recipients: {found}; is phone_column the right column?")
    if on_invalid == "fail":
        raise InvalidMessage(f'recipients: {found}, and on_invalid="fail"; nothing was sent')
    if audience.invalid_rate > max_invalid_rate:
        raise InvalidMessage(
            f"recipients: {found}, which is more than max_invalid_rate={max_invalid_rate}; "
            "is phone_column the right column? Nothing was sent"
        )
