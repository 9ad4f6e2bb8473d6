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
from airflow_provider_smspartner.plugins.drawing.language import mark, say
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
        bar=plots.bar(parts, title=say("What became of the texts"), below=stop) if parts else None,
        curve=curve(told) if told else None,
        gate=gate_lines(told) if told else [],
    )


def parts_of(told: Delivery) -> list[plots.Part]:
    """Return the shares of the bar; nobody is nothing to draw."""
    counts = told.result
    if not counts["recipients"]:
        return []
    return [
        plots.Part(label=say("Delivered"), count=counts["delivered"], kind="good"),
        plots.Part(label=say("Not delivered"), count=counts["not_delivered"], kind="bad"),
        plots.Part(label=say("Waiting"), count=counts["waiting"], kind="rest"),
    ]


def curve(told: Delivery) -> Markup | None:
    """Draw the curve of the report dates."""
    points = plots.thinned([(float(max(0, seconds)), people) for seconds, people in told.curve])
    if not points:
        return None
    total = told.result["recipients"]
    title = say("People with their text over time")
    return plots.curve(points, total=total, title=title, kind="good")


LEFT_NOTHING: Final = mark("It has left nothing to read.")
NOTHING_LEFT: Final[dict[str | None, str]] = {
    "upstream_failed": mark("It did not begin, because a task before it failed."),
    "skipped": mark("It was skipped: nobody was followed."),
}


def sentence(task: TaskFact) -> str:
    """Say in a sentence how far the delivery is."""
    if task.delivery is None:
        if task.state in UNFINISHED:
            return say("No news yet. The first arrives one minute after the texts could leave.")
        cause = cause_of(task.failure)
        if cause or task.state == "failed":
            return ended(say("It failed before it had news: {why}", why=cause.why if cause else say(KILLED)))
        return say(NOTHING_LEFT.get(task.state, LEFT_NOTHING))
    counts = task.delivery.result
    if not counts["recipients"]:
        return say("There was nobody to follow.")
    rate = counts["delivery_rate"]
    values = {
        "count": words.number(counts["delivered"]),
        "people": words.people(counts["recipients"]),
        "share": "?" if rate is None else words.percent(rate),
    }
    if task.delivery.final:
        return say("{count} of {people} have the text ({share}).", **values)
    moment = words.minute(task.delivery.at)
    text = say("{count} of {people} have the text ({share}), as of {moment}.", **values, moment=moment)
    if task.delivery.deadline and task.state in UNFINISHED:
        until = words.minute(task.delivery.deadline)
        text += " " + say("It waits for the others until {moment} at the latest.", moment=until)
    return text


def todo(task: TaskFact) -> list[str]:
    """Say what the figures mean, and what can be done."""
    said = missing(task)
    counts = task.delivery.result if task.delivery else {}
    if task.state == "failed" and task.delivery:
        cause = cause_of(task.failure)
        why = ended(say("The task failed: {why}", why=cause.why if cause else say(KILLED)))
        said.append(f"{why} " + say("Clearing it looks again and sends nothing."))
    if counts.get("not_delivered"):
        said.append(
            words.of(
                counts["not_delivered"],
                "{count} person did not get it, and will not. The customer area of SMS Partner lists them; "
                "remove them from a list that you text often.",
                "{count} people did not get it, and will not. The customer area of SMS Partner lists them; "
                "remove them from a list that you text often.",
            )
        )
    if counts.get("waiting") and task.delivery and task.delivery.final:
        said.append(
            words.of(
                counts["waiting"],
                "{count} person had not reported at the deadline. Some phones never do, so they count "
                "neither as delivered nor as lost.",
                "{count} people had not reported at the deadline. Some phones never do, so they count "
                "neither as delivered nor as lost.",
            )
        )
    if counts.get("stop"):
        said.append(
            words.of(
                counts["stop"],
                "{count} person answered STOP. exclude_stop_list=True leaves them out of the next send.",
                "{count} people answered STOP. exclude_stop_list=True leaves them out of the next send.",
            )
        )
    return said
