"""The names of what goes wrong, without an import, because each task loads them."""

from __future__ import annotations

FAULTS = (
    *("reset_before", "reset_after", "hang_before", "hang_after", "half_answer", "error_before"),
    *("error_after", "rate_limit", "garbage_before", "garbage_after", "no_id_before", "no_id_after"),
    *("redirect_before", "redirect_after", "refuse", "refuse_with_id", "untrue_refusal"),
)
"""What the simulator can do to a request."""
MISLEADING = ("untrue_rate_limit", "stale_id", "short_answer")
"""What it can do, too: a send goes on after it, so it says nothing that the others do not."""
QUOTING = {"quote_9": 9, "quote_55": 55, "quote_992": 992}
"""Servers that quote what they were sent, and the codes with which they refuse."""
FAILING = (*FAULTS, *QUOTING, "down", "wrong_key")
WATCHED = ("hang_before", "reset_after", "garbage_after", "wrong_key", "quote_9")
"""Those that are met in the triggerer, too."""
