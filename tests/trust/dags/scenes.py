"""Everything that can go wrong between a warehouse full of numbers and SMS Partner, in one run.

The connection of a scene is ``sms_`` and the scene's name; its server fails in the way of the scene.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from airflow.sdk import DAG, task
from airflow.sdk.definitions.deadline import (  # type: ignore[attr-defined]  # all three, since 3.1
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
)

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from tests.trust.ask_in_trigger import AskOperator
from tests.trust.scene_names import FAILING, WATCHED

PEOPLE = "SELECT phone_number, name FROM people"
ON_CALL = "+33600000001"
log = logging.getLogger(__name__)


def numbers() -> list[str]:
    """Return everybody's number, out of the warehouse."""
    from airflow.providers.sqlite.hooks.sqlite import SqliteHook

    return [row[0] for row in SqliteHook("warehouse").get_records("SELECT phone_number FROM people")]


def send(task_id: str, scene: str, **arguments: Any) -> SendSmsOperator:
    source: dict[str, Any] = (
        {"sql": PEOPLE, "warehouse_conn_id": "warehouse"} if "recipients" not in arguments else {}
    )
    given: dict[str, Any] = {
        "message": "Hello {name}",
        "verify_timeout": 1,
        "smspartner_conn_id": f"sms_{scene}",
    }
    return SendSmsOperator(task_id=task_id, **(source | given | arguments))


def alert(scene: str) -> SMSPartnerNotifier:
    return SMSPartnerNotifier("{{ reason | default(exception) }}", ON_CALL, smspartner_conn_id=f"sms_{scene}")


late = AsyncCallback(
    SMSPartnerNotifier,
    {"message": "late", "recipients": [ON_CALL], "smspartner_conn_id": "sms_garbage_before"},
)

with DAG(
    "scenes",
    schedule=None,
    user_defined_macros={"numbers": numbers},
    on_failure_callback=alert("reset_before"),
    deadline=DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(), callback=late),
):
    for index, scene in enumerate(FAILING):
        send(f"send_{scene}", scene, message="Hello {name}" if index % 2 else "Hello")
    SendSurveyOperator(
        task_id="survey_quoted",
        survey_id="autumn",
        sql=PEOPLE,
        warehouse_conn_id="warehouse",
        smspartner_conn_id="sms_quote_9",
    )
    send(
        "send_again",
        "error_after",
        retries=1,
        retry_delay=timedelta(seconds=1),
        on_failure_callback=alert("wrong_key"),
    )
    send(
        "bad_query",
        "good",
        sql="SELECT nothing FROM people WHERE phone_number IN (:one)",
        parameters={"one": "{{ numbers()[0] }}"},
    )
    send("wrong_column", "good", phone_column="name", message="Hello")

    good = send("send_redirected", "redirected", recipients="{{ numbers() }}", message="Hello")
    DeliveryStatusSensor(task_id="watch_redirected", sent=good.output, smspartner_conn_id="sms_redirected")
    remembered = send(
        "send_good",
        "good",
        campaign="autumn",
        ledger_conn_id="ledger",
        sql=f"{PEOPLE} WHERE phone_number <> :one",
        parameters={"one": "{{ numbers()[0] }}"},
    )
    DeliveryStatusSensor(
        task_id="watch_good",
        sent=remembered.output,
        ledger_conn_id="ledger",
        poke_interval=1,
        smspartner_conn_id="sms_good",
    )

    for scene in WATCHED:
        DeliveryStatusSensor(
            task_id=f"watch_{scene}",
            message_ids="5120",
            poke_interval=1,
            timeout=25,
            smspartner_conn_id=f"sms_{scene}",
        )
        AskOperator(task_id=f"ask_{scene}", conn_id=f"sms_{scene}")
    DeliveryStatusSensor(
        task_id="look_again",
        message_ids="5120",
        deferrable=False,
        poke_interval=1,
        timeout=15,
        smspartner_conn_id="sms_error_before",
    )

    @task
    def call_the_hook() -> None:
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        for scene in FAILING:
            hook = SMSPartnerHook(f"sms_{scene}")
            for call in (
                partial(hook.send_sms, "Hello", numbers()[:3]),
                partial(hook.call, api.me(), attempts=1),
            ):
                try:
                    call()
                except SMSPartnerError:
                    log.exception("%s went wrong", scene)
        SMSPartnerHook("sms_quote_9").send_sms("Hello", numbers()[:3])

    call_the_hook()
