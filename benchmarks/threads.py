"""``python -m benchmarks.threads``: what the threads of a send with a PostgreSQL ledger wait for.

The stacks of all threads are looked at every few milliseconds. That takes time itself, so the shares tell
what a send waits for, and not how long it takes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from types import FrameType

from benchmarks import campaign
from benchmarks.platform import platform
from benchmarks.table import Sizes
from benchmarks.warehouse import CONN_ID, warehouse

EVERY = 0.005  # seconds
THREADS = {
    "smspartner-claim": "claims and confirms",
    "smspartner-record": "records",
    "smspartner-send": "send",
    "MainThread": "cuts batches",
}
WAITS = (
    # Of the innermost frames, by the end of the file's name and the function's
    ("nothing to do", ("concurrent/futures/thread.py", "_worker")),
    ("the platform", ("hooks/deadline.py", "")),
    ("the task state store", ("benchmarks/remembering.py", "")),
    ("the database", ("psycopg/connection.py", "wait")),
    ("its claim to be confirmed", ("sending/recorder.py", "confirm")),
    ("a claim to be written", ("sending/recorder.py", "write")),
    ("an answer", ("sending/in_flight.py", "")),
)
ITS_TURN = ("journal/table.py", "transact")
"""Where a thread waits until another one's transaction has ended: nothing is called from there."""
INNERMOST = 8
"""Frames that tell what a thread waits for."""

Stack = Sequence[tuple[str, str]]
"""File and function of each frame, the innermost first."""


def waits_for(stack: Stack) -> str:
    """Say what a thread waits for; whatever is none of what we know is computed."""
    if stack and is_at(stack[0], ITS_TURN):
        return "another transaction"
    found = (name for frame in stack for name, place in WAITS if is_at(frame, place))
    return next(found, "computes")


def is_at(frame: tuple[str, str], place: tuple[str, str]) -> bool:
    """Tell whether a frame is of a file, and of a function of it."""
    return frame[0].endswith(place[0]) and frame[1].startswith(place[1])


def stack_of(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """Yield the innermost frames."""
    for _ in range(INNERMOST):
        if frame is None:
            return
        yield frame.f_code.co_filename, frame.f_code.co_name
        frame = frame.f_back


def watch(seen: Counter[tuple[str, str]], is_over: threading.Event) -> None:
    """Count what each thread waits for until it is over."""
    while not is_over.wait(EVERY):
        kinds = {each.ident: each.name.rpartition("_")[0] or each.name for each in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if (kind := kinds.get(ident, "")) in THREADS:
                seen[THREADS[kind], waits_for(list(stack_of(frame)))] += 1


def table(seen: Counter[tuple[str, str]]) -> Iterator[str]:
    """Write the shares of each kind of thread."""
    yield "| threads that | wait for | of their time |"
    yield "|---|---|---|"
    for kind in dict.fromkeys(THREADS.values()):
        of_kind = {what: times for (name, what), times in seen.most_common() if name == kind}
        for what, times in of_kind.items():
            if (share := times / sum(of_kind.values())) >= 0.01:
                yield f"| {kind} | {what} | {share:.0%} |"


def send(given: Sequence[str]) -> None:
    """Send as the row "ledger" does, under watch; this is the process that sends."""
    sys.argv = ["benchmarks.campaign", *given]
    seen, is_over = Counter[tuple[str, str]](), threading.Event()
    watcher = threading.Thread(target=watch, args=(seen, is_over))
    watcher.start()
    campaign.main()
    is_over.set()
    watcher.join()
    print(*table(seen), sep="\n")


def main() -> None:
    """Run a warehouse, a platform and a process that sends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    people, sizes = parser.parse_args().people, Sizes()
    with warehouse(people), platform(sizes.latency) as address:
        campaign.run(address, 1, sizes)  # compiles what the next one loads
        options = ("--campaign", "autumn", "--ledger", CONN_ID)
        command, env = campaign.sender(address, people, sizes, *options)
        inside = [sys.executable, "-c", "import sys; from benchmarks.threads import send; send(sys.argv[1:])"]
        done = subprocess.run([*inside, *command[3:]], stdout=subprocess.PIPE, text=True, check=True, env=env)
    print(*(line for line in done.stdout.splitlines() if line.startswith("|")), sep="\n")


if __name__ == "__main__":
    main()
