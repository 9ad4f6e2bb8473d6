"""What the page says about a send: one task, or all shards of a mapped one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.advice import CLEAR
from airflow_provider_smspartner.plugins.drawing.batches import (
    Group,
    Trouble,
    groups_of,
    over_time,
    progress,
    troubles_of,
)
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.handovers import missing
from airflow_provider_smspartner.plugins.drawing.judgement import KILLED
from airflow_provider_smspartner.plugins.drawing.reach import add_up as whole_reach
from airflow_provider_smspartner.plugins.drawing.reach import reach_of
from airflow_provider_smspartner.plugins.drawing.states import (
    AT_WORK,
    TO_COME,
    UNFINISHED,
    Pill,
    over_all,
    pill,
)
from airflow_provider_smspartner.plugins.drawing.tally import Tally, add_up, tally_of
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import TaskFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A line of a mapped send."""

    task: TaskFact
    pill: Pill
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStory:
    """Everything the page shows of a send."""

    task_id: str
    tasks: Sequence[TaskFact]
    state: str | None
    pill: Pill
    sentence: str
    todo: str | None
    """The next step after a failure."""
    notes: Sequence[str]
    tally: Tally
    left_out: Sequence[tuple[str, int]]
    """Why people were left out, and how many."""
    bar: Markup | None
    curve: Markup | None
    groups: Sequence[Group]
    troubles: Sequence[Trouble]
    shards: Sequence[Shard]
    told: bool
    """Whether the task has said what it may cost."""
    most: Decimal | None
    """What the DAG's author allows it to cost; of a mapped send, each shard."""
    dry_run: bool

    @property
    def at_work(self) -> bool:
        """Whether what is open is simply on its way."""
        return self.state in AT_WORK

    @property
    def live(self) -> bool:
        """Whether there is more to come."""
        return self.state in UNFINISHED


def send_story(tasks: Sequence[TaskFact], *, now: datetime) -> SendStory:
    """Tell a send; all tasks have one id."""
    state = over_all(task.state for task in tasks)
    tally = add_up([tally_of(task) for task in tasks])
    batches = [batch for task in tasks for batch in task.batches]
    dry_run = any((task.result or {}).get("dry_run") for task in tasks)
    judged = verdict(tasks, now=now)
    said = Pill(text=judged.label, tone=judged.tone) if state == "success" else pill(state, sends=True)
    redirected = any(map(is_redirected, tasks))
    troubles = troubles_of(tasks)
    mapped = len(tasks) > 1 or tasks[0].map_index >= 0
    costs = [task.campaign.max_cost for task in tasks if task.campaign and task.campaign.max_cost is not None]
    return SendStory(
        task_id=tasks[0].task_id,
        tasks=tasks,
        state=state,
        pill=said,
        sentence=judged.sentence
        if says_more(tally, tasks, state)
        else sentence(tally, state, dry_run=dry_run, redirected=redirected),
        todo=next_step(state, troubles, tasks),
        notes=notes_of(tasks),
        tally=tally,
        left_out=left_out(tasks),
        bar=None if dry_run or redirected else progress(tally, at_work=state in AT_WORK),
        curve=None if dry_run or redirected else over_time(batches, tally),
        groups=groups_of(batches),
        troubles=troubles,
        shards=[shard_of(task) for task in tasks] if mapped else [],
        told=any(task.campaign for task in tasks),
        most=max(costs, default=None),
        dry_run=dry_run,
    )


LEFT_OUT: dict[str, str] = {
    "campaign": "had the campaign before",
    "other_task": "texted by another task",
    "erased": "erased",
    "countries": "in other countries",
    "stop_list": "on the STOP list",
}
"""Reasons among those who are excluded."""
APART: dict[str, str] = {"held_out": "Held out, outside the share", "capped": "Capped, had enough texts"}
"""Reasons beside them."""


def left_out(tasks: Sequence[TaskFact]) -> list[tuple[str, int]]:
    """Return why people were left out, and how many: those who are excluded first."""
    people = whole_reach([reach_of(task) for task in tasks]).held_back
    labels = {reason: f"– {label}" for reason, label in LEFT_OUT.items()} | APART
    return [(label, people[reason]) for reason, label in labels.items() if reason in people]


def says_more(tally: Tally, tasks: Sequence[TaskFact], state: str | None) -> bool:
    """Tell whether the verdict knows why, or until when, where the sums of the batches know nothing."""
    knows_why = any(task.failure or task.waits_until for task in tasks) or state == "deferred"
    return knows_why and not (tally.known and tally.accepted)


def shard_of(task: TaskFact) -> Shard:
    """Tell one shard in a line."""
    return Shard(task=task, pill=pill(task.state, sends=True), tally=tally_of(task))


# ---- in words ------------------------------------------------------------------------------------------


def sentence(tally: Tally, state: str | None, *, dry_run: bool, redirected: bool) -> str:
    """Say in a sentence or two how far a send is."""
    planned, accepted = tally.planned, tally.accepted
    if dry_run:
        return f"Nothing was sent. {words.people(planned or 0)} would get the text."
    if planned is None and not tally.batches:
        return NOTHING_KNOWN.get(state, "It has left nothing to read.")
    if planned == 0 and not tally.batches:
        return "There was nobody to text."
    if not tally.known:
        return f"An audience of {words.people(planned or 0)}. {NOT_KNOWN[state in UNFINISHED]}"
    batches = words.of(tally.accepted_batches, "batch", "batches")
    if redirected:
        return f"{batches} for {words.people(planned or 0)}, each sent once to one number instead."
    if planned is None:
        return f"SMS Partner has accepted {words.people(accepted)} so far, in {batches}."
    share = f"{words.number(accepted)} of {words.people(planned)}"
    if state == "success":
        return f"SMS Partner has accepted {share}, in {batches}."
    left = max(0, planned - accepted - tally.rejected - tally.open_people)
    rest = f" {words.people(left)} left to send to." if left else ""
    doubt = (
        f" {words.people(tally.open_people)} on the way." if tally.open_people and state in AT_WORK else ""
    )
    return f"SMS Partner has accepted {share} so far.{doubt}{rest}"


NOT_KNOWN: dict[bool, str] = {
    True: "How many of them SMS Partner has accepted shows when the task has succeeded.",
    False: "How many of them SMS Partner has accepted cannot be read here.",
}
NOTHING_KNOWN: dict[str | None, str] = {
    **dict.fromkeys(TO_COME, "It has not begun."),
    **dict.fromkeys(AT_WORK, "It is reading its audience; nothing has been sent by this try yet."),
    "failed": f"It failed before its audience was through all checks: {KILLED}.",
    "up_for_retry": f"It failed before its audience was through all checks: {KILLED}.",
    "upstream_failed": "It did not begin, because a task before it failed.",
    "skipped": "It was skipped: nothing was sent.",
}


def next_step(state: str | None, troubles: Sequence[Trouble], tasks: Sequence[TaskFact]) -> str | None:
    """Say what to do about a send that did not get through."""
    if state == "up_for_retry":
        return "Airflow starts it again by itself. The next try texts only those who are left, nobody twice."
    if state == "failed" and not troubles:
        causes = [cause for task in tasks if (cause := cause_of(task.failure))]
        remedy = next((cause.remedy for cause in causes if cause.remedy), "Put the cause right")
        return f"{remedy}. {CLEAR}"
    return None


def notes_of(tasks: Sequence[TaskFact]) -> list[str]:
    """Say plainly what a reader must not take the figures for."""
    notes = {note: None for task in tasks for note in notes_of_task(task)}
    return list(notes)


def notes_of_task(task: TaskFact) -> list[str]:
    """Return the notes of one task."""
    told, result = task.campaign, task.result or {}
    scheduled = told.scheduled_for if told else None
    notes = []
    if result.get("sandbox") or (told and told.sandbox):
        notes.append("Sandbox: nothing of it reaches a phone.")
    if is_redirected(task):
        notes.append("Redirected: the connection sends each batch once to one number, and to nobody else.")
    if result.get("dry_run"):
        notes.append("Dry run: the figures are what a send would come to.")
    if scheduled:
        notes.append(f"Scheduled on SMS Partner for {words.minute(scheduled)}.")
    if task.cancelling:
        notes.append("Somebody has stopped it: what is scheduled on SMS Partner is being cancelled.")
    if told and told.ledger:
        notes.append(f"The ledger in {words.name(told.ledger)} leaves out who has had this campaign before.")
    if task.ledger_fault:
        fault = words.name(task.ledger_fault)
        notes.append(f"The ledger cannot be read, so its batches are missing here: {fault}.")
    return notes + missing(task)


def is_redirected(task: TaskFact) -> bool:
    """Tell whether the connection sends everything to one number."""
    return bool((task.result or {}).get("redirected") or (task.campaign and task.campaign.redirected))
