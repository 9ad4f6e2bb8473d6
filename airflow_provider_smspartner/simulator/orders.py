"""What a send asks for, once every field is in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A send whose fields are all in order."""

    joined_numbers: str
    """The recipients as E.164 with commas: a million short strings would take five times the memory."""
    texts: tuple[str, ...]
    """The text that everybody gets, or one for each recipient."""
    segments: tuple[int, ...]
    """Segments of each of the texts."""
    survey_id: str | None = None
    """The survey that is sent instead of a text."""
    sender: str = ""
    """Name of the sender; empty for the operators' short code."""
    tag: str | None = None
    """The campaign's tag."""
    due: datetime | None = None
    """When it shall leave; None: at once."""
    url_dlr: str = ""
    """Where delivery reports are to be posted."""
    url_response: str = ""
    """Where replies are to be posted."""
    left_out: tuple[str, ...] = ()
    """What was written where a number belongs, and is none; nothing is sent to it."""
    sandbox: bool = False
    """Nothing leaves and nothing is charged."""

    @property
    def numbers(self) -> list[str]:
        return self.joined_numbers.split(",")

    @property
    def size(self) -> int:
        """How many recipients."""
        return self.joined_numbers.count(",") + 1 if self.joined_numbers else 0

    @property
    def all_segments(self) -> int:
        """Segments of all texts to all recipients."""
        return sum(self.segments) * (self.size if len(self.segments) == 1 else 1)

    def without(self, stopped: Collection[str]) -> Order | None:
        """Return the order without these recipients, None when nobody is left."""
        keep = [at for at, number in enumerate(self.numbers) if number not in stopped]
        if not keep:
            return None
        numbers, pairs = self.numbers, [self.text_at(at) for at in keep]
        one_each = slice(None) if len(self.texts) > 1 else slice(1)
        return replace(
            self,
            joined_numbers=",".join(numbers[at] for at in keep),
            texts=tuple(text for text, _ in pairs[one_each]),
            segments=tuple(segments for _, segments in pairs[one_each]),
        )

    def text_at(self, position: int) -> tuple[str, int]:
        """Return the text and the segments of the recipient at a position."""
        index = position if len(self.texts) > 1 else 0
        return self.texts[index], self.segments[index]
