"""People are hashed under a secret of this Airflow too, and recognised when it is rotated meanwhile."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from cryptography.fernet import Fernet

from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer, each
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import MakeTask, Task, crowd, sms

PEOPLE = crowd(1_200)
NEW, OLD = (Fernet.generate_key().decode() for _ in range(2))
HAS_CHANGED = "has changed"


def airflow_with(fernet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", fernet)


def fail_after_500(campaign: Task, sim: Simulator) -> None:
    sim.faults.add("/send", "refuse", code=11, skip=1)
    with pytest.raises(AirflowFailException, match="500 people were texted"):
        campaign.attempt()


def hashes_in(campaign: Task) -> set[bytes]:
    """Return the hashes of everybody whom the store holds."""
    values: dict[str, Any] = campaign.store.values() if campaign.store else {}
    packed = [
        people for key, value in values.items() if key.startswith("claims:") for people in value["people"]
    ]
    return {hashed for text in packed for hashed in each(base64.b85decode(text))}


@pytest.mark.parametrize(
    ("fernet", "known"), [("", True), (NEW, False), (f"{NEW},{OLD}", False)], ids=["none", "one", "rotated"]
)
def test_the_api_key_tells_nobody_who_was_texted_where_there_is_a_fernet_key(
    fernet: str, known: bool, task: MakeTask, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[Any] = []
    tag_of = batches.batch_tag

    def noting(name: Any, *rest: Any) -> str:
        names.append(name)
        return tag_of(name, *rest)

    monkeypatch.setattr(batches, "batch_tag", noting)
    airflow_with(fernet, monkeypatch)
    campaign = task(lambda: sms(recipients=PEOPLE))

    campaign.attempt()

    vendor = Pseudonymizer("simulator-key", names[-1])
    tried = {vendor.hash(Person(number)) for number in PEOPLE}
    assert len(hashes_in(campaign)) == 1_200
    assert (tried & hashes_in(campaign) != set()) == known


@pytest.mark.parametrize(
    ("before", "after"),
    [(NEW, NEW), ("", NEW), (OLD, f"{NEW},{OLD}"), (f"{OLD},{NEW}", f"{NEW},{OLD}"), ("", f"{NEW},{OLD}")],
    ids=["same", "since an earlier version", "rotated", "turned", "rotated since an earlier version"],
)
def test_whoever_was_texted_is_recognised_under_a_key_that_is_still_there(
    before: str,
    after: str,
    task: MakeTask,
    sim: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    airflow_with(before, monkeypatch)
    campaign = task(lambda: sms(recipients=PEOPLE, concurrency=1))
    fail_after_500(campaign, sim)
    airflow_with(after, monkeypatch)

    assert campaign.attempt()["recipients"] == 1_200
    airflow_with(after, monkeypatch)
    assert campaign.attempt()["recipients"] == 1_200

    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)
    assert HAS_CHANGED not in caplog.text


@pytest.mark.parametrize(("before", "after"), [(OLD, NEW), (OLD, "")], ids=["another", "none"])
def test_under_a_key_that_is_gone_the_tags_decide(
    before: str,
    after: str,
    task: MakeTask,
    sim: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    airflow_with(before, monkeypatch)
    campaign = task(lambda: sms(recipients=PEOPLE))
    campaign.attempt()
    airflow_with(after, monkeypatch)

    assert campaign.attempt()["recipients"] == 1_200

    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)
    assert HAS_CHANGED in caplog.text


@pytest.mark.parametrize("value", ["nothing", 5, {"check": 7}, {}])
def test_a_store_that_somebody_has_edited_is_not_taken_for_an_older_key(
    value: Any, task: MakeTask, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_with(NEW, monkeypatch)
    campaign = task(lambda: sms(recipients=PEOPLE))
    campaign.attempt()
    assert campaign.store is not None
    campaign.store.put("campaign", json.dumps(value))

    if isinstance(value, dict):
        assert campaign.attempt()["recipients"] == 1_200
    else:
        with pytest.raises(AirflowFailException, match="cannot be read"):
            campaign.attempt()

    assert set(sim.texts_per_number().values()) == {1}
