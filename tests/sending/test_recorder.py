"""What several threads wait for is written at once, and each hears of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.sending.recorder import Recorder

BATCHES = [Batch(ordinal=ordinal, tag=f"tag-{ordinal}") for ordinal in range(4)]


class Refused(Exception):
    """What a journal says."""


class Writes:
    """A journal that takes its time for its first write, and notes what it is handed together."""

    def __init__(self, *, refuses: int | None = None) -> None:
        self.refuses = refuses
        self.begun, self.go = threading.Event(), threading.Event()
        self.groups: list[list[int]] = []

    def __call__(self, *batches: Batch) -> None:
        self.groups.append([batch.ordinal for batch in batches])
        self.begun.set()
        assert self.go.wait(10)
        if self.refuses in self.groups[-1]:
            raise Refused


def nothing(*batches: Batch) -> None:
    """Do nothing."""


def together(ask: Callable[[Batch], None], writes: Writes) -> list[str]:
    """Ask for the first batch, and for the others while it is written; return what came of each."""

    def one(batch: Batch) -> str:
        try:
            ask(batch)
        except Refused:
            return "refused"
        return "written"

    with ThreadPoolExecutor(len(BATCHES)) as carriers:
        first = carriers.submit(one, BATCHES[0])
        assert writes.begun.wait(10)
        others = [carriers.submit(one, batch) for batch in BATCHES[1:]]
        while sum(future.running() for future in others) < len(others):
            pass
        threading.Timer(0.2, writes.go.set).start()
        return [future.result(10) for future in (first, *others)]


@pytest.mark.parametrize(
    ("refuses", "answers"),
    [
        (None, ["written"] * 4),
        (0, ["refused", "written", "written", "written"]),
        (2, ["written", "refused", "refused", "refused"]),
    ],
)
def test_claims_that_wait_for_one_another_are_confirmed_at_once(
    refuses: int | None, answers: list[str]
) -> None:
    writes = Writes(refuses=refuses)
    recorder = Recorder(nothing, writes, most_behind=9)

    assert together(recorder.confirm, writes) == answers

    assert [sorted(group) for group in writes.groups] == [[0], [1, 2, 3]]
    recorder.close()


@pytest.mark.parametrize("refuses", [None, 0, 2])
def test_answers_are_recorded_at_once_in_their_order_and_an_error_is_heard(refuses: int | None) -> None:
    writes = Writes(refuses=refuses)
    recorder = Recorder(writes, nothing, most_behind=9)

    recorder.record(BATCHES[0])
    assert writes.begun.wait(10)
    for batch in BATCHES[1:]:
        recorder.record(batch)
    writes.go.set()

    if refuses is None:
        recorder.finish()
    else:
        with pytest.raises(Refused):
            recorder.finish()
    recorder.wait(10)
    assert writes.groups == [[0], [1, 2, 3]]
    recorder.close()
