"""What is done beside the event loop."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from airflow_provider_smspartner.hooks.aside import aside


@pytest.fixture(params=[True, False], ids=["collecting", "not collecting"])
def usual(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether this process collects garbage."""
    (gc.enable if request.param else gc.disable)()
    yield request.param
    gc.enable()


async def test_no_garbage_is_collected_in_the_middle_of_it(usual: bool) -> None:
    assert await aside(gc.isenabled) is False
    assert gc.isenabled() is usual


async def test_an_error_leaves_things_as_they_were(usual: bool) -> None:
    with pytest.raises(ValueError, match="seven"):
        await aside(int, "seven")
    assert gc.isenabled() is usual
