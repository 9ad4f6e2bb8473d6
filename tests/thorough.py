"""How far tests go that could go on for ever: some way each time, and a long way each night."""

from __future__ import annotations

from hypothesis import settings

QUICK, THOROUGH = 25, 500
"""Examples that Hypothesis makes up for a property."""


def register_profiles() -> None:
    """Name the two ways for ``--hypothesis-profile``; the first one is the usual one."""
    # No deadline: how long an example takes says more about the machine than about the code
    settings.register_profile("quick", settings(), max_examples=QUICK, deadline=None)
    settings.register_profile(
        "thorough", settings(), max_examples=THOROUGH, derandomize=False, deadline=None, print_blob=True
    )
    settings.load_profile("quick")


def is_thorough() -> bool:
    """Tell which of the two it is; known once pytest has read its arguments."""
    return settings().max_examples > QUICK


def examples(quick: int, thorough: int | None = None) -> int:
    """Return how many examples a property needs that needs another number of them than the usual one.

    :param thorough: how many each night; as much more than by day as of any other property, unless given.
    """
    if is_thorough() and thorough is not None:
        return thorough
    return quick * settings().max_examples // QUICK


def stride(quick: int, thorough: int = 1) -> int:
    """Return the distance between two moments at which a test lets something happen."""
    return thorough if is_thorough() else quick
