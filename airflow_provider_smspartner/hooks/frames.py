"""Errors whose frames hold nothing: reporters of errors show the local variables of each.

Those of a failing request hold the key, numbers and texts. What they are called and where the error arose
stays in the traceback; their values do not.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def emptied() -> Iterator[None]:
    """Empty the frames of an error that leaves this block, and of those that led to it."""
    outer = sys.exception()  # what the caller is in the middle of is not ours to empty
    try:
        yield
    except BaseException as error:  # a task's time-out, too, comes at any line
        link: BaseException | None = error
        while link is not None and link is not outer:
            traceback.clear_frames(link.__traceback__)
            link = link.__cause__ or link.__context__
        raise


def bare(method: Callable[P, T]) -> Callable[P, T]:
    """Empty the frames of what a method raises, its own arguments included."""

    @wraps(method)
    def emptying(*args: P.args, **kwargs: P.kwargs) -> T:
        with emptied():
            try:
                return method(*args, **kwargs)
            finally:
                del args, kwargs

    return emptying


def abare(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Do the same for a coroutine."""

    @wraps(method)
    async def emptying(*args: P.args, **kwargs: P.kwargs) -> T:
        with emptied():
            try:
                return await method(*args, **kwargs)
            finally:
                del args, kwargs

    return emptying
