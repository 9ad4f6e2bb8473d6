"""People recognised by keyed hashes: the same person always, and nobody without the secret."""

from __future__ import annotations

import hmac
import itertools
import json
import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules import people
from airflow_provider_smspartner.rules.people import HASH_SIZE, Known, Person, Pseudonymizer, each

NUMBERS = st.integers(600_000_000, 799_999_999).map(lambda number: f"+33{number}")
PEOPLE = st.builds(Person, NUMBERS, st.text(max_size=5))
SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
"""No key has a zero at its end, and those that have are one to HMAC, which fills keys up with them."""
ANN = Person("+33600000001")


def test_a_hash_keeps_64_bits_and_shows_nothing_of_the_number() -> None:
    hashed = Pseudonymizer("secret", ["campaign"]).hash(ANN)

    assert len(hashed) == HASH_SIZE == 8
    assert ANN.number.encode() not in hashed


@given(SECRETS, st.lists(st.text() | st.integers() | st.none(), max_size=3), PEOPLE)
def test_a_hash_is_hmac_sha_256_under_a_derived_key(
    secret: str, campaign: list[object], person: Person
) -> None:
    key = hmac.digest(secret.encode(), json.dumps(["people", *campaign]).encode(), "sha256")
    whole = hmac.digest(key, f"{person.number}|{person.event}".encode(), "sha256")

    assert Pseudonymizer(secret, campaign).hash(person) == whole[:HASH_SIZE]


@given(PEOPLE, PEOPLE)
def test_two_people_have_the_same_hash_only_if_they_are_one(one: Person, other: Person) -> None:
    pseudonymizer = Pseudonymizer("secret", ["campaign"])

    same = (one.number, one.event) == (other.number, other.event)
    assert (pseudonymizer.hash(one) == pseudonymizer.hash(other)) == same


@given(SECRETS, SECRETS, st.lists(st.text()), st.lists(st.text()))
def test_another_secret_or_campaign_makes_other_hashes_and_another_check(
    secret: str, other_secret: str, campaign: list[str], other_campaign: list[str]
) -> None:
    one, other = Pseudonymizer(secret, campaign), Pseudonymizer(other_secret, other_campaign)
    same = (secret, campaign) == (other_secret, other_campaign)

    assert (one.hash(ANN) == other.hash(ANN)) == same
    assert (one.check == other.check) == same


@given(st.lists(PEOPLE))
def test_joined_hashes_come_apart_as_they_went_together(people: list[Person]) -> None:
    pseudonymizer = Pseudonymizer("secret", ["campaign"])

    assert list(each(pseudonymizer.hashes(people))) == list(map(pseudonymizer.hash, people))


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=HASH_SIZE, max_size=HASH_SIZE))))
def test_known_hashes_are_a_set(steps: list[tuple[bool, bytes]]) -> None:
    known, model = Known(), set[bytes]()
    for is_new, hashed in steps:
        if is_new:
            known.add(hashed)
            model.add(hashed)
        assert (hashed in known) == (hashed in model)


@pytest.mark.parametrize("count", [0, 1, 62, 63, 64, 127, 128, 5_000])
def test_a_hash_is_found_among_however_many(count: int) -> None:
    chance = random.Random(count)
    hashes = [b"\0" * HASH_SIZE, b"\xff" * HASH_SIZE, *(chance.randbytes(HASH_SIZE) for _ in range(count))]
    strangers = {bytes(byte ^ 1 for byte in hashed) for hashed in hashes} - {*hashes}
    known = Known()

    for part in (hashes[::2], hashes[1::2]):
        known.add(b"".join(part))
        assert all(hashed in known for hashed in part)

    assert all(hashed in known for hashed in hashes)
    assert not any(stranger in known for stranger in strangers)


def test_nobody_is_forgotten_by_a_time_out_at_whatever_line() -> None:
    hashes = [bytes([number]) * HASH_SIZE for number in range(200)]

    for line in itertools.count():
        known = Known()
        known.add(b"".join(hashes[:100]))
        assert hashes[0] in known
        known.add(b"".join(hashes[100:]))
        is_over = not interrupted_at(line, lambda: hashes[0] in known)  # noqa: B023  # called at once
        assert all(hashed in known for hashed in hashes), line
        if is_over:
            break
    assert line > 5


def interrupted_at(line: int, look: Callable[[], bool]) -> bool:
    """Tell whether a look was interrupted at this line of those that it goes through."""
    lines = itertools.count()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and frame.f_code.co_filename == people.__file__ and next(lines) == line:
            raise TimeoutError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        look()
    except TimeoutError:
        return True
    finally:
        sys.settrace(before)
    return False
