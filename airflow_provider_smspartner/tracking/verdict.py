"""The gates of a delivery: when enough is known, and whether what is known is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What a DAG's author asks of a delivery; every share is from 0 to 1."""

    settled: float = 1.0
    """The share of final reports over which the rates are judged; 1 judges over everybody, at the end."""
    min_delivery_rate: float | None = None
    max_stop_rate: float | None = None


NO_GATES: Final = Gates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a delivery."""

    people: int
    """Over how many people the rates are."""
    is_settled: bool
    """Whether it was judged early, over the final reports only."""
    missed: str | None
    """Which gate it did not pass, in a sentence; None when it passed."""


def judge(result: Mapping[str, Any], gates: Gates) -> Verdict:
    """Judge the counts of a delivery. A rate of nobody passes every gate."""
    final, people = result["delivered"] + result["not_delivered"], result["recipients"]
    is_settled = gates.settled < 1 and people > 0 and final / people >= gates.settled
    over = final if is_settled else people
    return Verdict(people=over, is_settled=is_settled, missed=missed(result, gates, over) if over else None)


def missed(result: Mapping[str, Any], gates: Gates, over: int) -> str | None:
    """Say which gate is missed by the counts over so many people."""
    delivered, stopped = result["delivered"], result["stop"]
    least, most = gates.min_delivery_rate, gates.max_stop_rate
    if least is not None and delivered / over < least:
        rate = f"a rate of {delivered / over:.3f}; min_delivery_rate is {least}"
        return f"{delivered} of {over} people got the text, {rate}"
    if most is not None and stopped / over > most:
        rate = f"a rate of {stopped / over:.3f}; max_stop_rate is {most}"
        return f"{stopped} of {over} people answered STOP, {rate}"
    return None
