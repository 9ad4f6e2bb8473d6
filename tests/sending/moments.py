"""The moments at which a try dies, or something happens to it, by the steps that it has taken until then.

A step is one of ``faults.world``: a look, a request or a write has one before it and one after it. A log has
steps of its own, and threads take theirs in any order: what is said of a moment holds for all of them.
"""

from __future__ import annotations

from typing import Final

BEFORE_ANYTHING: Final = 1
"""Nothing is written, asked or sent."""
ONE_LOOK_OR_WRITE: Final = 2
"""From before it to after it."""

# ---- a first try ------------------------------------------------------------------------------------

NOTHING_LEFT: Final = 4
"""It has begun, and no request has left."""
TAGS_FOUND: Final = 8
"""Where a deleted run has sent something: it has found some of that, and still looks."""
CLAIMED: Final = 12
"""With the task state store: people are claimed, and no request has left."""
ONE_OR_TWO_SENT: Final = 18
"""With the task state store: one or two batches have left, one at a time."""
CLAIMING_OR_VERIFYING: Final = 24
"""Of a single batch: a ledger is still claiming it; otherwise it has left, and is looked for."""
TWO_OR_THREE_SENT: Final = 25
"""With the task state store: two or three batches have left, one at a time."""
CLAIMING_SENDING_OR_VERIFYING: Final = 26
"""A ledger writes the first claim; with the task state store, two or three batches have left; with neither,
all have, and those without an answer are looked for."""
A_FEW_SENT: Final = 30
"""With the task state store: a few batches have left, and more are to come."""
VERIFYING: Final = 40
"""Of one batch that was refused untruly: it has left, and is looked for; with neither log all is over."""
ONE_SENT_AGAIN: Final = 60
"""Of two batches that were refused: one at least has gone out again. Without a ledger all is over."""
REFUSAL_KNOWN: Final = 60
"""A bad number in the second batch was refused, and a log that can remember it has it."""
FIRST_REQUESTS_OUT: Final = {"task state": 24, "ledger": 48}
"""Four at a time: some have left, more are about to leave, and the log has none of their answers yet."""
FROM_LOOKING_TO_SENDING: Final = range(8, 40, 8)
"""From the first looks, before anything has left, until a batch or a few have."""

# ---- a second try -----------------------------------------------------------------------------------

REBUILDING: Final = 2
"""Its store is gone: it has found one tag, or loaded a ledger."""
STILL_REBUILDING: Final = 24
"""It is walking the tags. With a ledger it has long ended."""
WALKING_TAGS: Final = range(6, 30, 6)
"""It looks for tags with the key of another account. With a whole ledger a few looks are all."""
A_FEW_SENT_BY_A_SECOND_TRY: Final = 40
"""A few of the batches that the first try has left to it have left, and more are to come."""
