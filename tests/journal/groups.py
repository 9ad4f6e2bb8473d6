"""People of the tests in groups: what leaves in one request, or is claimed at once."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_smspartner.rules.people import Person


def in_groups(people: Iterable[Person], *, of: int) -> list[tuple[Person, ...]]:
    everybody = tuple(people)
    return [everybody[start : start + of] for start in range(0, len(everybody), of)]
