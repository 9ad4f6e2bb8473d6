"""How a send ends: every stage of it and what moves it on, in one table, as for a batch.

A signal handler may interrupt the main thread at any line, also between reading a stage and writing the next
one, which would lose the stop. So nobody writes a stage: what happens is appended to a list, which no
interruption can tear, and the stage is what the table makes of that list.
"""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import Final

LAST_SECONDS: Final = 4.0
"""Seconds that a stopped task takes, for answers on their way and for cancellations; Airflow kills it after
five."""


class Stage(StrEnum):
    """Where a send is on its way to its end."""

    SENDING = "sending"
    """It goes on; a stop wakes the thread that waits for it."""
    STOPPING = "stopping"
    """The task is stopped: nothing more leaves, and what is scheduled is cancelled meanwhile."""
    DONE = "done"
    """It has ended well. What is done is done: a stop that comes now cancels nothing."""
    FAILED = "failed"
    """It has ended with an error. A stop may still come, and must be waited for where it comes."""
    STOPPED = "stopped"
    """It has ended well although the task was stopped: everybody had their text."""
    CANCELLING = "cancelling"
    """It has ended with an error and was stopped, before or after: cancelling is all that is left."""


class End(StrEnum):
    """What happens to a send."""

    STOP = "stop"
    """The task is stopped; once more changes nothing."""
    SUCCESS = "success"
    FAILURE = "failure"


TRANSITIONS: Final[dict[tuple[Stage, End], Stage]] = {
    (Stage.SENDING, End.STOP): Stage.STOPPING,
    (Stage.SENDING, End.SUCCESS): Stage.DONE,
    (Stage.SENDING, End.FAILURE): Stage.FAILED,
    (Stage.STOPPING, End.STOP): Stage.STOPPING,
    (Stage.STOPPING, End.SUCCESS): Stage.STOPPED,
    (Stage.STOPPING, End.FAILURE): Stage.CANCELLING,
    (Stage.DONE, End.STOP): Stage.DONE,
    (Stage.FAILED, End.STOP): Stage.CANCELLING,
    (Stage.STOPPED, End.STOP): Stage.STOPPED,
    (Stage.CANCELLING, End.STOP): Stage.CANCELLING,
}

HAS_BEGUN: Final = frozenset({Stage.STOPPING, Stage.STOPPED, Stage.CANCELLING})
"""Stages in which the task was stopped: nothing more leaves."""
IS_WAITED_FOR: Final = frozenset({Stage.FAILED, Stage.CANCELLING})
"""Stages in which whoever stops the task waits until it is done: nothing else keeps the process alive."""


class Progress:
    """Where one send is.

    The main thread adds to it, and a signal handler on top of that thread; every thread may read.
    """

    def __init__(self) -> None:
        self._events: list[End] = []

    def add(self, event: End) -> None:
        """Note what happens."""
        self._events.append(event)

    @property
    def stage(self) -> Stage:
        """What has come of everything that has happened so far."""
        # A copy: a handler may append while this thread goes through the list
        return reduce(lambda stage, event: TRANSITIONS[stage, event], tuple(self._events), Stage.SENDING)
