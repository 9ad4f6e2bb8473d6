"""The folder that keeps posts while the database is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox.spool import Spool


def test_a_spool_has_one_receiver(tmp_path: Path) -> None:
    first = Spool(tmp_path / "spool")
    with pytest.raises(InvalidMessage, match=r"^--spool: .*another receiver"):
        Spool(tmp_path / "spool")
    first.close()
    Spool(tmp_path / "spool").close()
