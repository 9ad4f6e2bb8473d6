"""The databases in which the ledgers stand that are read."""

from __future__ import annotations

from tests.databases import engine as engine
from tests.databases import url as url
