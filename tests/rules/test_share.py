"""Tests for airflow_provider_smspartner.rules.share: uniform, disjoint, whole, and the same for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.share import Share, position, read_share
from scripts.pythons import OWN, find, promised

NUMBERS = [f"+336{i:08}" for i in range(100_000)]
ROOT = Path(__file__).parents[2]
PLACES = {
    ("+33600000001", "autumn"): 0.8793340530175465,
    ("+33600000001", "winter"): 0.3355725584496507,
    ("+32470000001", "autumn"): 0.4759485270198496,
    ("+33600000001", ""): 0.4862833622854301,
    ("+33600000001", "été"): 0.252657666475789,
    ("+33799999999", "autumn"): 0.20208886025842498,
    ("+4917604069000", "news|2026"): 0.28406294668150744,
    ("+262692000001", "order is ready"): 0.8722018523186043,
    ("+33600000002", "summer ✨"): 0.5584929050897145,
    ("+447400000001", "a" * 200): 0.6607456610343786,
}
"""Where some people stand, in every version of this package and of Python."""
CHI_SQUARE_99_9 = 148.2
"""Of 99 degrees of freedom; one salt in a thousand may be above it."""


def test_places_are_for_ever() -> None:
    """A person who changed places between two versions would be texted by both halves of a campaign."""
    assert {who: position(*who) for who in PLACES} == PLACES


def test_every_python_and_every_process_agrees() -> None:
    """Python's own hash differs from process to process; a place must not. An interpreter alone is enough."""
    others = [python for version in promised() if version != OWN and (python := find(version))]
    code = (
        "import json, sys; from airflow_provider_smspartner.rules.share import position; "
        "print(json.dumps([position(*who) for who in json.load(sys.stdin)]))"
    )
    given = json.dumps([*PLACES])
    for interpreter in (sys.executable, *map(str, others)):
        command = [interpreter, "-c", code]
        told = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=True)
        assert json.loads(told.stdout) == [*PLACES.values()], interpreter


@pytest.mark.parametrize("salt", [f"campaign {i}" for i in range(20)])
def test_places_are_uniform(salt: str) -> None:
    cells = Counter(int(position(number, salt) * 100) for number in NUMBERS)
    expected = len(NUMBERS) / 100

    assert sum((cells[cell] - expected) ** 2 / expected for cell in range(100)) < CHI_SQUARE_99_9


def test_another_salt_shuffles_everybody() -> None:
    first = {number for number in NUMBERS if position(number, "a") < 0.1}
    second = {number for number in NUMBERS if position(number, "b") < 0.1}

    assert 850 < len(first & second) < 1_150  # a tenth of a tenth of 100,000


@given(st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), unique=True, max_size=5), st.text())
def test_disjoint_shares_are_disjoint_and_together_everybody(cuts: list[float], salt: str) -> None:
    bounds = [0.0, *sorted(cuts), 1.0]
    shares = [Share(low=low, high=high, salt=salt) for low, high in pairwise(bounds)]

    for number in NUMBERS[:50]:
        assert sum(number in share for share in shares) == 1


def test_a_canary_its_rest_and_a_holdout_are_everybody_once() -> None:
    shares = [read_share(bounds, "autumn") for bounds in ((0, 0.01), (0.01, 0.9), (0.9, 1))]

    parts = [[number for number in NUMBERS if number in share] for share in shares]

    assert sorted(number for part in parts for number in part) == NUMBERS
    assert [round(len(part) / 1_000) for part in parts] == [1, 89, 10]


@pytest.mark.parametrize("bounds", [(-0.1, 0.5), (0, 1.1), (0.5, 0.5), (0.9, 0.1), (float("nan"), 1)])
def test_what_is_no_share_is_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(InvalidMessage, match=r"^share: .*0 to 1"):
        Share(low=bounds[0], high=bounds[1], salt="autumn")


@pytest.mark.parametrize("given", [(0, 0.5), [0, 0.5], (Fraction(0), Decimal("0.5"))])
def test_a_share_is_given_as_two_numbers(given: object) -> None:
    assert read_share(given, "autumn") == Share(low=0, high=0.5, salt="autumn")
