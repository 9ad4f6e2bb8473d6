"""Events and texts of rows, in an unlinked temporary file."""

from __future__ import annotations

import json
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from airflow_provider_smspartner.rules.writing import Written


class Spool:
    """What rows hold, in their order, and in memory what is counted and compared of it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as we do
        weakref.finalize(self, self._file.close)
        self.sizes = array("B")
        """Segments of each row's own text; 0 when the text is the same for all."""
        self.keys = array("Q")
        """What stands for each row's person and event; empty without events."""

    def write(self, events: Sequence[str], texts: Sequence[Written]) -> None:
        """Add what some rows hold. They are read again together, so give them in parts that memory bears."""
        written, sizes = zip(*texts, strict=True) if texts else ((), ())
        self.sizes.extend(sizes)
        self._file.write(json.dumps([events, written]).encode() + b"\n")

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield event and text of each row. Several may read at once, and each from the start."""
        at = 0
        while True:
            self._file.seek(at)  # somebody else may have read meanwhile
            if not (line := self._file.readline()):
                return
            at = self._file.tell()
            yield from zip(*json.loads(line), strict=True)


def key_of(number: int, event: str) -> int:
    """Return what stands for a person and an event, in eight bytes."""
    return int.from_bytes(blake2b(f"{number}|{event}".encode(), digest_size=8).digest())
