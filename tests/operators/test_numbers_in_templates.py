"""Numbers, lists and rows that templates bring: each number keeps its plus."""

from __future__ import annotations

import pendulum
import pytest
from airflow.sdk import DAG

from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, EVE, Run, sms

CALEDONIAN = "+687751234"
"""Without its plus it is a French number that has lost its zero."""


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
@pytest.mark.parametrize(
    ("recipients", "people"),
    [
        ("{{ to }}", [CALEDONIAN]),
        ("[{{ to }}]", [CALEDONIAN]),
        ("[{{ to }}, +33600000002]", [CALEDONIAN, BOB]),
        ("({{ to }}, '+33600000002')", [CALEDONIAN, BOB]),
        (["{{ to }}", BOB], [CALEDONIAN, BOB]),
        ("{{ everybody }}", [CALEDONIAN, EVE]),
        ([{"phone_number": "{{ to }}"}], [CALEDONIAN]),
    ],
)
def test_a_number_keeps_its_plus(
    native: bool, recipients: object, people: list[str], run: Run, sim: Simulator
) -> None:
    with DAG("campaign", start_date=pendulum.datetime(2026, 1, 1), render_template_as_native_obj=native):
        operator = sms(recipients=recipients)

    run(operator, to=CALEDONIAN, everybody=[CALEDONIAN, EVE])

    assert sorted(sim.texts_per_number()) == sorted(people)


@pytest.mark.parametrize(
    "recipients",
    [
        ["{{ texts }}", EVE],
        ["{{ row }}", "{{ quoted }}", EVE],
        "{{ recipients_of('spring') }}",
        "{{ [row_of_bob, ann] }}",
    ],
)
def test_native_templates_give_lists_and_rows(recipients: object, run: Run, sim: Simulator) -> None:
    macros = {"recipients_of": lambda _: [ANN, BOB, EVE]}
    with DAG(
        "campaign",
        start_date=pendulum.datetime(2026, 1, 1),
        render_template_as_native_obj=True,
        user_defined_macros=macros,
    ):
        operator = sms(recipients=recipients)
    row = {"phone_number": BOB}

    run(
        operator,
        texts=str([ANN, BOB]),
        row=str(row),
        quoted=repr(ANN),
        row_of_bob=row,
        ann={"phone_number": ANN},
    )

    assert {ANN, BOB} <= sim.texts_per_number().keys() <= {ANN, BOB, EVE}
