"""What a notifier is given: checked when the DAG is parsed, made usable when the alert is due. No I/O."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk.exceptions import AirflowRuntimeError
from jinja2 import Environment, TemplateError, TemplateSyntaxError

from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.rules import arguments, phone, typed
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.rules.literals import read_numbers

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

TEMPLATE_ERRORS = (
    TemplateError,
    AirflowException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,  # also of recursion without an end
    TypeError,
    ValueError,  # also of characters that cannot be written
    AirflowRuntimeError,  # of a variable that is not defined
)
"""What an expression in a template may raise: macros and variables are the author's code, and Airflow's."""


class Unrendered(NamedTuple):
    """A template that says nothing."""

    sentence: str
    """Why, and what to do."""


# ---- when the DAG is parsed ------------------------------------------------------------------------


def listed(recipients: Any) -> str | int | list[Any]:
    """Return one number or a template as it is, and anything else as a list.

    :raises InvalidMessage: it is neither.
    """
    arguments.people(recipients, "recipients")
    return recipients if isinstance(recipients, str | int) else list(recipients)


def check_recipients(recipients: Any) -> None:
    """Refuse a number that is none, as far as numbers are known when the DAG is parsed.

    :raises InvalidMessage: there is nobody, or the number of somebody is wrong.
    """
    if not recipients:
        raise InvalidMessage("recipients: nobody would get the alert; give a number")
    for number in filter(literal, each_number(recipients)):
        try:
            phone.normalize(number)
        except InvalidPhoneNumber as error:
            raise InvalidMessage(f"recipients: {error}; the alert would tell nobody there") from None


def check_template(value: object, argument: str) -> None:
    """Refuse a template that no place can render.

    :raises InvalidMessage: its syntax is wrong.
    """
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str) or literal(text):
            continue
        try:
            Environment(autoescape=True).parse(text)  # only read: nothing is rendered
        except TemplateSyntaxError as error:
            if "unknown tag" not in str(error):  # one of an extension of the DAG's own
                raise InvalidMessage(f"{argument}: its template cannot be rendered: {error}") from None


def period_of(period: timedelta | float) -> timedelta:
    """Return the window of ``at_most``; a deadline's arguments may come back as seconds.

    :raises InvalidMessage: it is shorter than a second, or no time at all.
    """
    try:
        window = period if isinstance(period, timedelta) else timedelta(seconds=period)
    except (TypeError, ValueError, OverflowError):
        window = timedelta()
    if isinstance(period, bool) or not timedelta(seconds=1) <= window <= timedelta(days=366):
        raise InvalidMessage("period: give a timedelta, or seconds, from a second to a year")
    return window


# ---- when the alert is due -------------------------------------------------------------------------


def each_number(given: Any) -> Iterator[Any]:
    """Yield each of the numbers in what was given: one, several in a text, or lists of these."""
    if isinstance(given, str):
        read = read_numbers(given)
        yield from (typed.several(given) or [given]) if read is given else each_number(read)
    elif isinstance(given, Iterable) and not isinstance(given, Mapping | bytes):
        for item in given:
            yield from each_number(item)
    else:
        yield given


def leaves(given: Any) -> Iterator[Any]:
    """Yield what lists hold, however deep, as it is written."""
    if isinstance(given, list | tuple | set):
        for item in given:
            yield from leaves(item)
    else:
        yield given


def usable(value: Any, check: Callable[[str], None], *, without: str) -> str | None:
    """Return a text that passes a check; None, with a warning, for what a template has made unusable."""
    if value is None:
        return None
    text = str(value)
    try:
        check(text)
    except InvalidMessage as error:
        log.warning("The alert leaves without %s: %s", without, error)
        return None
    return text


def named(value: object) -> object:
    """Return what a template prints of a value: its class, of an error that says nothing (TimeoutError())."""
    silent = isinstance(value, BaseException) and not words_of(value)
    return type(value).__name__ if silent else value


def words_of(error: object) -> str:
    """Return what an error says, "" of one that says nothing, or that cannot even do that."""
    try:
        return "" if error is None else str(error).strip()
    except TEMPLATE_ERRORS:  # its class is the author's
        return ""


def stand_in(context: Context) -> str:
    """Return what can be said where the alert's own text says nothing: which DAG and task, and the error."""
    exception: Any = context.get("exception")
    task = getattr(context.get("ti"), "task_id", None)
    words = words_of(exception)
    error = f"{type(exception).__name__}: {words}" if words else named(exception)
    said = [find_dag_id(context), task, error or context.get("reason")]
    return ", ".join(["Airflow alert", *(str(part) for part in said if part)])


def digest_of(key: str) -> str:
    """Return what is counted under for a key that no column can keep."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def find_dag_id(context: Context) -> str | None:
    """Return the DAG id, from the whole context of a task or the little that a deadline has."""
    for name in ("dag", "dag_run"):
        there: Any = context.get(name)
        found = there.get("dag_id") if isinstance(there, Mapping) else getattr(there, "dag_id", None)
        if found:
            return str(found)
    return None
