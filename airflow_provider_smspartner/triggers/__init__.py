"""Triggers that wait for delivery reports without holding a worker."""

from __future__ import annotations
