"""What a DAG file pays for the operators and the sensor, on top of what it pays for ``airflow.sdk``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.table import Figure, Sizes, median, spell

COMMAND = "python -m benchmarks imports"
TARGET = 50
PER_ROUND = 3
PROGRAM = """
import time
began = time.perf_counter()
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator
airflow = time.perf_counter()
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
print(airflow - began, time.perf_counter() - airflow)
"""
"""Both in one process: the difference of two processes would drown in the noise of ``airflow.sdk``."""


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure new processes; the first one compiles the bytecode and does not count."""
    taken = [once() for _ in range(1 + PER_ROUND * sizes.rounds)][1:]
    airflow, ours = (median([pair[n] for pair in taken]) * 1000 for n in (0, 1))
    yield Figure(
        what="importing operators and sensor in a DAG file",
        measured=spell(ours, "ms more"),
        against=f"`from airflow.sdk import DAG, BaseOperator, BaseSensorOperator` ({spell(airflow, 'ms')})",
        target=f"≤ {TARGET} ms",
        met=ours <= TARGET,
        command=COMMAND,
    )


def once() -> tuple[float, float]:
    """Return the seconds of ``airflow.sdk`` and of ours, in a new process."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, check=True)
    airflow, ours = map(float, done.stdout.split()[-2:])
    return airflow, ours
