"""What the Airflow classes share: failures for good, XCom, signals and the identity of a task."""

from __future__ import annotations
