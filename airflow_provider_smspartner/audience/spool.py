"""What is needed of each row besides its number, in an unlinked temporary file."""

from __future__ import annotations

import json
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b

AT_ONCE = 1_000_000
"""Bytes."""


class Spool:
    """The values of the rows in their order, and in memory what is counted and compared of them."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as we do
        weakref.finalize(self, self._file.close)
        self.sizes = array("B")
        """Segments of each row's own text; empty when the text is the same for all."""
        self.keys = array("Q")
        """What stands for each row's person and event; empty without events."""

    def write(self, values: Sequence[str | None]) -> None:
        """Add the values of a row."""
        self._file.write(json.dumps(values).encode() + b"\n")

    def lines(self) -> Iterator[bytes]:
        """Yield the values of each row as JSON. Several may read at once, and each from the start."""
        at = 0
        while True:
            self._file.seek(at)  # somebody else may have read meanwhile
            if not (lines := self._file.readlines(AT_ONCE)):
                return
            at = self._file.tell()
            yield from lines


def key_of(number: int, event: str) -> int:
    """Return what stands for a person and an event, in eight bytes."""
    return int.from_bytes(blake2b(f"{number}|{event}".encode(), digest_size=8).digest())
