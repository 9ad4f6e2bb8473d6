"""Where the time of a person with a text of their own goes: what each stage computes, in one thread.

``python -m benchmarks.stages`` prints it. Fetching the rows and waiting for the platform are not in it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from benchmarks.numbers import typed
from benchmarks.personal import MESSAGE
from benchmarks.platform import ROW
from benchmarks.warehouse import belongings

T = TypeVar("T")

PEOPLE: Final = 20_000
ROUNDS: Final = 5
NAMES: Final = ("phone_number", "first_name", "reference", "amount", "until")


def stages(people: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Yield each stage with its seconds a person, in the order of a send."""
    from airflow_provider_smspartner import api, audience
    from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE
    from airflow_provider_smspartner.audience.spool import Spool
    from airflow_provider_smspartner.audience.warehouse import picked
    from airflow_provider_smspartner.operators.texts import check_text, personal
    from airflow_provider_smspartner.rules import phone
    from airflow_provider_smspartner.rules.batches import split_people
    from airflow_provider_smspartner.rules.people import Pseudonymizer

    def timed(stage: Callable[[Any], object], given: Sequence[Any]) -> float:
        return least(stage, given, rounds) / people

    rows = [(number, *belongings(row)) for row, number in enumerate(typed(people))]
    parts = [rows[at : at + ROWS_AT_ONCE] for at in range(0, people, ROWS_AT_ONCE)]
    options = api.SendOptions()
    template = check_text(MESSAGE, options)
    text, columns = personal(template, options), audience.Columns("phone_number", None, template.columns)
    taken = list(picked(NAMES, parts, columns))
    yield "columns picked", timed(lambda part: list(picked(NAMES, [part], columns)), parts)
    yield "numbers read", timed(lambda part: phone.mobiles(part.numbers), taken)
    yield "texts filled", timed(lambda part: template.render_all(part.others), taken)
    filled = [template.render_all(part.others or ()) for part in taken]
    texts: list[Any] = [[each for each in part if isinstance(each, str)] for part in filled]
    yield "texts checked, measured, spelled", timed(options.write, texts)
    written: list[Any] = [options.write(part) for part in texts]
    yield "temporary file written", timed(lambda part: Spool().write([""] * len(part), part), written)
    found = audience.gather(taken, audience.Rules(write=text.write))
    yield "the whole audience", timed(lambda parts: audience.gather(parts, found.rules), [taken])
    yield "people in batches", timed(lambda each: consumed(split_people(each.people)), [found])
    batches = list(split_people(found.people))
    yield "people hashed", timed(Pseudonymizer("secret", ["campaign"]).hashes, batches)
    calls = [text.make_call(batch, options) for batch in batches]
    yield "requests made", timed(lambda batch: text.make_call(batch, options), batches)
    yield "requests written", timed(lambda call: json.dumps(call.payload()).encode(), calls)
    answered = list(zip(calls, map(answer, batches), strict=True))
    yield "answers read", timed(lambda pair: pair[0].read(pair[1]), answered)


def least(stage: Callable[[T], object], given: Sequence[T], rounds: int) -> float:
    """Return the least seconds of computing that a stage took for all that it was given."""
    taken = []
    for _ in range(rounds):
        began = time.thread_time()
        for each in given:
            stage(each)
        taken.append(time.thread_time() - began)
    return min(taken)


def consumed(items: Iterator[object]) -> int:
    """Count items and keep none."""
    return sum(1 for _ in items)


def answer(batch: Sequence[Any]) -> Any:
    """Return what the platform of the benchmarks answers to a request of personal texts."""
    from airflow_provider_smspartner.api.wire import Answer

    rows = [ROW | {"phoneNumber": person.number} for person in batch]
    fields = {"success": True, "code": 200, "message_id": 1, "nb_sms": len(batch), "SMSResponse_List": rows}
    return Answer(status=200, body=json.dumps(fields).encode(), secret="key-of-the-account")  # noqa: S106


def main() -> None:
    """Print a line for each stage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, help="(%(default)s)")
    given = parser.parse_args()
    for name, seconds in stages(given.people, ROUNDS):
        print(f"{seconds * 1e6:6.2f} µs a person  {name}")


if __name__ == "__main__":
    main()
