"""Links from a task in the Airflow UI."""

from __future__ import annotations
