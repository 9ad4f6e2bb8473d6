"""An SMS Partner that runs on this machine, for tests of campaigns; docs/simulator.md is its manual."""

from __future__ import annotations

from airflow_provider_smspartner.simulator.cues import Faults
from airflow_provider_smspartner.simulator.faults import Fault
from airflow_provider_smspartner.simulator.messages import ReceivedRequest, SentText
from airflow_provider_smspartner.simulator.posting import Post
from airflow_provider_smspartner.simulator.server import Simulator
from airflow_provider_smspartner.simulator.settings import Fate, Posting, Settings

__all__ = [
    "Fate",
    "Fault",
    "Faults",
    "Post",
    "Posting",
    "ReceivedRequest",
    "SentText",
    "Settings",
    "Simulator",
]
