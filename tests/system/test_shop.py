"""The shop of the demonstration notices who got no text, two, or one that was not meant for them."""

from __future__ import annotations

from pathlib import Path

import requests

from scripts.shop import Shop, open_shop


def _send(shop: Shop, *numbers: str) -> None:
    body = {"apiKey": shop.simulator.api_key, "phoneNumbers": ",".join(numbers), "message": "Hello"}
    assert requests.post(f"{shop.simulator.url}/send", json=body, timeout=10).json()["success"]


def test_complaints(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        first, *others = sorted(shop.warehouse.people)
        for start in range(0, len(others), 500):
            _send(shop, *others[start : start + 500])
        assert shop.complaints() == ["people who got no text: 1"]

        _send(shop, first)
        assert shop.complaints() == []

        _send(shop, first)
        _send(shop, "+33600099999")
        assert shop.complaints() == [
            "people who got more than one text: 1",
            "people who should have got no text: 1",
        ]
