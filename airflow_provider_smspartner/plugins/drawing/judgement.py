"""What a verdict is, and the words that verdicts share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import mark, mark_of, say
from airflow_provider_smspartner.plugins.drawing.reach import Reach
from airflow_provider_smspartner.plugins.facts import TaskFact

REASONS: Final = {
    "campaign": mark_of("{count} has had this campaign before", "{count} have had this campaign before"),
    "other_task": mark_of("{count} is texted by another task", "{count} are texted by another task"),
    "erased": mark_of("{count} was erased", "{count} were erased"),
    "countries": mark_of("{count} is in another country", "{count} are in other countries"),
    "stop_list": mark_of("{count} is on the STOP list", "{count} are on the STOP list"),
    "held_out": mark_of("{count} is outside the share", "{count} are outside the share"),
    "capped": mark_of("{count} has had enough texts", "{count} have had enough texts"),
    "excluded": mark_of("{count} was excluded", "{count} were excluded"),
    "invalid": mark_of("{count} has no valid number", "{count} have no valid number"),
}
"""Why people were not to be texted."""
OTHER_REASON: Final = mark_of("{count} was left out ({reason})", "{count} were left out ({reason})")
KILLED: Final = mark("its process ended without a message: it was killed, or its machine was lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reader takes home."""

    label: str
    """In a word or two."""
    tone: str
    """``live``, ``good``, ``bad``, ``warn`` or ``quiet``."""
    sentence: str
    todo: str = ""
    """The next step, when a person has to take one."""
    task: TaskFact | None = None
    """Where to take it."""
    without: int = 0
    """People without a text who were to have one, and those of whom nobody can tell."""


def reasons_without(reach: Reach, why: str) -> str:
    """Say why people of a send have no text, the numbers only where there are several reasons."""
    reasons = [
        (reach.unsent, why),
        (reach.rejected, say("refused by SMS Partner")),
        (reach.cancelled, say("taken back before their time")),
    ]
    real = [(people, reason) for people, reason in reasons if people]
    if len(real) == 1:
        return real[0][1]
    return say("; ").join(
        say("{count} {reason}", count=words.number(people), reason=reason) for people, reason in real
    )


def rejected_too(reach: Reach) -> str:
    """Say who gets nothing whatever is still to come."""
    people = reach.rejected + reach.cancelled
    return f" {no_text(people, reasons_without(reach, ''))}" if people else ""


def no_text(people: int, why: str) -> str:
    """Say of so many people that they have no text, and why."""
    text = words.of(
        people, "{count} person has no text: {why}", "{count} people have no text: {why}", why=why
    )
    return ended(text)


def no_text_of(people: int, total: int, why: str) -> str:
    """Say of so many people out of all that they have no text, and why."""
    text = words.of(
        people,
        "{count} of {people} has no text: {why}",
        "{count} of {people} have no text: {why}",
        people=words.people(total),
        why=why,
    )
    return ended(text)


def doubtful(people: int) -> str:
    """Say that of so many people nobody can tell whether they have their text."""
    text = words.of(people, "Nobody can tell about {count} person.", "Nobody can tell about {count} people.")
    return f" {text}" if people else ""


def apart(held_back: Mapping[str, int]) -> str:
    """Say who were not to be texted, and why."""
    told = [reason_of(reason, people) for reason, people in held_back.items()]
    return " " + say("Left out: {reasons}.", reasons=", ".join(told)) if told else ""


def reason_of(reason: str, people: int) -> str:
    """Say why so many people were not to be texted."""
    return words.of(people, *REASONS.get(reason, OTHER_REASON), reason=reason)


def ended(text: str) -> str:
    """End a sentence, unless what it quotes has done so."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."
