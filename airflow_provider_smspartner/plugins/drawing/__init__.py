"""What the campaign page says of a run: pure, from facts to words, bars and curves."""

from __future__ import annotations
