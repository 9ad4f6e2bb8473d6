"""What names a campaign of a task instance, and what that name is made into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_smspartner.journal.eligibility import digest
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.tasks.identity import identify

TI = SimpleNamespace(dag_id="shop", run_id="run", task_id="send", map_index=-1)


def name_of(task_id: str = "send", *, ti: Any = TI, execution: int = 0, **context: Any) -> tuple[object, ...]:
    everything: Any = {"ti": ti, **context}
    identity = identify(
        everything, task_id, connection="smspartner_default", sandbox=False, execution=execution
    )
    return identity.name


def test_tags_hashes_and_rows_of_a_plain_task_are_those_of_all_versions() -> None:
    name = name_of()

    assert name == ("smspartner_default", False, "shop", "run", "send", "-1")
    assert batch_tag(name, 0, "doors") == "doors-7copr4ppwnz3v2"
    assert Pseudonymizer("key", name).hash(Person("+33600000001")).hex() == "25c793d7e8dfe95e"
    assert digest(name) == "b17076ba00c095b7159d6f62c38e1932"


@pytest.mark.parametrize("first", [0, 1])
def test_each_iteration_of_a_loop_is_a_campaign_of_its_own(first: int) -> None:
    names = [name_of(loop=SimpleNamespace(index=first + n)) for n in range(3)] + [name_of()]

    assert len({batch_tag(name, 0) for name in names}) == 4
    assert names[0] == name_of(loop=SimpleNamespace(index=first))


def test_operators_that_a_task_executes_are_campaigns_of_their_own() -> None:
    names = [name_of("adults"), name_of("children"), name_of("adults", execution=1), name_of()]

    assert len({batch_tag(name, 0) for name in names}) == 4


def test_a_run_by_hand_is_a_campaign_of_its_own_each_time() -> None:
    assert name_of(ti=None) != name_of(ti=None)
