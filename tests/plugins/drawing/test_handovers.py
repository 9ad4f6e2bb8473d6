"""What a page says of hand-overs that it cannot read."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.plugins.drawing.handovers import missing
from airflow_provider_smspartner.plugins.facts import TaskFact


@pytest.mark.parametrize(
    ("illegible", "elsewhere", "told"),
    [
        (False, False, []),
        (True, False, ["cannot be read and is left out"]),
        (False, True, ["in an object store"]),
        (True, True, ["cannot be read and is left out", "in an object store"]),
    ],
)
def test_each_reason_for_missing_figures_is_told_once(
    illegible: bool, elsewhere: bool, told: list[str]
) -> None:
    notes = missing(TaskFact(task_id="send", sends=True, illegible=illegible, elsewhere=elsewhere))

    assert len(notes) == len(told)
    assert all(words in note for words, note in zip(told, notes, strict=True))
