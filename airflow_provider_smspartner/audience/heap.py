"""Garbage collections that pass over what stands already, while millions of objects come and go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

IS_INNER: Final = ContextVar("standing objects are passed over", default=False)
"""Whether a block around this one has set aside what stands."""


@contextmanager
def standing_objects_passed_over() -> Iterator[None]:
    """Have garbage collections look at no object that is there by now.

    Rows and answers are thousands of objects that are gone a moment later. A collection that finds them alive
    takes them for old ones, and enough of those bring on a full one, which stops all threads for as long as
    it takes to go through an Airflow: more than a tenth of a second.
    """
    # What somebody else has set aside is not for us to bring back. An inner block does not ask: to count what
    # is set aside is to walk through it, which is an Airflow again
    is_outermost = not IS_INNER.get() and gc.get_freeze_count() == 0
    token = IS_INNER.set(True)
    gc.freeze()
    try:
        yield
    finally:
        IS_INNER.reset(token)
        if is_outermost:
            gc.unfreeze()
