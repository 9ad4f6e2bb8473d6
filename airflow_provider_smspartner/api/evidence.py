"""Whether a yes is the answer to the request that was made: it covers everybody who was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airflow_provider_smspartner.api.answers import BulkSent, Sent
from airflow_provider_smspartner.exceptions import Problem
from airflow_provider_smspartner.rules.echoes import read_number
from airflow_provider_smspartner.rules.refusals import NUMBER_FIELDS


class NotWhole(ValueError):
    """A yes that does not cover the request; its text says why, without a number."""


def check_whole(
    sent: Sent, asked: Sequence[str], *, sandbox: bool = False, is_one_text: bool = False
) -> None:
    """Refuse a yes that is not whole: nobody can tell from it what the platform did.

    Whole is an answer whose rows name our people and all of them, that names whom it leaves out, and that
    bills at least one segment for each of the others; the bill of one text to French numbers must divide
    evenly. What it does not say is no evidence against it: an answer captured in 2015 holds an id and nothing
    else.

    :param asked: the E.164 numbers of the request.
    :param sandbox: nothing is billed, so the segments tell nothing.
    :param is_one_text: everybody gets the same text.
    :raises NotWhole: see above.
    """
    ours = frozenset(asked)
    out = left_out_of(sent, ours)
    if reason := _rows_fault(sent, ours) or _items_fault(sent, ours):
        raise NotWhole(reason)
    people = len(ours) - len(out)
    if not sandbox and sent.segments is not None and sent.segments < people:
        raise NotWhole(f"it bills {sent.segments} segments for {people} people")
    # Whoever is left out in silence, of a text of several segments, shows in what does not divide any more.
    # Abroad a text may have other segments, without the STOP mention for instance
    alike = is_one_text and all(number.startswith("+33") for number in ours)
    if not sandbox and alike and people and all((sent.segments or 0) % each for each in (people, len(ours))):
        raise NotWhole(f"it bills {sent.segments} segments of one text for {people} people")


def left_out_of(sent: Sent, asked: Iterable[str]) -> frozenset[str]:
    """Return those of our people whom a yes names as left out, in whatever spelling it does."""
    ours = frozenset(asked)
    rows = sent.rows if isinstance(sent, BulkSent) else ()
    refused = [row.number for row in rows if not row.accepted]
    refused += [number for problem in sent.left_out for number in _named(problem)]
    return ours.intersection(read_number(number, ours=ours.__contains__) or "" for number in refused)


def _rows_fault(sent: Sent, ours: frozenset[str]) -> str | None:
    if not isinstance(sent, BulkSent) or not sent.rows:
        return None
    if {row.number for row in sent.rows} == ours:  # spelled as they were asked for
        return None
    read = [read_number(row.number, ours=ours.__contains__) for row in sent.rows]
    if strangers := sum(number not in ours for number in read):
        return f"{strangers} of its rows name nobody whom the request named"
    named = ours.intersection(filter(None, read)) | left_out_of(sent, ours)
    return f"its rows name {len(named)} of {len(ours)} people" if len(named) < len(ours) else None


def _items_fault(sent: Sent, ours: frozenset[str]) -> str | None:
    for problem in sent.left_out:
        about_numbers = problem.element is None or problem.element in NUMBER_FIELDS
        read = (read_number(number, ours=ours.__contains__) for number in _named(problem))
        if about_numbers and ours.isdisjoint(filter(None, read)):
            return "it leaves people out without naming one of ours"
    return None


def _named(problem: Problem) -> Iterator[str]:
    if problem.number:
        yield problem.number
    yield from problem.numbers
