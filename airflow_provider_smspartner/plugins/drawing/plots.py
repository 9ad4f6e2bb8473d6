"""The plots of the page as inline SVG: pure, without a colour of their own, which the style sheet gives.

Nothing in here takes a text from outside: labels are figures and words of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from markupsafe import Markup

from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.drawing.words import decimal, number, span

WIDTH, HEIGHT = 400, 150
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 14, 24
THINNEST = 0.8
"""Percent of a bar that somebody takes at least, to be seen among a million."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
"""Seconds between the ticks of time."""

Point = tuple[float, int]
"""Seconds, and people by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A share of a bar."""

    label: str
    count: int
    kind: str
    """A word that the style sheet has a colour for."""


def bar(parts: Sequence[Part], *, title: str, below: Part | None = None) -> Markup:
    """Draw shares side by side, and below them one that lies across them."""
    total = sum(part.count for part in parts)
    widths = shares([part.count for part in parts])
    starts = accumulate(widths, initial=0.0)
    rects = [
        f'<rect class="{part.kind}" x="{start:.2f}" y="0" width="{width:.2f}" height="10"/>'
        for part, start, width in zip(parts, starts, widths, strict=False)
        if width
    ]
    if below is not None and below.count and total:
        width = max(THINNEST, min(100.0, 100 * below.count / total))
        rects.append(f'<rect class="{below.kind}" x="0" y="11" width="{width:.2f}" height="2"/>')
    told = "; ".join(
        say("{label}: {count}", label=part.label, count=number(part.count))
        for part in (*parts, *filter(None, [below]))
    )
    return svg("bar", "0 0 100 13", title, told, '<rect class="track" width="100" height="10"/>', *rects)


def strip(parts: Sequence[Part]) -> Markup:
    """Draw shares side by side for who can see them: the figures stand beside."""
    widths = shares([part.count for part in parts])
    starts = accumulate(widths, initial=0.0)
    rects = "".join(
        f'<rect class="{part.kind}" x="{start:.2f}" width="{width:.2f}" height="10"/>'
        for part, start, width in zip(parts, starts, widths, strict=False)
    )
    opening = Markup('<svg class="strip" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">')
    return opening + Markup(rects) + Markup("</svg>")  # noqa: S704  # made of figures alone


def shares(counts: Sequence[int]) -> list[float]:
    """Return percents that add up to 100, and leave none that is somebody's out of sight."""
    total = sum(counts)
    if total == 0:
        return [0.0 for _ in counts]
    widths = [max(THINNEST, 100 * count / total) if count else 0.0 for count in counts]
    return [100 * width / sum(widths) for width in widths]


def curve(points: Sequence[Point], *, total: int, title: str, kind: str) -> Markup:
    """Draw how people add up over time, as steps, with a line where all of them would be."""
    last = max(points[-1][0], 1.0) if points else 1.0
    top = max(total, points[-1][1] if points else 0, 1)

    def x(seconds: float) -> str:
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * max(0.0, seconds) / last:.1f}"

    def y(people: float) -> str:
        return f"{TOP + (HEIGHT - TOP - BOTTOM) * (1 - people / top):.1f}"

    steps = f"M{x(0)} {y(0)}" + "".join(f"H{x(seconds)}V{y(people)}" for seconds, people in points)
    steps += f"H{x(last)}"
    ground = f"V{y(0)}Z"
    parts = [
        *(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(n)}" y2="{y(n)}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y(n)}" dy="4" text-anchor="end">{short(n)}</text>'
            for n in levels(top)
        ),
        *(
            f'<text class="tick" x="{x(n)}" y="{HEIGHT - 6}" text-anchor="{"start" if n == 0 else "middle"}">'
            f"{span(n)}</text>"
            for n in times(last)
        ),
        f'<path class="area {kind}" d="{steps}{ground}"/><path class="line {kind}" d="{steps}"/>',
    ]
    if total:
        parts.append(f'<line class="all" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(total)}" y2="{y(total)}"/>')
    told = say("Nobody yet")
    if points:
        people, last = points[-1][1], points[-1][0]
        told = say(
            "{count} of {total} after {time}", count=number(people), total=number(total), time=span(last)
        )
    return svg("curve", f"0 0 {WIDTH} {HEIGHT}", title, told, *parts)


def thinned(points: Sequence[Point], *, most: int = 200) -> list[Point]:
    """Leave points out that nobody could see, never the last one."""
    step = -(-len(points) // most)
    return [*points[: len(points) - 1 : step], points[-1]] if points else []


def levels(top: int) -> list[int]:
    """Return three to five round counts from 0 up to the top."""
    step = next(n for power in range(12) for n in (10**power, 2 * 10**power, 5 * 10**power) if top / n <= 4)
    return list(range(0, top + 1, step))


def times(last: float) -> list[int]:
    """Return up to five round times from 0 to the last; none where there is room for one alone."""
    step = next((n for n in STEPS if last / n <= 4), -(-int(last) // 4 // 86400) * 86400 + 86400)
    # the last label would leave the picture, and a lone "0 s" says nothing
    ticks = [n for n in range(0, int(last) + 1, step) if n <= last * 0.97]
    return ticks if len(ticks) > 1 else []


def short(count: int) -> str:
    """Write a count in few characters."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{decimal(count / size)}{unit}"
    return str(count)


def svg(kind: str, box: str, title: str, told: str, *parts: str) -> Markup:
    """Wrap shapes up, with words for who cannot see them."""
    fit = "none" if kind == "bar" else "xMidYMid"
    opening = Markup('<svg class="{}" viewBox="{}" preserveAspectRatio="{}" role="img">')
    head = Markup("<title>{}</title><desc>{}</desc>").format(title, told)
    shapes = Markup("".join(parts))  # noqa: S704  # made of figures alone, see above
    return opening.format(kind, box, fit) + head + shapes + Markup("</svg>")
