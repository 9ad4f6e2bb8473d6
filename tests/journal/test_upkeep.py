"""After the send: delivery reports in the rows of their people, and people who are erased."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import SENDS
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.journal.upkeep import erase, record_reports
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.journal.conftest import LEASE, Campaign, Clock, people

NOON = datetime(2031, 1, 31, 12, tzinfo=UTC)


def report(number: str, status: DeliveryStatus, *, stop: bool = False, hours: int | None = 0) -> Report:
    at = None if hours is None else NOON + timedelta(hours=hours)
    return Report(number=number, status=status, stop=stop, reported_at=at)


def test_reports_land_in_the_rows_of_their_people(campaign: Campaign) -> None:
    ann, bob, eve, kim = (person.number for person in people(4))
    [message_id] = campaign.send("monday", people(3)).message_ids
    campaign.send("tuesday", people(1, first=3))
    reports = [
        report(ann.replace("+33", "0"), DeliveryStatus.DELIVERED, hours=1),
        report(ann, DeliveryStatus.WAITING, hours=2, stop=True),
        report(bob, DeliveryStatus.WAITING, hours=None),
        report("+33699999999", DeliveryStatus.DELIVERED),
    ]

    record_reports(campaign.ledger, connection="smspartner_default", reports={message_id: reports})

    rows = campaign.rows()
    found = {number: (row["status"], row["stop"], row["reported_at"]) for number, row in rows.items()}
    assert found == {
        ann: ("delivered", True, datetime(2031, 1, 31, 13)),
        bob: ("waiting", False, None),
        eve: (None, None, None),
        kim: (None, None, None),
    }


def test_several_people_may_answer_stop_at_once(campaign: Campaign) -> None:
    [message_id] = campaign.send("monday", people(3)).message_ids
    reports = [report(person.number, DeliveryStatus.DELIVERED, stop=True) for person in people(2)]

    record_reports(campaign.ledger, connection="smspartner_default", reports={message_id: reports})

    assert [row["stop"] for _, row in sorted(campaign.rows().items())] == [True, True, None]


def test_reports_are_found_by_tag_and_belong_to_one_connection(campaign: Campaign) -> None:
    campaign.die_sending("monday", people(2), posted=True)
    [tag] = campaign.send("monday", people(2), attempt=2).tags
    reports = {tag: [report(person.number, DeliveryStatus.DELIVERED) for person in people(2)]}

    record_reports(campaign.ledger, connection="another", reports=reports)
    assert {row["status"] for row in campaign.rows().values()} == {None}

    record_reports(campaign.ledger, connection="smspartner_default", reports=reports)
    assert {(row["status"], row["message_id"]) for row in campaign.rows().values()} == {("delivered", None)}


@pytest.fixture
def erasable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: Simulator, connect: Connect, clock: Clock
) -> Campaign:
    """A campaign whose ledger is reached through Airflow, as ``erase`` does."""
    connect(simulator.url, key="secret-key")
    simulator.api_key = "secret-key"
    form = {"conn_type": "sqlite", "host": str(tmp_path / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/ledger.db", poolclass=NullPool)
    prepare(engine)
    return Campaign(Ledger(engine=engine, pause=clock.pause), clock, SMSPartnerHook())


def test_an_erased_person_is_forgotten_and_not_texted_again(erasable: Campaign, simulator: Simulator) -> None:
    ann, bob = people(2, event="order 1")
    orders = [ann, bob, ann._replace(event="order 2")]
    erasable.send("monday", orders, by_event=True, secret="secret-key")

    assert erase(ann.number.replace("+33", "0"), ledger_conn_id="ledger") == 2
    assert erase(ann.number, ledger_conn_id="ledger") == 0

    later = erasable.send("tuesday", orders, by_event=True, secret="secret-key")
    again = erasable.send("monday", orders, attempt=2, by_event=True, secret="secret-key")
    assert (later.recipients, later.excluded, again.recipients) == (0, 3, 3)
    assert simulator.texts_per_number() == {ann.number: 2, bob.number: 1}
    with erasable.ledger.engine.connect() as connection:
        everything = json.dumps([list(row) for row in connection.execute(sa.select(SENDS))], default=str)
    assert ann.number not in everything
    assert everything.count("order 1") == 1


def test_who_was_erased_before_their_text_left_gets_none(erasable: Campaign, simulator: Simulator) -> None:
    erasable.die_sending("monday", people(2), posted=False, secret="secret-key")
    erase(people(1)[0].number, ledger_conn_id="ledger")

    erasable.send("monday", people(2), attempt=2, secret="secret-key")
    erasable.send("tuesday", people(2), secret="secret-key")

    assert simulator.texts_per_number() == {people(2)[1].number: 1}


def test_who_has_a_tombstone_already_is_taken_out_of_their_batch(erasable: Campaign) -> None:
    [ann] = people(1)
    for task, key in (("monday", "secret-key"), ("tuesday", "former-key")):
        erasable.send(task, [ann], secret=key)
        assert erase(ann.number, ledger_conn_id="ledger") == 1

    memory = erasable.log("tuesday", owner="tuesday 2", secret="secret-key").load()

    assert memory is not None
    assert not memory.lost


def test_what_is_no_number_erases_nobody(erasable: Campaign) -> None:
    with pytest.raises(InvalidPhoneNumber):
        erase("12", ledger_conn_id="ledger")


@pytest.mark.parametrize("later", ["monday", "tuesday"])
def test_who_was_erased_while_nobody_knew_whether_their_text_had_left_is_settled(
    later: str, erasable: Campaign, simulator: Simulator
) -> None:
    [ann] = people(1)
    erasable.die_sending("monday", [ann], posted=True, secret="secret-key")
    erase(ann.number, ledger_conn_id="ledger")
    erasable.clock.time += LEASE + 1

    # by its own later try, and by another task, to which the erased person is done
    erasable.send(later, people(2), attempt=2, secret="secret-key")

    assert simulator.texts_per_number() == {person.number: 1 for person in people(2)}
