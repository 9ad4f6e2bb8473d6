"""What the page says about a status task: who has got the text, and who has not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing import plots, words
from airflow_provider_smspartner.plugins.drawing.causes import cause_of
from airflow_provider_smspartner.plugins.drawing.gates import GateLine, gate_lines
from airflow_provider_smspartner.plugins.drawing.handovers import missing
from airflow_provider_smspartner.plugins.drawing.judgement import KILLED, ended
from airflow_provider_smspartner.plugins.drawing.states import UNFINISHED, Pill, pill
from airflow_provider_smspartner.plugins.facts import TaskFact
from airflow_provider_smspartner.tracking.handover import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusStory:
    """Everything the page shows of a status task."""

    task: TaskFact
    pill: Pill
    sentence: str
    todo: Sequence[str]
    parts: Sequence[plots.Part]
    stop: plots.Part | None
    bar: Markup | None
    curve: Markup | None
    gate: Sequence[GateLine]
    """What is asked of the delivery."""

    @property
    def live(self) -> bool:
        """Whether there is more to come."""
        return self.task.state in UNFINISHED


def status_story(task: TaskFact) -> StatusStory:
    """Tell a status task."""
    told = task.delivery
    parts = parts_of(told) if told else []
    stop = plots.Part(label="STOP", count=told.result["stop"], kind="stop") if told else None
    return StatusStory(
        task=task,
        pill=pill(task.state, sends=False),
        sentence=sentence(task),
        todo=todo(task),
        parts=parts,
        stop=stop,
        bar=plots.bar(parts, title="What became of the texts", below=stop) if parts else None,
        curve=curve(told) if told else None,
        gate=gate_lines(told) if told else [],
    )


def parts_of(told: Delivery) -> list[plots.Part]:
    """Return the shares of the bar; nobody is nothing to draw."""
    counts = told.result
    if not counts["recipients"]:
        return []
    return [
        plots.Part(label="Delivered", count=counts["delivered"], kind="good"),
        plots.Part(label="Not delivered", count=counts["not_delivered"], kind="bad"),
        plots.Part(label="Waiting", count=counts["waiting"], kind="rest"),
    ]


def curve(told: Delivery) -> Markup | None:
    """Draw the curve of the report dates."""
    points = plots.thinned([(float(max(0, seconds)), people) for seconds, people in told.curve])
    if not points:
        return None
    total = told.result["recipients"]
    return plots.curve(points, total=total, title="People with their text over time", kind="good")


NOTHING_LEFT: Final[dict[str | None, str]] = {
    "upstream_failed": "It did not begin, because a task before it failed.",
    "skipped": "It was skipped: nobody was followed.",
    "failed": f"It failed before it had news: {KILLED}.",
}


def sentence(task: TaskFact) -> str:
    """Say in a sentence how far the delivery is."""
    if task.delivery is None:
        if task.state in UNFINISHED:
            return "No news yet. The first ones come one minute after the texts could leave."
        if cause := cause_of(task.failure):
            return ended(f"It failed before it had news: {cause.why}")
        return NOTHING_LEFT.get(task.state, "It has left nothing to read.")
    counts = task.delivery.result
    if not counts["recipients"]:
        return "There was nobody to follow."
    rate = counts["delivery_rate"]
    share = f" ({words.percent(rate)})" if rate is not None else ""
    as_of = "" if task.delivery.final else f", as of {words.clock(task.delivery.at)}"
    people = f"{words.number(counts['delivered'])} of {words.people(counts['recipients'])}"
    return f"{people} have the text{share}{as_of}."


def todo(task: TaskFact) -> list[str]:
    """Say what the figures mean, and what can be done."""
    said = missing(task)
    counts = task.delivery.result if task.delivery else {}
    if task.state == "failed" and task.delivery:
        cause = cause_of(task.failure)
        why = ended(f"The task failed: {cause.why if cause else KILLED}")
        said.append(f"{why} Clearing it looks again and sends nothing.")
    if counts.get("not_delivered"):
        said.append(
            f"{words.people(counts['not_delivered'])} did not get it, and will not. The customer area of SMS "
            "Partner lists them; a list that is often texted is worth cleaning of them."
        )
    if counts.get("waiting") and task.delivery and task.delivery.final:
        said.append(
            f"{words.people(counts['waiting'])} had not reported at the deadline. Some phones never do, so "
            "they count neither as delivered nor as lost."
        )
    if counts.get("stop"):
        said.append(
            f"{words.people(counts['stop'])} answered STOP. exclude_stop_list=True leaves them out of the "
            "next send."
        )
    return said
