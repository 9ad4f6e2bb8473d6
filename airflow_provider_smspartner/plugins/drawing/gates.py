"""What the page says about a canary's gate: what is asked of a delivery, and what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.tracking.handover import Delivery
from airflow_provider_smspartner.tracking.verdict import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """One thing that is asked of a delivery."""

    what: str
    asked: str
    found: str
    holds: bool | None
    """None while more reports may come."""


def gate_lines(told: Delivery) -> list[GateLine]:
    """Return what is asked of a delivery; nothing of one without a gate, or of nobody.

    Rates are over the people over whom they are judged at the end, and over the final reports until then.
    """
    counts = told.result
    final = counts["delivered"] + counts["not_delivered"]
    over = judge(counts, told.gates).people if told.final else final
    return list(_lines(told, final=final, over=over)) if counts["recipients"] else []


def _lines(told: Delivery, *, final: int, over: int) -> Iterator[GateLine]:
    counts, gates = told.result, told.gates
    if gates.settled < 1:
        yield GateLine(
            what=say("Reports that are final"),
            asked=say("{share} before it is judged", share=words.percent(gates.settled)),
            found=words.percent(final / counts["recipients"]),
            holds=None,
        )
    if gates.min_delivery_rate is not None:
        holds = not over or counts["delivered"] / over >= gates.min_delivery_rate
        yield GateLine(
            what=say("Delivered"),
            asked=say("at least {share}", share=words.percent(gates.min_delivery_rate)),
            found=share(counts["delivered"], over),
            holds=holds if told.final else None,
        )
    if gates.max_stop_rate is not None:
        holds = not over or counts["stop"] / over <= gates.max_stop_rate
        yield GateLine(
            what="STOP",
            asked=say("at most {share}", share=words.percent(gates.max_stop_rate)),
            found=share(counts["stop"], over),
            holds=holds if told.final else None,
        )


def share(count: int, over: int) -> str:
    """Write a count and its share of the people over whom it is judged."""
    people = say("{count} of {people}", count=words.number(count), people=words.people(over))
    return f"{words.percent(min(count / over, 1))} ({people})" if over else people
