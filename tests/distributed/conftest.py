"""The marker of what takes several machines' worth of processes: off unless it is asked for alone."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker."""
    config.addinivalue_line(
        "markers", "distributed: Celery workers, Redis, PostgreSQL; minutes; off by default"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip by name what needs the extra ``distributed``, unless it was asked for, by ``-m distributed``."""
    if config.option.markexpr.strip() == "distributed":
        return
    for item in items:
        if item.get_closest_marker("distributed"):
            item.add_marker(
                pytest.mark.skip(reason="distributed: takes minutes; see `make test-distributed`")
            )
