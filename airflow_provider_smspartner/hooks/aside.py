"""Work that would hold up an event loop, done in a thread beside it.

It is one thread for the whole process: several would compete with the loop for the interpreter, and a loop
that hundreds of triggers share would wait for each of them in turn.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it beside the event loop and return what comes of it.

    It must not wait for anything, since everybody waits for it. A cancelled caller does not wait for its end.
    """
    # Airflow finds the log of a trigger by its context
    done: Any = partial(copy_context().run, partial(uncollected, work, *args, **kwargs))
    result: T = await asyncio.get_running_loop().run_in_executor(_thread(), done)
    return result


def uncollected(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do some work without a garbage collection in the middle of it.

    What is read are thousands of objects that are gone a moment later. A collection that finds them alive
    takes them for old ones, and enough of those bring on a full one, which stops all threads for as long as
    it takes to go through an Airflow: more than a tenth of a second.
    """
    if not gc.isenabled():
        return work(*args, **kwargs)
    gc.disable()
    try:
        return work(*args, **kwargs)
    finally:
        gc.enable()


@cache
def _thread() -> ThreadPoolExecutor:
    os.register_at_fork(after_in_child=_thread.cache_clear)  # a child process has no threads
    return ThreadPoolExecutor(1, thread_name_prefix="smspartner")
