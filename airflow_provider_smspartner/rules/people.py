"""People, and how they are recognised without being named."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, NamedTuple, NoReturn

from airflow_provider_smspartner.exceptions import InvalidMessage

HASH_SIZE: Final = 8
"""Bytes kept of each hash: 64 bits keep a million people apart."""


TOGETHER: Final = 6
"""Some 2 to the power of this many hashes have the same first bits."""

LONGEST_EVENT: Final = 200
"""Characters of what a text is about, as a ledger keeps it."""

ERASED: Final = "erased-"
"""What the number of a person begins with who was erased from a ledger."""


class Person(NamedTuple):
    """Somebody to be texted, for one event when there are several."""

    number: str
    """E.164."""
    event: str = ""
    """What it is about, an order for instance; "" when there is one text for each person."""
    text: str = ""
    """A text of their own, as it stands in a request; "" when all get the same. Not part of who they are."""

    def __repr__(self) -> str:
        return "Person(…)"  # tracebacks and logs print what they hold


class NamesPeople:
    """A value with numbers in it. Airflow gets none to store: an XCom is kept, and shown to many."""

    __slots__ = ()

    def serialize(self) -> NoReturn:
        """Refuse to be returned by an ``@task``.

        :raises InvalidMessage: always.
        """
        raise InvalidMessage(
            f"{type(self).__name__}: it holds phone numbers, and an XCom would show them; return counts, or "
            "write the numbers into a table of your own"
        )


def people_of(numbers: Iterable[str]) -> Iterator[Person]:
    """Yield the people who have these numbers, without an event or a text of their own."""
    # ``Person(number)`` takes twice as long, and there are millions
    return map(tuple.__new__, repeat(Person), zip(numbers, repeat(""), repeat("")))


def is_erased(number: str) -> bool:
    """Tell what stands in place of an erased number from a number."""
    return number.startswith(ERASED)


class Pseudonymizer:
    """Turns people into keyed hashes: HMAC-SHA-256 under a key derived from a secret and never stored.

    Without the secret a hash tells nothing, although every phone number could be tried.
    """

    def __init__(self, secret: str, campaign: Sequence[object]) -> None:
        name = json.dumps(["people", *campaign], default=str).encode()
        self._key = hmac.digest(secret.encode(), name, "sha256")
        # Both halves of HMAC (RFC 2104), begun once: to begin takes longer than to hash a number
        block = self._key.ljust(hashlib.sha256().block_size, b"\0")
        halves = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
        self._inner, self._outer = map(hashlib.sha256, halves)

    def hash(self, person: Person) -> bytes:
        """Return the hash of one person."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{person.number}|{person.event}".encode())
        outer.update(inner.digest())
        return outer.digest()[:HASH_SIZE]

    def hashes(self, people: Iterable[Person]) -> bytes:
        """Return the hashes of several people, one after the other."""
        return b"".join(map(self.hash, people))

    @property
    def check(self) -> str:
        """A value that is the same only while the secret is."""
        return hmac.digest(self._key, b"check", "sha256")[:HASH_SIZE].hex()

    def seal(self, text: str) -> str:
        """Return what nobody can make for a text without the secret."""
        key = hmac.digest(self._key, b"seal", "sha256")  # a hash of a person must never be taken for one
        return hmac.digest(key, text.encode(), "sha256")[: 2 * HASH_SIZE].hex()


def recognising(secrets: Sequence[str], campaign: Sequence[object], check: str | None) -> Pseudonymizer:
    """Return who hashes people as a campaign has begun to: what has been hashed must be recognised.

    :param secrets: those that there are, today's first.
    :param check: the check value that the campaign has left; None for one that begins.
    """
    among = [Pseudonymizer(secret, campaign) for secret in secrets]
    return next((pseudonymizer for pseudonymizer in among if pseudonymizer.check == check), among[0])


def each(hashes: bytes) -> Iterator[bytes]:
    """Cut joined hashes into single ones."""
    return (hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE))


class Sorted(NamedTuple):
    """Hashes in their order. They are spread evenly: the first bits of one tell about where it stands."""

    hashes: array[int]
    shift: int
    """How many bits are left without the first ones."""
    starts: array[int]
    """Where those begin that have the same first bits, and the end."""


def in_order(hashes: array[int]) -> Sorted:
    """Sort hashes, and note where those with the same first bits begin."""
    ordered = array("Q", sorted(hashes))
    bits = max(0, len(ordered).bit_length() - TOGETHER)
    shift = 8 * HASH_SIZE - bits
    starts = array("Q", (bisect_left(ordered, at << shift) for at in range(2**bits)))
    starts.append(len(ordered))
    return Sorted(ordered, shift, starts)


class Known:
    """A growing set of hashes in eight bytes each; Python's own would take twelve times that."""

    def __init__(self) -> None:
        self._sorted = in_order(array("Q"))
        self._new = array("Q")

    def add(self, hashes: bytes) -> None:
        """Take joined hashes in."""
        self._new.frombytes(hashes)

    def __contains__(self, hashed: bytes) -> bool:
        if self._new:
            # Airflow's time-out may come at any line: nobody is forgotten, whichever it is
            self._sorted = in_order(self._sorted.hashes + self._new)
            self._new = array("Q")
        hashes, shift, starts = self._sorted
        wanted = int.from_bytes(hashed, sys.byteorder)
        first = wanted >> shift
        end = starts[first + 1]
        place = bisect_left(hashes, wanted, starts[first], end)
        return place < end and hashes[place] == wanted
