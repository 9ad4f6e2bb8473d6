"""The hook: the only place of this package that speaks HTTP."""

from __future__ import annotations
