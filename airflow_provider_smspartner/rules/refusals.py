"""A refused batch: is it the fault of some numbers, and who goes again?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airflow_provider_smspartner.exceptions import APIError, InvalidPhoneNumber, Problem, RateLimitError
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import Person

NUMBER_CODES: Final = frozenset({14, 15, 55})
"""On the STOP list, already listed, no number to send: codes of the vendor's error page."""
NUMBER_FIELDS: Final = frozenset({"phoneNumbers", "phoneNumber"})


def is_about_numbers(refusal: APIError) -> bool:
    """Tell whether nothing but numbers was refused, so that the rest of the batch may go again."""
    if isinstance(refusal, RateLimitError):
        return False
    if not refusal.problems:
        return refusal.code in NUMBER_CODES
    return all(_names_number(problem, refusal.code) for problem in refusal.problems)


def _names_number(problem: Problem, code: int | None) -> bool:
    if problem.element is not None:
        return problem.element in NUMBER_FIELDS
    return problem.number is not None or (problem.code or code) in NUMBER_CODES


def divide(
    people: Sequence[Person], refusal: APIError
) -> tuple[tuple[Person, ...], list[tuple[Person, ...]]]:
    """Return who is refused for good, and the groups in which the others go again.

    The numbers that the platform names leave. When it names none of ours, halves tell: a bad number costs at
    most two requests for each halving of 500.
    """
    named = {_normalised(problem.number) for problem in refusal.problems if problem.number}
    bad = tuple(person for person in people if person.number in named)
    if bad:
        rest = tuple(person for person in people if person.number not in named)
        return bad, [rest] if rest else []
    if len(people) == 1:
        return tuple(people), []
    middle = len(people) // 2
    return (), [tuple(people[:middle]), tuple(people[middle:])]


def _normalised(number: str) -> str | None:
    try:
        return phone.normalize(number)
    except InvalidPhoneNumber:
        return None
