"""The plugin class: light, as every Airflow process imports it, and in the form that the UI reads."""

from __future__ import annotations

import subprocess
import sys

import pytest
from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse, FastAPIAppResponse

from airflow_provider_smspartner.plugins.smspartner import SMSPartnerPlugin

PROGRAM = """
import sys, time
began = time.process_time()
from airflow.providers.common.compat.sdk import AirflowPlugin
before, ready = set(sys.modules), time.process_time()
import airflow_provider_smspartner.plugins.smspartner
print(ready - began, time.process_time() - ready)
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.airflow
def test_importing_it_brings_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    *_, seconds, modules = done.stdout.splitlines()

    airflow, ours = map(float, seconds.split())
    assert ours < airflow / 20  # at most 50 ms where Airflow takes a second
    assert not {"fastapi", "jinja2", "starlette", "sqlalchemy"} & {m.split(".")[0] for m in modules.split()}


def test_the_ui_can_read_what_it_declares() -> None:
    views = [ExternalViewResponse(**view) for view in SMSPartnerPlugin.external_views]
    (app,) = SMSPartnerPlugin.fastapi_apps

    assert {view.destination: view.url_route for view in views} == {
        "dag": "smspartner-runs",
        "dag_run": "smspartner-campaign",
        "task_instance": "smspartner-task",
        "nav": "smspartner",
    }
    assert all(view.href.startswith("smspartner/") for view in views)  # below the path of [api] base_url
    assert FastAPIAppResponse(**app | {"app": "function"}).url_prefix == "/smspartner"
