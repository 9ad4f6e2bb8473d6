"""A refused batch: is it the fault of some numbers, and who goes again?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from airflow_provider_smspartner.exceptions import APIError, Problem, RateLimitError
from airflow_provider_smspartner.rules.echoes import read_number
from airflow_provider_smspartner.rules.people import Person

NUMBER_CODES: Final = frozenset({14, 15, 55})
"""On the STOP list, already listed, no number to send: codes of the vendor's error page."""
GENERAL: Final = 9
"""Some constraint was broken: the code that says least."""
NUMBER_FIELDS: Final = frozenset({"phoneNumbers", "phoneNumber"})


def is_about_numbers(refusal: APIError, numbers: Iterable[str] | None = None) -> bool:
    """Tell whether nothing but numbers was refused, so that the rest of the batch may go again.

    A number that a sentence names counts whatever the code: 13 is about the price of those it names, and
    about the account when it names none.

    :param numbers: the E.164 numbers of the request; without them any mobile number counts.
    """
    if isinstance(refusal, RateLimitError):
        return False
    if not refusal.problems:
        return refusal.code in NUMBER_CODES
    ours = None if numbers is None else frozenset(numbers)
    return all(_is_about_number(problem, refusal.code, ours) for problem in refusal.problems)


def may_be_a_gateways(refusal: APIError, numbers: Iterable[str]) -> bool:
    """Tell whether something in between may have said it: 429, or a 9 that names no number."""
    is_general = refusal.code == GENERAL and not is_about_numbers(refusal, numbers)
    return isinstance(refusal, RateLimitError) or is_general


def _is_about_number(problem: Problem, code: int | None, ours: Collection[str] | None) -> bool:
    if problem.element is not None:
        return problem.element in NUMBER_FIELDS
    # Under 55 an item's 9 says that the number breaks a constraint
    codes = {code, problem.code} if problem.code == GENERAL else {problem.code or code}
    if problem.number is not None or not codes.isdisjoint(NUMBER_CODES):
        return True
    return bool(named_in([problem], ours) if ours is not None else any(map(read_number, problem.numbers)))


def named_in(problems: Iterable[Problem], ours: Collection[str]) -> frozenset[str]:
    """Return those of our numbers that the platform names, in an item or in its sentence."""
    written = {number for problem in problems for number in (problem.number or "", *problem.numbers)}
    read = (read_number(number, ours=ours.__contains__) for number in written)
    return frozenset(number for number in read if number and number in ours)


def divide(
    people: Sequence[Person], refusal: APIError
) -> tuple[tuple[Person, ...], list[tuple[Person, ...]]]:
    """Return who is refused for good, and the groups in which the others go again.

    The numbers that the platform names leave. When it names none of ours, halves tell: a bad number costs at
    most two requests for each halving of 500.
    """
    named = named_in(refusal.problems, {person.number for person in people})
    bad = tuple(person for person in people if person.number in named)
    if bad:
        rest = tuple(person for person in people if person.number not in named)
        return bad, [rest] if rest else []
    if len(people) == 1:
        return tuple(people), []
    middle = len(people) // 2
    return (), [tuple(people[:middle]), tuple(people[middle:])]
