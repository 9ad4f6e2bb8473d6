"""What names a campaign of a task instance, which try it is in, and the error of an unfinished one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.exceptions import APIError, SMSPartnerError
from airflow_provider_smspartner.tasks.failures import in_sentences

if TYPE_CHECKING:
    from airflow.sdk import Context

NEXT_TRY = "The next try sends to those who are missing."
NO_RETRY = "Airflow has no retry left: clear the task, and it sends to those who are missing."


def tries_before(context: Context) -> bool:
    """Tell whether a try of this task instance has gone before."""
    ti = context.get("ti")
    return ti is not None and int(ti.try_number) > 1


def dag_of(context: Context, parsed: str) -> str:
    """Return the id of the DAG that a task runs in; outside Airflow the one that it was parsed in."""
    ti = context.get("ti")
    return parsed if ti is None else str(ti.dag_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A campaign of a task instance: the same in all of its tries, and in every process.

    Tags, the keyed hashes of people and the ledger's rows are derived from it, so that what it holds can
    never change. What most tasks have none of is no part of their name.
    """

    connection: str
    sandbox: bool
    task: tuple[str, ...]
    """DAG, run, task and map index."""
    iteration: int | None = None
    """Of the loop around the task (Airflow 3.4): each iteration is a campaign of its own."""
    operator: str | None = None
    """The operator's own task id, where an ``@task`` of another id executes it."""
    execution: int = 0
    """How many executions of this operator have ended before, in the same try."""

    @property
    def name(self) -> tuple[object, ...]:
        """What digests are made of."""
        usual = (self.connection, self.sandbox, *self.task)
        if self.iteration is not None:
            usual += ({"iteration": self.iteration},)
        return usual if self.is_alone else (*usual, {"operator": self.operator, "execution": self.execution})

    @property
    def is_alone(self) -> bool:
        """Whether nothing else of this task instance sends, as far as this one can tell."""
        return self.operator is None and self.execution == 0


def identify(
    context: Context, task_id: str, *, connection: str, sandbox: bool, execution: int = 0
) -> Identity:
    """Name what an operator sends in this task instance.

    :param task_id: the operator's own, which an ``@task`` of another id may execute.
    """
    ti = context.get("ti")
    loop: Any = context.get("loop")
    if ti is None:  # run by hand, outside Airflow: a campaign of its own each time
        return Identity(connection=connection, sandbox=sandbox, task=(task_id, uuid.uuid4().hex))
    return Identity(
        connection=connection,
        sandbox=sandbox,
        task=(str(ti.dag_id), str(ti.run_id), str(ti.task_id), str(ti.map_index)),
        iteration=None if loop is None else int(loop.index),
        operator=None if task_id == ti.task_id else task_id,
        execution=execution,
    )


def has_next_try(context: Context) -> bool:
    """Tell whether Airflow starts this task again by itself when this try fails."""
    ti = context.get("ti")
    return ti is not None and int(ti.try_number) <= int(ti.max_tries)


def unfinished(error: SMSPartnerError, rest: str, context: Context) -> SMSPartnerError:
    """Return the error of a try that did not get through, of its own class where that takes a text."""
    kind = SMSPartnerError if isinstance(error, APIError) else type(error)
    follows = NEXT_TRY if has_next_try(context) else NO_RETRY
    return kind(f"{in_sentences(error, rest)} {follows}")
