"""A campaign of personal texts through the operator, against the shortest client with the same bodies."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import shortest
from benchmarks.campaign import check, run
from benchmarks.numbers import e164
from benchmarks.platform import platform
from benchmarks.reading import fetch
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, PERSONAL_QUERY, belongings, warehouse

COMMAND = "python -m benchmarks personal"
TARGET = 1.4
MESSAGE = (
    "Bonjour {first_name|cher client}, votre commande {reference} de {amount} € vous attend "
    "jusqu'au {until}. À bientôt"
)


def written(people: int) -> Iterator[tuple[str, str]]:
    """Yield numbers and texts as they stand in a request, by the shortest way for this one message."""
    for row, number in enumerate(e164(people)):
        name, reference, amount, until = belongings(row)
        yield (
            number,
            f"Bonjour {name or 'cher client'}, votre commande {reference} de {amount} :euro: vous attend "
            f"jusqu'au {until}. À bientôt",
        )


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure the time of the campaign."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    people = min(sizes.recipients, sizes.personal)
    ours, bare = [], []
    with warehouse(people), platform(sizes.latency) as address:
        run(address, 1, sizes, message=MESSAGE)  # compiles what the next ones load
        for _ in range(sizes.rounds):
            fetching = fetch(hook_of(CONN_ID), people, PERSONAL_QUERY)
            posting = shortest.send_personal(address, written(people), sizes.concurrency)
            check(address, people)
            bare.append(fetching + posting)
            ours.append(run(address, people, sizes, message=MESSAGE)["seconds"])
    ratio = median(ours) / median(bare)
    yield Figure(
        what=f"{people:,} personal texts, PostgreSQL to platform, with the task state journal",
        measured=spell(ratio, "×"),
        against=f"bare `http.client` on {sizes.concurrency} threads with the same bodies, plus fetching "
        f"the same rows ({spell(median(bare), 's')}; ours {spell(median(ours), 's')})",
        target=f"≤ {TARGET} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )
