"""Garbage collections that pass over what stands already, while millions of objects come and go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def standing_objects_passed_over() -> Iterator[None]:
    """Have garbage collections look at no object that is there by now.

    Rows and answers are thousands of objects that are gone a moment later. A collection that finds them alive
    takes them for old ones, and enough of those bring on a full one, which stops all threads for as long as
    it takes to go through an Airflow: more than a tenth of a second.
    """
    is_outermost = gc.get_freeze_count() == 0  # what somebody else has set aside is not for us to bring back
    gc.freeze()
    try:
        yield
    finally:
        if is_outermost:
            gc.unfreeze()
