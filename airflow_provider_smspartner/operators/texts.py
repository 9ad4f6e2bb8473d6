"""What a send says: the same to everybody, or to everybody something of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import merge
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.rules.message import check_is_text
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.segments import estimate
from airflow_provider_smspartner.rules.writing import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What is sent, and how: the two kinds of send differ in it."""

    options: api.SendOptions
    make_call: Callable[[Sequence[Person], api.SendOptions], api.Call[Any]]
    """Builds the request for some people."""
    segments: int = 1
    """Of a text that is the same for all."""
    columns: tuple[str, ...] = ()
    """What a personal text is filled with."""
    write: Callable[[Sequence[Sequence[object]]], list[Written | InvalidMessage]] | None = None
    """Makes personal texts out of rows, or says why a row gives none; None when all get the same."""
    preview: Callable[[Person], str] = lambda person: ""


def check_kind(text: object) -> None:
    """Refuse a message that is a value of another kind; Python would print it, and people would be sent that.

    What a DAG is given later, such as an ``XComArg``, is no value yet.
    """
    if literal(text):
        check_is_text(text, argument="message")


def check_text(text: str, options: api.SendOptions) -> merge.Template:
    """Refuse a message that cannot be sent, as far as that shows without a row; return it taken apart."""
    check_kind(text)
    template = merge.parse(text)
    # What not even a short filling can save would make every single row invalid
    options.check_message(template.render(["x"] * len(template.columns)) if template.fields else text)
    return template


def same_for_all(text: str, options: api.SendOptions) -> Text:
    """Send one text to everybody, through ``/send``."""

    def make_call(people: Sequence[Person], options: api.SendOptions) -> api.Call[Any]:
        return api.send([person.number for person in people], text, options)

    size = estimate(text, unicode=options.unicode)
    return Text(
        options=options,
        make_call=make_call,
        segments=size.segments,
        preview=lambda person: size.text,
    )


def personal(template: merge.Template, options: api.SendOptions) -> Text:
    """Send everybody a text of their own, through ``/bulk-send``."""

    def make_call(people: Sequence[Person], options: api.SendOptions) -> api.Call[Any]:
        return api.bulk_send([(person.number, person.text) for person in people], options, written=True)

    def write(rows: Sequence[Sequence[object]]) -> list[Written | InvalidMessage]:
        rendered = template.render_all(rows)
        texts = [text for text in rendered if isinstance(text, str)]
        if len(texts) == len(rendered):
            return options.write(texts)
        written = iter(options.write(texts))
        return [next(written) if isinstance(text, str) else text for text in rendered]

    return Text(
        options=options,
        make_call=make_call,
        columns=template.columns,
        write=write,
        preview=lambda person: estimate(person.text, unicode=options.unicode).text,
    )
