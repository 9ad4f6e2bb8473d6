"""What the page says about a send: one task, or all shards of a mapped one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.advice import CLEAR
from airflow_provider_smspartner.plugins.drawing.arrivals import Arrival
from airflow_provider_smspartner.plugins.drawing.batches import (
    Group,
    Trouble,
    groups_of,
    over_time,
    progress,
    troubles_of,
)
from airflow_provider_smspartner.plugins.drawing.bubbles import Bubble, Sample, bubble_of, samples_of
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.deliveries import LEFT_NOTHING
from airflow_provider_smspartner.plugins.drawing.errors import in_words
from airflow_provider_smspartner.plugins.drawing.funnel import Step, funnel
from airflow_provider_smspartner.plugins.drawing.handovers import missing
from airflow_provider_smspartner.plugins.drawing.judgement import KILLED
from airflow_provider_smspartner.plugins.drawing.language import mark, mark_of, say
from airflow_provider_smspartner.plugins.drawing.reach import add_up as all_reached
from airflow_provider_smspartner.plugins.drawing.reach import reach_of
from airflow_provider_smspartner.plugins.drawing.states import (
    AT_WORK,
    TO_COME,
    UNFINISHED,
    WORST_FIRST,
    Pill,
    over_all,
    pill,
)
from airflow_provider_smspartner.plugins.drawing.sums import Sums, add_up, sums_of
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import TaskFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A line of a mapped send."""

    task: TaskFact
    pill: Pill
    sums: Sums

    @property
    def healthy(self) -> bool:
        """Whether it is over and nothing of it needs a look."""
        return self.task.state == "success"


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
    sums: Sums
    bar: Markup | None
    curve: Markup | None
    steps: Sequence[Step]
    """From the rows of the audience to the phones."""
    groups: Sequence[Group]
    troubles: Sequence[Trouble]
    shards: Sequence[Shard]
    told: bool
    """Whether the task has said what it may cost."""
    most: Decimal | None
    """What the DAG's author allows it to cost; of a mapped send, each shard."""
    dry_run: bool
    bubble: Bubble | None
    """What it says."""
    samples: Sequence[Sample]
    """Texts that a dry run has made."""

    @property
    def at_work(self) -> bool:
        """Whether what is open is simply on its way."""
        return self.state in AT_WORK

    @property
    def live(self) -> bool:
        """Whether there is more to come."""
        return self.state in UNFINISHED


def send_story(tasks: Sequence[TaskFact], *, now: datetime, arrival: Arrival | None = None) -> SendStory:
    """Tell a send; all tasks have one id.

    :param arrival: what phones have reported, when it is about this send alone.
    """
    state = over_all(task.state for task in tasks)
    counted = [sums_of(task) for task in tasks]
    sums = add_up(counted)
    batches = [batch for task in tasks for batch in task.batches]
    dry_run = any((task.result or {}).get("dry_run") for task in tasks)
    judged = verdict(tasks, now=now, counted=counted)
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
        if says_more(sums, tasks, state)
        else sentence(sums, state, dry_run=dry_run, redirected=redirected),
        todo=next_step(state, troubles, tasks),
        notes=notes_of(tasks),
        sums=sums,
        bar=None if dry_run or redirected else progress(sums, at_work=state in AT_WORK),
        curve=None if dry_run or redirected else over_time(batches, sums),
        steps=funnel(
            all_reached([reach_of(*each) for each in zip(tasks, counted, strict=True)]),
            duplicates=sums.duplicates,
            texts=not (dry_run or redirected),
            arrival=arrival,
        ),
        groups=groups_of(tasks),
        troubles=troubles,
        shards=[shard_of(task) for task in worst_first(tasks)] if mapped else [],
        told=any(task.campaign for task in tasks),
        most=max(costs, default=None),
        dry_run=dry_run,
        bubble=bubble_of(tasks),
        samples=samples_of(tasks),
    )


def worst_first(tasks: Sequence[TaskFact]) -> list[TaskFact]:
    """Return shards with those that need a person in front."""
    order = {state: place for place, state in enumerate(WORST_FIRST)}
    return sorted(tasks, key=lambda task: order.get(task.state, len(order)))


def says_more(sums: Sums, tasks: Sequence[TaskFact], state: str | None) -> bool:
    """Tell whether the verdict knows why, or until when, where the sums of the batches know nothing."""
    knows_why = any(task.failure or task.waits_until for task in tasks) or state == "deferred"
    return knows_why and not (sums.known and sums.accepted)


def shard_of(task: TaskFact) -> Shard:
    """Tell one shard in a line."""
    return Shard(task=task, pill=pill(task.state, sends=True), sums=sums_of(task))


# ---- in words ------------------------------------------------------------------------------------------


def sentence(sums: Sums, state: str | None, *, dry_run: bool, redirected: bool) -> str:
    """Say in a sentence or two how far a send is."""
    planned, accepted = sums.planned, sums.accepted
    people = words.people(planned or 0)
    if dry_run:
        return say("Nothing was sent. {people} would get the text.", people=people)
    if planned is None and not sums.batches:
        if state in KILLED_EARLY:
            why = say(KILLED)
            return say("It failed before its audience had passed all checks: {why}.", why=why)
        return say(NOTHING_KNOWN.get(state, LEFT_NOTHING))
    if planned == 0 and not sums.batches:
        return say("There was nobody to text.")
    if not sums.known:
        audience = say("An audience of {people}.", people=people)
        return f"{audience} {say(NOT_KNOWN[state in UNFINISHED])}"
    batches = words.of(sums.accepted_batches, "{count} batch", "{count} batches")
    if redirected:
        return say(
            "{batches} for {people}, each sent once to one number instead.", batches=batches, people=people
        )
    if planned is None:
        some = words.people(accepted)
        return say("SMS Partner has accepted {people} so far, in {batches}.", people=some, batches=batches)
    values = {"count": words.number(accepted), "people": people}
    if state == "success":
        return say("SMS Partner has accepted {count} of {people}, in {batches}.", **values, batches=batches)
    return say("SMS Partner has accepted {count} of {people} so far.", **values) + still(sums, state)


def still(sums: Sums, state: str | None) -> str:
    """Say who is on the way, and who is left."""
    left = max(0, (sums.planned or 0) - sums.accepted - sums.rejected - sums.open_people)
    text = ""
    if sums.open_people and state in AT_WORK:
        forms = mark_of("{count} person on the way.", "{count} people on the way.")
        text += f" {words.of(sums.open_people, *forms)}"
    if left:
        forms = mark_of("{count} person left to text.", "{count} people left to text.")
        text += f" {words.of(left, *forms)}"
    return text


NOT_KNOWN: Final[dict[bool, str]] = {
    True: mark("How many of them SMS Partner has accepted appears once the task has succeeded."),
    False: mark("How many of them SMS Partner has accepted cannot be read here."),
}
NOTHING_KNOWN: Final[dict[str | None, str]] = {
    **dict.fromkeys(TO_COME, mark("It has not begun.")),
    **dict.fromkeys(AT_WORK, mark("It is reading its audience; nothing has been sent by this try yet.")),
    "upstream_failed": mark("It did not begin, because a task before it failed."),
    "skipped": mark("It was skipped: nothing was sent."),
}
KILLED_EARLY: Final = ("failed", "up_for_retry")
"""States in which a task that has told nothing was killed before its audience was through all checks."""


def next_step(state: str | None, troubles: Sequence[Trouble], tasks: Sequence[TaskFact]) -> str | None:
    """Say what to do about a send that did not get through."""
    if state == "up_for_retry":
        return say(
            "Airflow starts it again by itself. The next try texts only those who are left, nobody twice."
        )
    if state == "failed" and not troubles:
        causes = [cause for task in tasks if (cause := cause_of(task.failure))]
        remedy = next((cause.remedy for cause in causes if cause.remedy), say("Fix the cause"))
        return f"{remedy}. {say(CLEAR)}"
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
        notes.append(say("Sandbox: nothing of it reaches a phone."))
    if is_redirected(task):
        notes.append(
            say("Redirected: the connection sends each batch once to one number, and to nobody else.")
        )
    if result.get("dry_run"):
        notes.append(say("Dry run: the figures show what a send would amount to."))
    if scheduled:
        notes.append(say("Scheduled on SMS Partner for {moment}.", moment=words.minute(scheduled)))
    if task.cancelling:
        notes.append(say("Somebody has stopped it: what is scheduled on SMS Partner is being cancelled."))
    if told and told.ledger:
        ledger = words.name(told.ledger)
        notes.append(
            say("The ledger in {ledger} leaves out who has had this campaign before.", ledger=ledger)
        )
    if task.ledger_fault:
        fault = in_words(words.name(task.ledger_fault))
        notes.append(say("The ledger cannot be read, so its batches are missing here: {why}.", why=fault))
    return notes + missing(task)


def is_redirected(task: TaskFact) -> bool:
    """Tell whether the connection sends everything to one number."""
    return bool((task.result or {}).get("redirected") or (task.campaign and task.campaign.redirected))
