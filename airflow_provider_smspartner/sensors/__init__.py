"""Sensors that wait for delivery reports."""

from __future__ import annotations
