"""What a send says, as it arrives on a phone: the text, with marks where characters are replaced. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.facts import TaskFact
from airflow_provider_smspartner.rules import merge
from airflow_provider_smspartner.rules.characters import written_out
from airflow_provider_smspartner.rules.segments import changes, estimate

BULLET: Final = "•"
"""What masks are made of; in a message it would itself be replaced."""
OF_AUTHOR: Final = "\ue000"
OF_MASK: Final = "\ue001"
"""Stand for the two kinds of bullet while a text is looked at: nobody writes these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some characters of a text."""

    text: str = field(repr=False)
    """As they arrive; of a field, the name of the column."""
    kind: str = "plain"
    """``plain``, ``changed`` or ``field``."""
    note: str = ""
    """What was written instead, or what a field has for people without a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """A text, and what goes with it."""

    pieces: Sequence[Piece]
    about: Sequence[tuple[str, str]]
    """What there is to be known of it, each with its label."""
    replaced: Sequence[str]
    """The characters that do not arrive as they were written, each once."""
    shard: int | None = None
    """Whose text it is, of a mapped send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A text of a dry run."""

    to: str
    """A number, masked."""
    text: str = field(repr=False)


def bubble_of(tasks: Sequence[TaskFact]) -> Bubble | None:
    """Show the text of a send; None where Airflow does not keep it, as of older runs."""
    task = next((task for task in tasks if task.text), None)
    if task is None or task.text is None:
        return None
    unicode = bool(task.campaign and task.campaign.unicode)
    pieces = list(pieces_of(task.text.message, unicode=unicode))
    arrives = "".join(piece.text for piece in pieces)
    if words.name(arrives) != arrives:  # a number that came about by what is replaced
        pieces = [Piece(text=words.name(arrives))]
    return Bubble(
        pieces=pieces,
        about=list(about(task, task.text.message, unicode=unicode)),
        replaced=list(dict.fromkeys(piece.note for piece in pieces if piece.kind == "changed")),
        shard=task.map_index if task.map_index >= 0 else None,
    )


def samples_of(tasks: Sequence[TaskFact]) -> list[Sample]:
    """Show the texts of a dry run."""
    previews = [sample for task in tasks for sample in (task.result or {}).get("preview", ())]
    return [Sample(to=words.name(one["to"]), text=words.name(one["text"])) for one in previews[:3]]


def pieces_of(message: str, *, unicode: bool) -> Iterator[Piece]:
    """Take a message apart into what arrives as it is, what does not, and fields; numbers are masked."""
    shown = words.name(message.replace(BULLET, OF_AUTHOR)).replace(BULLET, OF_MASK)
    shown = shown.replace(OF_AUTHOR, BULLET)
    try:
        template = merge.parse(shown)
    except InvalidMessage:  # refused before it could leave: nothing of it arrives, so nothing is replaced
        yield Piece(text=shown.replace(OF_MASK, BULLET))
        return
    for text, gap in zip(template.texts, [*template.fields, None], strict=True):
        yield from literal(text, unicode=unicode)
        if gap is not None:
            yield Piece(text=gap.column, kind="field", note=(gap.default or "").replace(OF_MASK, BULLET))


def literal(text: str, *, unicode: bool) -> Iterator[Piece]:
    """Take what is no field apart."""
    done = 0
    for change in [*changes(text, unicode=unicode), None]:
        plain = text[done : change.start if change else None]
        if plain:
            yield Piece(text=written_out(plain).replace(OF_MASK, BULLET))
        if change is not None:
            note = replacement(change.written, change.arrives)
            yield Piece(text=change.arrives, kind="changed", note=note)
            done = change.end


def replacement(written: str, arrives: str) -> str:
    """Say what becomes of some characters; one that nobody could see is called by its code."""
    if not written.strip() or not written.isprintable():
        written = " ".join(f"U+{ord(char):04X}" for char in written)
    if not arrives:
        return say("{written} is left out", written=written)
    return say("{written} → {arrives}", written=written, arrives=arrives if arrives.strip() else say("space"))


def about(task: TaskFact, message: str, *, unicode: bool) -> Iterator[tuple[str, str]]:
    """Tell what goes with a text."""
    told = task.campaign
    if told is not None:
        yield say("Sender"), sender(told.sender)
    yield say("Length"), length(message, unicode=unicode)
    if told is not None:
        stop = say("SMS Partner adds the STOP mention, which is not counted here")
        yield "STOP", stop if told.stop_sms else say("no STOP mention asked for")
        yield say("Connection"), words.name(told.connection)


def length(message: str, *, unicode: bool) -> str:
    """Write how long a text is."""
    if "{" in message:
        return say("each person's own: fields are filled from their row")
    size = estimate(message, unicode=unicode)
    segments = words.of(size.segments, "{count} segment", "{count} segments")
    count, encoding = words.number(size.units), size.encoding
    return say(
        "{segments}, {count} characters in {encoding}", segments=segments, count=count, encoding=encoding
    )


def sender(chosen: str | None) -> str:
    """Write who a text is from."""
    if chosen is None:
        return say("the account's own")
    return words.name(chosen) if chosen else say("the operators' short code")
