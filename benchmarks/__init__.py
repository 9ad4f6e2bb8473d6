"""Measured claims, each beside what a user would pick instead: ``python -m benchmarks``."""

from __future__ import annotations
