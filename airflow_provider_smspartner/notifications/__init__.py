"""Notifiers: what a callback sends when a pipeline breaks."""

from __future__ import annotations
