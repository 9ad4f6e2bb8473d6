"""While an audience is read and sent to, garbage collections pass over what stood before."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from airflow_provider_smspartner.audience.cleaning import gather
from airflow_provider_smspartner.audience.heap import IS_INNER, standing_objects_passed_over
from airflow_provider_smspartner.audience.rows import Rows, Rules


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    token = IS_INNER.set(False)
    yield
    IS_INNER.reset(token)
    gc.freeze()  # as it is for all tests


def looked_at(wanted: object) -> bool:
    return any(found is wanted for found in gc.get_objects())


def test_what_stands_is_passed_over_and_what_comes_is_not() -> None:
    before = [object()]

    with standing_objects_passed_over():
        after = [object()]
        assert (looked_at(before), looked_at(after)) == (False, True)

    assert (looked_at(before), gc.get_freeze_count()) == (True, 0)


def test_an_error_and_an_inner_one_leave_all_as_it_was() -> None:
    with standing_objects_passed_over():
        with pytest.raises(ZeroDivisionError), standing_objects_passed_over():
            raise ZeroDivisionError
        assert gc.get_freeze_count() > 0

    assert gc.get_freeze_count() == 0


def test_what_somebody_else_has_set_aside_stays_there() -> None:
    gc.freeze()

    with standing_objects_passed_over():
        pass

    assert gc.get_freeze_count() > 0


def test_an_inner_one_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Mock(return_value=0)
    with standing_objects_passed_over():
        monkeypatch.setattr(gc, "get_freeze_count", counted)
        with standing_objects_passed_over():
            pass
    assert not counted.called


def test_an_audience_is_read_so() -> None:
    counts = []

    def parts() -> Iterator[Rows]:
        counts.append(gc.get_freeze_count())
        yield Rows(["0612345678"], None)

    gather(parts(), Rules())

    assert counts[0] > gc.get_freeze_count() == 0
