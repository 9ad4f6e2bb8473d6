"""The palette of the page: every text can be read on its ground, in the light and in the dark theme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_smspartner.plugins import drawing

CSS = (Path(drawing.__file__).parent / "templates" / "page.css").read_text()
PALETTE = {
    name: dict(zip(("light", "dark"), pair, strict=True))
    for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", CSS)
}
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "accent", "bad") for ground in ("ground", "card")),
    *(("ink", wash) for wash in ("quiet-wash", "good-wash", "bad-wash", "warn-wash", "live-wash")),
    *(("good", "good-wash"), ("bad", "bad-wash"), ("warn", "warn-wash")),
    *(("accent", "live-wash"), ("soft", "quiet-wash")),
]
"""Colours of text, each on the grounds that it is written on."""
SHAPES = ["good", "bad", "warn", "accent"]
ENOUGH, ENOUGH_FOR_SHAPES = 4.5, 3
"""What WCAG 2.2 asks for at level AA, of text and of what carries meaning."""


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_as_much_as_there_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_a_text_can_be_read_on_its_ground(text: str, ground: str, theme: str) -> None:
    assert contrast(PALETTE[text][theme], PALETTE[ground][theme]) >= ENOUGH


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_means_something_can_be_seen(shape: str, theme: str) -> None:
    assert contrast(PALETTE[shape][theme], PALETTE["card"][theme]) >= ENOUGH_FOR_SHAPES


def test_no_colour_is_outside_of_the_palette() -> None:
    rules = CSS[CSS.index("}") :]

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", rules) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", CSS)) <= set(PALETTE)


def test_every_ground_of_a_text_is_checked() -> None:
    """A rule that sets both a ground and a colour of text names a pair that stands in the table."""
    for rule in re.findall(r"\{([^{}]*)\}", CSS):
        ground = re.search(r"background: var\(--([\w-]+)\)", rule)
        text = re.search(r"(?<![\w-])color: var\(--([\w-]+)\)", rule)
        if ground and text:
            assert (text[1], ground[1]) in TEXTS
