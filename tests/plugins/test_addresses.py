"""Where the links of a page lead: below the path it is served at, and nowhere with a phone number."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.addresses import Links
from airflow_provider_smspartner.plugins.drawing.filters import Filters
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact

LINKS = Links("/af")
RUN = RunFact(dag_id="shop", run_id="a/b c")
PLACE = "/dags/shop/runs/a%2Fb%20c"
SEND, MAPPED = (TaskFact(task_id="send", sends=True, map_index=index) for index in (-1, 0))
NUMBER = "for 06 12 34 56 78"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (LINKS.home(), "/smspartner"),
        (LINKS.overview(), "/smspartner/"),
        (LINKS.overview(page=2), "/smspartner/?page=2"),
        (LINKS.overview(Filters(dag_id="a&b")), "/smspartner/?dag_id=a%26b"),
        (LINKS.overview(Filters(since=date(2026, 11, 1))), "/smspartner/?since=2026-11-01"),
        (LINKS.export(Filters(outcome="bad")), "/smspartner/campaigns.csv?outcome=bad"),
        (LINKS.dag("a/b"), "/smspartner/dags/a%2Fb/runs"),
        (LINKS.run(RUN), f"/smspartner{PLACE}"),
        (LINKS.run(RUN, task_id="send", map_index=0), f"/smspartner{PLACE}?task_id=send&map_index=0"),
        (LINKS.run(RUN, batches=3), f"/smspartner{PLACE}?batches=3"),
        (LINKS.airflow_run(RUN), f"{PLACE}/plugin/smspartner-campaign"),
        (LINKS.airflow_task(RUN, SEND), f"{PLACE}/tasks/send"),
        (LINKS.airflow_task(RUN, MAPPED), f"{PLACE}/tasks/send/mapped/0"),
        (LINKS.airflow_answer(RUN, ("ask", -1)), f"{PLACE}/tasks/ask/required_actions"),
        (LINKS.airflow_answer(RUN, ("ask", 2)), f"{PLACE}/tasks/ask/mapped/2/required_actions"),
    ],
)
def test_each_address_lies_below_the_path_that_airflow_is_served_at(found: str, expected: str) -> None:
    assert found == f"/af{expected}"


@pytest.mark.parametrize(
    "found",
    [
        LINKS.dag(NUMBER),
        LINKS.run(RunFact(dag_id=NUMBER, run_id="a")),
        LINKS.run(RunFact(dag_id="shop", run_id=NUMBER)),
        LINKS.run(RUN, task_id=NUMBER),
        LINKS.airflow_run(RunFact(dag_id="shop", run_id=NUMBER)),
        LINKS.airflow_task(RUN, TaskFact(task_id=NUMBER, sends=True)),
        LINKS.airflow_answer(RUN, (NUMBER, -1)),
    ],
)
def test_what_a_phone_number_would_stand_in_has_no_address(found: str) -> None:
    assert found == ""


def test_an_overview_asks_for_nothing_that_holds_a_phone_number() -> None:
    wanted = Filters(dag_id=NUMBER, connection="shop")

    assert LINKS.overview(wanted, page=2) == "/af/smspartner/?connection=shop&page=2"
    assert LINKS.export(wanted) == "/af/smspartner/campaigns.csv?connection=shop"


LETTERS = st.text(st.characters(exclude_categories=["Cs", "N"]), min_size=1)


@given(LETTERS, LETTERS, LETTERS)
def test_names_are_read_out_of_an_address_as_they_were_put_into_it(dag: str, run: str, task: str) -> None:
    address = urlsplit(LINKS.run(RunFact(dag_id=dag, run_id=run), task_id=task))

    *_, dag_part, _, run_part = address.path.split("/")
    assert (unquote(dag_part), unquote(run_part)) == (dag, run)
    assert parse_qs(address.query) == {"task_id": [task]}
