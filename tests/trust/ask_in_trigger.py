"""An operator of a DAG's author, whose trigger lets every error of the hook through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class AskTrigger(BaseTrigger):
    """Asks for a message once."""

    def __init__(self, conn_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {"conn_id": self.conn_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from airflow_provider_smspartner import api
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        await SMSPartnerHook(self.conn_id).acall(api.bulk_status("5120"))
        yield TriggerEvent(True)


class AskOperator(BaseOperator):
    """Waits for the answer in the triggerer."""

    def __init__(self, *, conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def execute(self, context: Any) -> None:
        self.defer(trigger=AskTrigger(self.conn_id), method_name="resume")

    def resume(self, context: Any, event: Any) -> None:
        """Never come here: the trigger fails."""
