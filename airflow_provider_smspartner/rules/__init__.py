"""What is true of SMS: pure functions, without I/O, clock or Airflow."""

from __future__ import annotations
