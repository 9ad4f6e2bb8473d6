"""Batches: recipients in groups that SMS Partner takes in one request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.phone import mask

BATCH_LIMIT: Final = 500
"""Recipients of one request, at most: docpartner.dev, error code 50."""

T = TypeVar("T")


def check_batch(numbers: Sequence[str]) -> None:
    """Raise InvalidMessage unless these are 1 to 500 distinct numbers.

    Numbers are compared as they are written: normalise them before.
    """
    if not numbers:
        raise InvalidMessage("recipients: the batch has no numbers; omit the request")
    if len(numbers) > BATCH_LIMIT:
        limit = f"SMS Partner takes at most {BATCH_LIMIT} in one request"
        raise InvalidMessage(f"recipients: {len(numbers)} numbers are too many; {limit}")
    number, times = Counter(numbers).most_common(1)[0]
    if times > 1:
        raise InvalidMessage(f"recipients: {mask(number)} is there {times} times; name each number once")


def split_people(people: Iterable[Person]) -> Iterator[tuple[Person, ...]]:
    """Cut people into batches in which no number comes twice: one with two events goes in two of them."""
    source, waiting = iter(people), deque[Person]()
    while True:
        if not waiting:  # the usual case needs no look at each person
            ahead = tuple(islice(source, BATCH_LIMIT))
            if len({person.number for person in ahead}) < len(ahead):
                waiting.extend(ahead)
            elif ahead:
                yield ahead
                continue
        batch: dict[str, Person] = {}
        for person in [waiting.popleft() for _ in range(len(waiting))]:
            if len(batch) == BATCH_LIMIT or batch.setdefault(person.number, person) is not person:
                waiting.append(person)
        while len(batch) < BATCH_LIMIT and (following := next(source, None)) is not None:
            if batch.setdefault(following.number, following) is not following:
                waiting.append(following)
        if not batch:
            return
        yield tuple(batch.values())


LONGEST_TAG: Final = 20
LONGEST_USER_TAG: Final = 11
"""What is left of the platform's 20 characters beside a hyphen and 8 characters of a digest."""


def batch_tag(campaign: Sequence[object], ordinal: int, user_tag: str | None = None) -> str:
    """Return the tag of a batch: the same for the same campaign and ordinal, in every process and try.

    ``campaign`` names what is sent from where (connection, sandbox, DAG, run, task, map index), never people
    or text, which may differ on the next try. 40 or more bits of SHA-256 in base 32 keep tags apart.
    """
    name = json.dumps([*campaign, ordinal], default=str).encode()
    digest = base64.b32encode(hashlib.sha256(name).digest()).decode().lower()
    prefix = f"{user_tag}-" if user_tag else ""
    return prefix + digest[: LONGEST_TAG - len(prefix)]
