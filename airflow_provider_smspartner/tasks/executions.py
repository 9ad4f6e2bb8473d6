"""How often an operator has run in this try: an ``@task``, or a subclass, may execute one several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context


@dataclass(slots=True)
class Try:
    """One try of a task instance, in this process."""

    ti: Any = None
    """Held, so that no other one can be taken for it."""
    number: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    starts: set[tuple[str, int]] = field(default_factory=set)


_current = Try()


@contextmanager
def counted_execution(context: Context, task_id: str) -> Iterator[tuple[int, bool]]:
    """Yield how many executions of an operator have ended well, and whether this one has been begun before.

    One that failed did not end: whoever catches its error and executes it again goes on with the same send.
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
    this.starts.add(execution)
    yield execution[1], again
    this.ended[task_id] += 1
