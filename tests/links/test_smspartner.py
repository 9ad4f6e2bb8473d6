"""The links of a task: where they lead, and that they lead there in whatever state the task is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.sdk import BaseOperator
from airflow.serialization import serialized_objects
from airflow.utils.state import TaskInstanceState
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner import get_provider_info
from airflow_provider_smspartner.links.smspartner import (
    CAMPAIGN_TAB,
    CUSTOMER_AREA,
    LINKS,
    CampaignPageLink,
    show_links,
)
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.plugins.smspartner import SMSPartnerPlugin
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

TASK = SendSmsOperator(task_id="send", message="Hello", recipients="06 00 00 00 01")
RUN_ID = "manual__2026-11-20T10:00:00+00:00"
PAGE = "dags/shop/runs/manual__2026-11-20T10%3A00%3A00%2B00%3A00/plugin/smspartner-campaign"
EVERY_STATE = [None, *TaskInstanceState]


def links(ti: Any) -> dict[str, str]:
    return {link.name: link.get_link(TASK, ti_key=ti) for link in LINKS}


@pytest.mark.parametrize("state", EVERY_STATE)
def test_a_task_has_its_links_in_every_state(state: TaskInstanceState | None) -> None:
    ti = SimpleNamespace(dag_id="shop", run_id=RUN_ID, task_id="send", map_index=-1, state=state)

    assert links(ti) == {"SMS campaign": PAGE, "SMS Partner": CUSTOMER_AREA}


@pytest.mark.parametrize("map_index", [-1, 0, 7])
def test_the_key_of_a_task_will_do(map_index: int) -> None:
    key = TaskInstanceKey(dag_id="shop", task_id="send", run_id=RUN_ID, try_number=2, map_index=map_index)

    assert links(key)["SMS campaign"] == PAGE


@pytest.mark.parametrize(
    "ti",
    [
        None,
        object(),
        SimpleNamespace(),
        SimpleNamespace(dag_id="shop"),
        SimpleNamespace(dag_id="", run_id=""),
    ],
)
def test_what_is_no_task_of_a_run_has_no_campaign_page_and_no_error(ti: Any) -> None:
    assert links(ti) == {"SMS campaign": "", "SMS Partner": CUSTOMER_AREA}


@pytest.mark.parametrize(
    "base", ["https://air.example/", "https://air.example/airflow/", "http://10.0.0.1:80/"]
)
@given(dag_id=st.text(min_size=1), run_id=st.text(min_size=1))
def test_the_page_is_a_tab_of_this_run_under_whatever_address_the_ui_has(
    base: str, dag_id: str, run_id: str
) -> None:
    link = CampaignPageLink().get_link(TASK, ti_key=SimpleNamespace(dag_id=dag_id, run_id=run_id))

    whole = urlsplit(urljoin(base, link))
    assert f"{whole.scheme}://{whole.netloc}" == base[: base.index("/", 8)]
    assert (whole.query, whole.fragment) == ("", "")
    parts = whole.path.removeprefix(urlsplit(base).path).split("/")
    if not {dag_id, run_id} & {".", ".."}:  # a browser takes these for a folder, and Airflow allows them
        assert [unquote(part) for part in parts] == ["dags", dag_id, "runs", run_id, "plugin", CAMPAIGN_TAB]


def test_the_tab_is_one_that_the_plugin_adds_to_each_run() -> None:
    routes = {view["url_route"]: view["destination"] for view in SMSPartnerPlugin.external_views}

    assert routes[CAMPAIGN_TAB] == "dag_run"


@pytest.mark.parametrize(
    "make",
    [
        lambda: TASK,
        lambda: SendSurveyOperator(task_id="ask", survey_id="s-1", recipients="06 00 00 00 01"),
        lambda: DeliveryStatusSensor(task_id="delivery", message_ids="5120"),
    ],
)
def test_airflow_stores_the_links_of_each_task_by_the_keys_they_are_pushed_under(
    make: Callable[[], BaseOperator],
) -> None:
    here: Any = serialized_objects
    new = hasattr(here, "OperatorSerialization")  # 3.1 has another name for it

    stored = (here.OperatorSerialization if new else here.SerializedBaseOperator).serialize_operator(make())

    assert stored["_operator_extra_links"] == {
        "SMS campaign": "_link_CampaignPageLink",
        "SMS Partner": "_link_CustomerAreaLink",
    }


def test_provider_info_names_every_link() -> None:
    named = {f"{type(link).__module__}.{type(link).__qualname__}" for link in LINKS}

    assert set(get_provider_info()["extra-links"]) == named


def test_links_are_shown_while_the_task_runs() -> None:
    pushed: dict[str, str] = {}
    ti = SimpleNamespace(
        dag_id="shop", run_id=RUN_ID, xcom_push=lambda key, value: pushed.update({key: value})
    )

    show_links({"ti": ti})  # type: ignore[typeddict-item]

    assert pushed == {"_link_CampaignPageLink": PAGE, "_link_CustomerAreaLink": CUSTOMER_AREA}
