"""The plugin that Airflow loads: a tab on each run and task, an overview, and the app behind them.

Every Airflow process imports this module. FastAPI, Jinja and the database come with the first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


async def campaign_page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request to the page, as an ASGI app."""
    from airflow_provider_smspartner.plugins.routes import app

    await app(scope, receive, send)


class SMSPartnerPlugin(AirflowPlugin):
    """Adds the campaign page to Airflow's UI."""

    name = "smspartner"
    fastapi_apps: list[Any] = [{"app": campaign_page, "url_prefix": "/smspartner", "name": "SMS Partner"}]  # noqa: RUF012
    # Relative, so that the UI's own <base> puts the path of [api] base_url before them
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "SMS",
            "href": "smspartner/dags/{DAG_ID}/runs",
            "destination": "dag",
            "url_route": "smspartner-runs",
        },
        {
            "name": "SMS",
            "href": "smspartner/dags/{DAG_ID}/runs/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "smspartner-campaign",
        },
        {
            "name": "SMS",
            "href": "smspartner/dags/{DAG_ID}/runs/{RUN_ID}?task_id={TASK_ID}&map_index={MAP_INDEX}",
            "destination": "task_instance",
            "url_route": "smspartner-task",
        },
        {
            "name": "SMS campaigns",
            "href": "smspartner/",
            "destination": "nav",
            "url_route": "smspartner",
            "category": "browse",
        },
    ]
