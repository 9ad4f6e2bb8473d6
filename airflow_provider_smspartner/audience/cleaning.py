"""Rows become distinct people, in a few bytes for each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count
from operator import not_
from typing import Any, TypeVar

from airflow_provider_smspartner.audience.contents import contents_of, read_event
from airflow_provider_smspartner.audience.heap import standing_objects_passed_over
from airflow_provider_smspartner.audience.rows import Rows, Rules
from airflow_provider_smspartner.audience.spool import Spool, key_of
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import Person, people_of

MOST_EXPLAINED = 20
PILES = 256

T = TypeVar("T")


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

    def __iter__(self) -> Iterator[Person]:
        return self.people

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
        return sum(self._unrepeated(self._spool.sizes)) if self._spool else 0

    @property
    def people(self) -> Iterator[Person]:
        """Everybody who is to be texted, in the order of the rows. May be asked for again and again."""
        numbers = map("+{}".format, self._unrepeated(self._numbers))
        if self._spool is None:
            return people_of(numbers)
        pairs = self._unrepeated(self._spool.pairs())
        return (Person(number, *pair) for number, pair in zip(numbers, pairs, strict=True))

    def _unrepeated(self, items: Iterable[T]) -> Iterable[T]:
        return compress(items, map(not_, self._repeated)) if self._repeated else items

    def take(self, rows: Rows) -> None:
        """Clean some rows."""
        first, self.rows = self.rows, self.rows + len(rows.numbers)
        numbers = phone.mobiles(rows.numbers, self.rules.region)
        faults: dict[int, InvalidMessage | None] = {
            place: None for place, number in enumerate(numbers) if number == phone.REFUSED
        }
        places = self._inside(self._allowed(compress(count(), numbers), numbers), numbers, rows)
        if rows.others is not None:
            faults |= self._take_contents(places, numbers, rows.others)
        self._numbers.extend(numbers[place] for place in places if place not in faults)
        self.invalid += len(faults)
        for place in sorted(faults)[: max(0, MOST_EXPLAINED - len(self.explained))]:
            fault = faults[place] or fault_of(rows.numbers[place], self.rules.region)
            self.explained.append(f"row {first + place + 1}: {fault}")

    def _allowed(self, places: Iterable[int], numbers: Sequence[int]) -> list[int]:
        """Return the rows of those who may be texted, and count the others."""
        left_out, countries = self.rules.left_out, self.rules.countries
        if not left_out and countries is None:
            return list(places)
        allowed = []
        for place in places:
            number = numbers[place]
            stopped = number in left_out
            if stopped or (countries is not None and phone.country(f"+{number}") not in countries):
                self.excluded += 1
                self.on_stop_list += stopped
            else:
                allowed.append(place)
        return allowed

    def _inside(self, places: list[int], numbers: Sequence[int], rows: Rows) -> list[int]:
        """Return the rows of those who belong to the share, and remember the others."""
        if (share := self.rules.share) is None:
            return places
        inside = []
        for place in places:
            number = numbers[place]
            if f"+{number}" in share:
                inside.append(place)
                continue
            event = read_event(rows.others[place][0]) if rows.others and self.rules.events else None
            # Of a row that names no event nobody could be told apart: the number alone is counted
            self._held_out.append(key_of(number, event) if isinstance(event, str) else number)
        return inside

    def _take_contents(
        self, places: Sequence[int], numbers: Sequence[int], others: Sequence[Sequence[object]]
    ) -> dict[int, InvalidMessage]:
        """Take what rows hold besides their numbers; return what is wrong with those that hold too little."""
        events, texts = contents_of([others[place] for place in places], self.rules)
        faults = {
            place: text for place, text in zip(places, texts, strict=True) if isinstance(text, InvalidMessage)
        }
        self.without_text += len(faults)
        held = [place not in faults for place in places]
        events = list(compress(events, held))
        if events:
            self._spool = self._spool or Spool()
            self._spool.write(events, [text for text in texts if not isinstance(text, InvalidMessage)])
            if self.rules.events:
                numbered = zip(compress(places, held), events, strict=True)
                self._spool.keys.extend(key_of(numbers[place], event) for place, event in numbered)
        return faults

    def close(self) -> None:
        """Find the rows that repeat an earlier one; call it when the last row was taken."""
        self._repeated = repeated(self._spool.keys if self._spool and self.rules.events else self._numbers)
        again = repeated(self._held_out)
        if again:
            self._held_out = array("Q", compress(self._held_out, map(not_, again)))
        self.duplicates = sum(self._repeated) + sum(again)


def fault_of(number: Any, region: str) -> str:
    """Return why a number is refused."""
    try:
        phone.normalize(number, region)
    except InvalidMessage as error:
        return str(error)
    raise AssertionError("a number that is refused and read")


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
    with standing_objects_passed_over():
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
