"""Where batches are remembered, before they leave and after they were answered."""

from __future__ import annotations

from airflow_provider_smspartner.journal.batch import CLOCK_MARGIN, LAST_CANCEL, Batch, Receipt
from airflow_provider_smspartner.journal.memory import Memory
from airflow_provider_smspartner.journal.protocol import Journal, NoJournal, StaleProcess

__all__ = [
    "CLOCK_MARGIN",
    "LAST_CANCEL",
    "Batch",
    "Journal",
    "Memory",
    "NoJournal",
    "Receipt",
    "StaleProcess",
]
