"""What garbage collections look through while a task sends."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from airflow_provider_smspartner.tasks.garbage import sparing_what_is_there


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """As in a task: the tests spare what they are made of, see ``tests/conftest.py``."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


class Circle:
    """What only a collection can take away."""

    def __init__(self) -> None:
        self.itself = self


def dropped() -> ref[Circle]:
    return ref(Circle())


def test_what_is_there_is_spared_until_the_end_and_what_is_new_is_collected() -> None:
    old = dropped()
    with sparing_what_is_there():
        new = dropped()
        gc.collect()
        assert old() is not None
        assert new() is None
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert old() is None


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), sparing_what_is_there():
        raise ZeroDivisionError
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_has_spared_stays_so() -> None:
    gc.freeze()
    with sparing_what_is_there():
        assert gc.get_freeze_count()
    assert gc.get_freeze_count()
    gc.unfreeze()
