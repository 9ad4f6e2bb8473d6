"""Reads a send: the fields of a request become an order, or every constraint they break is named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.phone import normalize
from airflow_provider_smspartner.rules.segments import LOW_COST_LIMIT, MAX_SEGMENTS, Estimate, estimate
from airflow_provider_smspartner.simulator.orders import Order
from airflow_provider_smspartner.simulator.refusals import (
    ListKey,
    Problem,
    by_code,
    by_elements,
    by_numbers,
    by_sentences,
)
from airflow_provider_smspartner.simulator.settings import Settings

PARIS = ZoneInfo("Europe/Paris")
MOST_NUMBERS = 500

Fields = dict[str, Any]
T = TypeVar("T")


class Reader:
    """Reads the fields of one request and keeps every constraint they break."""

    def __init__(self, fields: Fields, *, now: datetime, settings: Settings) -> None:
        self.fields = fields
        self.now = now
        self.settings = settings
        self.problems: list[Problem] = []
        self.left_out: tuple[str, ...] = ()

    def send(self) -> Order:
        written = self._written_numbers()
        message = self._message(self.fields.get("message"))
        numbers = self._numbers(written, element="phoneNumbers")
        options = self._options()
        self._refuse_problems("errors")
        return Order(
            joined_numbers=",".join(numbers), texts=(message.text,), segments=(message.segments,), **options
        )

    def survey(self) -> Order:
        written = self._written_numbers()
        survey_id = self._survey_id()
        numbers = self._numbers(written, element="phoneNumbers")
        tag, due = self._tag(), self._due()
        self._refuse_problems("error")
        return Order(
            joined_numbers=",".join(numbers),
            texts=("",),
            segments=(1,),
            survey_id=survey_id,
            tag=tag,
            due=due,
            left_out=self.left_out,
        )

    def bulk(self) -> Order:
        rows = self._rows()
        if self.settings.bad_numbers == "skip":
            _, bad = _normalized(_text(row.get("phoneNumber")) for row in rows)
            rows = [row for row in rows if _text(row.get("phoneNumber")).strip()[:40] not in bad]
            self.left_out = tuple(bad)
        messages = [self._message(row.get("message")) for row in rows]
        numbers = self._numbers([_text(row.get("phoneNumber")) for row in rows], element="phoneNumber")
        options = self._options()
        self._refuse_problems("errors")
        return Order(
            joined_numbers=",".join(numbers),
            texts=tuple(message.text for message in messages),
            segments=tuple(message.segments for message in messages),
            **options,
        )

    def _written_numbers(self) -> list[str]:
        written = _text(self.fields.get("phoneNumbers"))
        if not written.strip():
            raise by_code(2)
        return _at_most_500(written.split(","))

    def _rows(self) -> list[Fields]:
        rows = self.fields.get("SMSList")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise by_code(2)
        return _at_most_500(rows)

    def _numbers(self, written: Iterable[str], *, element: str) -> list[str]:
        numbers, bad = _normalized(written)
        if self.settings.bad_numbers == "skip":
            self.left_out += tuple(bad)
            return numbers
        if bad and self.settings.number_faults != "elements":
            items = self.settings.number_faults == "items"
            raise by_numbers(bad, item_code=9) if items else by_sentences(bad)
        for number in bad:
            self._broken(element, f"Ce numéro n'est pas un mobile ({number})")
        return numbers

    def _message(self, message: object) -> Estimate:
        if not isinstance(message, str) or not message.strip():
            self._broken("message", "Il manque un texte", 43)
            return estimate("")
        size = estimate(message, unicode=_flag(self.fields.get("isUnicode")))
        if _text(self.fields.get("gamme")) == "2" and size.units > LOW_COST_LIMIT:
            raise by_code(42)
        if size.segments > MAX_SEGMENTS:
            raise by_code(52)
        return size

    def _options(self) -> Fields:
        sender, tag, due = self._sender(), self._tag(), self._due()
        if _text(self.fields.get("gamme")) not in ("", "1", "2"):
            self._broken("gamme", "La gamme est 1 ou 2")
        sandbox = _flag(self.fields.get("sandbox"))
        urls = {
            "url_dlr": _text(self.fields.get("urlDlr")),
            "url_response": _text(self.fields.get("urlResponse")),
        }
        given = {"sender": sender, "tag": tag, "due": due, "sandbox": sandbox, "left_out": self.left_out}
        return given | urls

    def _survey_id(self) -> str:
        if not (survey_id := _text(self.fields.get("sondageIdent"))):
            self._broken("sondageIdent", "Il manque le sondage")
        return survey_id

    def _sender(self) -> str:
        sender = _text(self.fields.get("sender"))
        if sender and not re.fullmatch("[A-Za-z0-9 ]{3,11}", sender):
            self._broken("sender", "Un émetteur a 3 à 11 caractères, sans signes", 44)
        return sender

    def _tag(self) -> str | None:
        tag = _text(self.fields.get("tag"))
        if tag and (len(tag) > 20 or re.search(r"\s", tag) or tag != tag.lower()):
            self._broken("tag", "Un tag a 20 caractères au plus, sans espace ni majuscule")
        return tag or None

    def _due(self) -> datetime | None:
        date, hour, minute = (_text(self.fields.get(f)) for f in ("scheduledDeliveryDate", "time", "minute"))
        if not (date or hour or minute):
            return None
        before = len(self.problems)
        day = self._day(date)
        minutes = self._minutes(minute)
        hours = self._hours(hour)
        # 24 is the midnight that ends the day: the vendor's range is 0 to 24.
        due = day + timedelta(hours=hours, minutes=minutes)
        # A moment names a minute, and the minute that runs is not past.
        if due.replace(tzinfo=PARIS) < self.now.replace(second=0, microsecond=0):
            self._broken("scheduledDeliveryDate", f"Le moment ({date} à {hour}:{minute}) est passé", 49)
        return due.replace(tzinfo=PARIS) if len(self.problems) == before else None

    def _day(self, date: str) -> datetime:
        if match := re.fullmatch("([0-9]{2})/([0-9]{2})/(2[0-9]{3})", date):
            day, month, year = map(int, match.groups())
            with suppress(ValueError):
                return datetime(year, month, day)
        self._broken("scheduledDeliveryDate", "La date s'écrit jj/mm/aaaa", 49 if date else 45)
        return datetime(2999, 1, 1)  # so that a bad date is not called a past one as well

    def _minutes(self, minute: str) -> int:
        if not re.fullmatch("[0-9]{1,2}", minute):
            self._broken("minute", "Il manque la minute", 47)
            return 0
        if int(minute) > 55 or int(minute) % 5:
            self._broken("minute", "La minute va de 0 à 55, de 5 en 5", 48)
            return 0
        return int(minute)

    def _hours(self, hour: str) -> int:
        if not re.fullmatch("[0-9]{1,2}", hour) or int(hour) > 24:
            self._broken("time", "Il manque l'heure, de 0 à 24", 46)
            return 0
        return int(hour)

    def _broken(self, element: str, message: str, code: int = 9) -> None:
        self.problems.append(Problem(element=element, message=message, code=code))

    def _refuse_problems(self, key: ListKey) -> None:
        if not self.problems:
            return
        first = self.problems[0]
        if self.settings.constraint_codes and first.code != 9:
            raise by_code(first.code, first.message)
        raise by_elements(self.problems, key=key)


def _normalized(written: Iterable[str]) -> tuple[list[str], list[str]]:
    numbers, bad = [], []
    for number in written:
        try:
            numbers.append(normalize(number))
        except InvalidPhoneNumber:
            bad.append(number.strip()[:40])
    return numbers, bad


def _at_most_500(items: list[T]) -> list[T]:
    if len(items) > MOST_NUMBERS:
        raise by_code(50)
    return items


def _text(value: object) -> str:
    """A field as text: null is like absence, as some clients send it for what they leave out."""
    return str(value) if isinstance(value, str | int) else ""


def _flag(value: object) -> bool:
    return value in (1, "1", True)
