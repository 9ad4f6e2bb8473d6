"""What Airflow and the ledger know of a run, read without writing anything."""

from __future__ import annotations
