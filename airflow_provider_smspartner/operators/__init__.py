"""Operators that send."""

from __future__ import annotations
