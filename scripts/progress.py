"""What is going on, said at least every ten seconds: nobody takes a long step for one that hangs.

`python -m scripts.progress "What it is" command ...` does it for a command. The machine's own Python runs it,
before any environment: nothing but the standard library is imported.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENCE = 8.0
"""Seconds after which something is said although nothing has changed."""
GLANCE = 1.0


@contextmanager
def told(what: str, details: Callable[[], str] = str, *, silence: float = SILENCE) -> Iterator[None]:
    """Print what is going on: when the block begins, when its details change, and every `silence` seconds.

    :param details: asked about once a second, by another thread; may say nothing.
    """
    print(f"{what} ...", flush=True)
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, details, silence, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _tell(what: str, details: Callable[[], str], silence: float, over: threading.Event) -> None:
    started = said_at = time.monotonic()
    said = ""
    while not over.wait(min(GLANCE, silence)):
        now, found = time.monotonic(), details()
        if found != said or now - said_at >= silence:
            print(f"  {now - started:3.0f} s  {found or what}", flush=True)
            said, said_at = found, now


if __name__ == "__main__":
    with told(sys.argv[1]):
        status = subprocess.run(sys.argv[2:], check=False).returncode
    sys.exit(status)
