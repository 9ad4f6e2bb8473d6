"""Python's garbage collections, spared what an Airflow is made of while a task makes and drops people."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sparing_what_is_there() -> Iterator[None]:
    """Have collections look through nothing that is there already.

    People by the hundred thousand bring on collections that go through all objects of an Airflow, in vain:
    half of the computing of a send whose people have all been texted. What is new is collected as ever.
    Whoever has spared something before, as Airflow's LocalExecutor does, keeps what they have spared.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
