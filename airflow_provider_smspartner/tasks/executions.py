"""How often an operator has run in this try: an ``@task``, or a subclass, may execute one several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.exceptions import InvalidMessage

if TYPE_CHECKING:
    from airflow.sdk import Context


@dataclass(slots=True)
class Try:
    """One try of a task instance, in this process."""

    ti: Any = None
    """Held, so that no other one can be taken for it."""
    number: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    starts: dict[tuple[str, int], object] = field(default_factory=dict)
    """Which operator has begun an execution; held, as the task instance is."""


_current = Try()


@contextmanager
def counted_execution(context: Context, task_id: str, whose: object) -> Iterator[tuple[int, bool]]:
    """Yield how many executions of a task id have ended well, and whether this one has been begun before.

    One that failed did not end: whoever catches its error and executes it again goes on with the same send.

    :param whose: the operator itself, which is only told from others.
    :raises InvalidMessage: it was another operator of this id that failed, or is not through yet: nobody can
        tell whether this one is the same send, and its people would pass for texted.
    """
    global _current
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow
        yield 0, False
        return
    if ti is not _current.ti or ti.try_number != _current.number:
        _current = Try(ti=ti, number=ti.try_number)
    this, execution = _current, (task_id, _current.ended[task_id])
    again = execution in this.starts
    if this.starts.setdefault(execution, whose) is not whose:
        raise InvalidMessage(
            f"task_id: another operator named {task_id!r} has begun in this task and did not end well, so "
            "that this one would pass for the same send; give each a task_id of its own, or execute the same "
            "object again"
        )
    yield execution[1], again
    this.ended[task_id] += 1
