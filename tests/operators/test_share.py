"""A part of the audience: the same people in every try and run, and nobody of it twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.share import position
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import QUERY, Fill, MakeTask, Run, crowd, sms, survey

PEOPLE = crowd(300)


def placed(low: float, high: float, salt: str = "campaign") -> set[str]:
    """Those of the people who belong to a share."""
    return {number for number in PEOPLE if low <= position(number, salt) < high}


@pytest.mark.parametrize("make", [sms, survey])
def test_only_the_share_is_texted_and_the_rest_is_held_out(
    make: Any, sim: Simulator, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    inside = placed(0.2, 0.5)

    result = run(make(recipients=[*PEOPLE, *PEOPLE], share=(0.2, 0.5)))

    assert sim.texts_per_number() == Counter(inside)
    assert (result["recipients"], result["held_out"]) == (len(inside), 300 - len(inside))
    assert f"{300 - len(inside)} people are held out" in capfd.readouterr().out


def test_everybody_holds_nobody_out(sim: Simulator, run: Run) -> None:
    assert "held_out" not in run(sms(recipients=PEOPLE))
    assert "held_out" not in run(sms(recipients=PEOPLE, share=(0, 1)))
    assert sim.texts_per_number() == Counter([*PEOPLE, *PEOPLE])


def test_the_campaign_is_the_salt_where_there_is_one(sim: Simulator, run: Run, ledger: Path) -> None:
    in_ledger = {"ledger_conn_id": "ledger", "campaign": "{{ season }} sale"}

    first = run(sms(recipients=PEOPLE, share=(0, 0.5), **in_ledger), season="autumn")
    run(sms(recipients=PEOPLE[::-1], share=(0.5, 1), **in_ledger), season="autumn")

    assert first["recipients"] == len(placed(0, 0.5, "autumn sale"))
    assert sim.texts_per_number() == Counter(PEOPLE)


def test_limits_and_estimates_are_those_of_the_share(sim: Simulator, run: Run, warehouse: Fill) -> None:
    warehouse([(number, "Lyon") for number in PEOPLE])
    inside = len(placed(0, 0.1))
    part: dict[str, Any] = QUERY | {
        "sql": "SELECT * FROM people",
        "message": "Hello {city}",
        "share": (0, 0.1),
    }

    shown = run(sms(**part, dry_run=True, max_recipients=inside, min_recipients=inside))

    assert (shown["recipients"], shown["held_out"]) == (inside, 300 - inside)
    assert shown["estimate"]["segments"] == inside
    with pytest.raises(Exception, match=f"min_recipients: {inside} people"):
        run(sms(**part, min_recipients=inside + 1))
    with pytest.raises(Exception, match="max_recipients"):
        run(sms(**part, max_recipients=inside - 1))


def test_bounds_that_change_between_two_tries_text_nobody_twice(sim: Simulator, task: MakeTask) -> None:
    bounds: list[tuple[float, float]] = [(0, 0.5)]
    sending = task(lambda: sms(recipients=PEOPLE, share=bounds[-1], verify_timeout=0))
    first = sending.attempt()
    bounds.append((0.3, 0.9))

    second = sending.attempt()

    assert first["recipients"] == len(placed(0, 0.5))
    assert second["recipients"] == len(placed(0, 0.9))  # over all tries
    assert second["held_out"] == 300 - len(placed(0.3, 0.9))
    assert sim.texts_per_number() == Counter(placed(0, 0.9))


@pytest.mark.parametrize("share", [(0.5, 0.5), (0, 1.1), (-0.1, 1), (0.9, 0.1), (0,), "0-0.1", (False, 1)])
@pytest.mark.parametrize("make", [sms, survey])
def test_what_is_no_share_is_refused_when_the_dag_is_parsed(make: Any, share: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"^send: share: .*; give .*, such as \(0, 0\.1\)$"):
        make(recipients=PEOPLE, share=share)
