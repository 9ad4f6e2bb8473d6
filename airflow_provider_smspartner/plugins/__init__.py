"""The campaign page in the Airflow UI."""

from __future__ import annotations
