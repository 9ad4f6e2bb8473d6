"""Follow messages until they are final, and tell the campaign page how far they are."""

from __future__ import annotations
