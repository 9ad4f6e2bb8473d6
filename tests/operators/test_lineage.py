"""What OpenLineage learns of an audience, through its own provider and real SQL hooks."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from airflow.providers.openlineage.extractors.base import DefaultExtractor
from airflow.providers.openlineage.utils.utils import TaskInfoComplete

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from tests.operators.conftest import ANN, Fill, sms, survey

JOINED = "SELECT c.phone_number FROM shop.customers c JOIN orders o ON o.customer = c.id WHERE "


@pytest.fixture
def folder(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The folder of the socket of the PostgreSQL behind ``warehouse_default``."""
    [host] = parse_qs(urlsplit(postgres_url).query)["host"]
    form = {"conn_type": "postgres", "host": host, "login": "postgres", "schema": "postgres"}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_DEFAULT", json.dumps(form))
    return host


def lineage(operator: SendSmsOperator) -> Any:
    """What OpenLineage's listener takes from a task that has ended."""
    return DefaultExtractor(operator).extract_on_complete(SimpleNamespace())


def asked(sql: str, **arguments: Any) -> SendSmsOperator:
    return sms(sql=sql, warehouse_conn_id="warehouse_default", **arguments)


@pytest.mark.parametrize("make", [sms, survey])
@pytest.mark.parametrize(
    ("condition", "parameters", "shown"),
    [
        ("c.city LIKE '%spa'", None, "c.city LIKE '%spa'"),
        ("c.city = %s", ["Lyon"], "c.city = :parameter"),
        ("c.city = %(city)s", {"city": "Lyon"}, "c.city = :city"),
        ("c.city LIKE '%%spa' AND o.shop = %s", [7], "c.city LIKE '%%spa' AND o.shop = :parameter"),
    ],
)
def test_the_tables_of_the_query_are_inputs(
    condition: str, parameters: Any, shown: str, make: Any, folder: str
) -> None:
    operator = make(sql=JOINED + condition, parameters=parameters, warehouse_conn_id="warehouse_default")

    found = lineage(operator)

    namespaces = {unquote(table.namespace) for table in found.inputs}
    assert namespaces == {f"postgres://{folder}:5432"}
    tables = sorted(table.name for table in found.inputs)
    assert tables == ["postgres.public.orders", "postgres.shop.customers"]
    assert found.outputs == []
    assert (found.run_facets, found.job_facets["sql"].query) == ({}, JOINED + shown)


def test_neither_parameters_nor_people_are_told(folder: str) -> None:
    operator = asked(JOINED + "c.phone = %s", parameters=["+33600000042"])
    operator.render_template_fields({})
    listed = sms(recipients=["+33600000042"])
    listed.render_template_fields({})

    told = [lineage(operator), dict(TaskInfoComplete(operator)), dict(TaskInfoComplete(listed))]

    assert "1 parameters" in str(told)
    assert "600000042" not in str(told)


def test_a_query_that_nobody_understands_has_no_tables(folder: str) -> None:
    found = lineage(asked("PIVOT whatever INTO ((("))

    assert found.inputs == []


def test_a_hook_that_does_not_name_its_database_offers_none(warehouse: Fill) -> None:
    warehouse([])

    found = lineage(asked("SELECT phone_number FROM people"))

    assert (found.inputs, found.job_facets) == ([], {})


def test_a_list_has_no_tables() -> None:
    assert lineage(sms(recipients=ANN)).inputs == []


def test_without_the_provider_of_openlineage_there_is_nothing(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.sqlparser", None)

    assert asked(JOINED + "true").get_openlineage_facets_on_complete(None) is None
