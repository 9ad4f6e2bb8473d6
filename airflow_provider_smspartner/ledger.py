"""Upkeep of the ledger, for ``@task`` code."""

from __future__ import annotations

from airflow_provider_smspartner.journal.anonymising import anonymise
from airflow_provider_smspartner.journal.upkeep import erase

__all__ = ["anonymise", "erase"]
