"""The platform and the clock of the sensor's stories, for the trigger alone."""

from __future__ import annotations

from tests.sensors.conftest import clock, sim

__all__ = ["clock", "sim"]
