"""What a verdict is, and the words that verdicts share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.reach import Reach
from airflow_provider_smspartner.plugins.facts import TaskFact

REASONS: Final = {
    "campaign": "have had this campaign before",
    "other_task": "are texted by another task",
    "erased": "were erased",
    "countries": "are in other countries",
    "stop_list": "are on the STOP list",
    "held_out": "are outside the share",
    "capped": "have had enough texts",
    "excluded": "were excluded",
    "invalid": "have no valid number",
}
KILLED: Final = "its process ended without a word; it was killed, or its machine was lost"


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
        (reach.rejected, "refused by SMS Partner"),
        (reach.cancelled, "taken back before their time"),
    ]
    real = [(people, reason) for people, reason in reasons if people]
    if len(real) == 1:
        return real[0][1]
    return "; ".join(f"{words.number(people)} {reason}" for people, reason in real)


def rejected_too(reach: Reach) -> str:
    """Say who gets nothing whatever is still to come."""
    people = reach.rejected + reach.cancelled
    if not people:
        return ""
    return f" {words.people(people)} {have(people)} no text: {reasons_without(reach, '')}."


def apart(held_back: Mapping[str, int]) -> str:
    """Say who were not to be texted, and why."""
    told = [f"{words.number(people)} {REASONS.get(reason, reason)}" for reason, people in held_back.items()]
    return f" Left out: {', '.join(told)}." if told else ""


def ended(text: str) -> str:
    """End a sentence, unless what it quotes has done so."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def have(count: int) -> str:
    """Return the verb for so many people."""
    return "has" if count == 1 else "have"
