"""``python -m benchmarks.threads``: what the threads of a send with a PostgreSQL ledger wait for.

With ``--retry`` it is what the main thread of a retry does, after a SIGKILL in the middle, until its first
request. The stacks of all threads are looked at every few milliseconds. That takes time itself, so the shares
tell what a send waits for, and not how long it takes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from types import FrameType

from benchmarks import campaign, retry
from benchmarks.platform import platform
from benchmarks.table import Sizes
from benchmarks.warehouse import warehouse

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
STAGES = (
    # Of all frames of the main thread, by the same
    ("reads and cleans the rows", ("operators/audiences.py", "read_audience")),
    ("reads whom the first try has texted", ("sending/recovery.py", "recall")),
    ("checks limits", ("operators/limits.py", "")),
    ("passes over whom the first try has texted", ("sending/backlog.py", "newcomers")),
)
ITS_TURN = ("journal/table.py", "transact")
"""Where a thread waits until another one's transaction has ended: nothing is called from there."""
INNERMOST, DEEPEST = 8, 100
"""Frames that tell what a thread waits for, and what it is at."""

Stack = Sequence[tuple[str, str]]
"""File and function of each frame, the innermost first."""


def waits_for(stack: Stack) -> str:
    """Say what a thread waits for; whatever is none of what we know is computed."""
    if stack and is_at(stack[0], ITS_TURN):
        return "another transaction"
    found = (name for frame in stack for name, place in WAITS if is_at(frame, place))
    return next(found, "computes")


def stage_of(stack: Stack) -> str:
    """Say how far a retry is."""
    found = (name for name, place in STAGES if any(is_at(frame, place) for frame in stack))
    return next(found, "all else")


def is_at(frame: tuple[str, str], place: tuple[str, str]) -> bool:
    """Tell whether a frame is of a file, and of a function of it."""
    return frame[0].endswith(place[0]) and frame[1].startswith(place[1])


def stack_of(frame: FrameType | None, most: int) -> Iterator[tuple[str, str]]:
    """Yield the innermost frames."""
    for _ in range(most):
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
                seen[THREADS[kind], waits_for(list(stack_of(frame, INNERMOST)))] += 1


def watch_retry(seen: Counter[tuple[str, str]], is_over: threading.Event) -> None:
    """Count what the main thread does until a request leaves, say it, and end this process."""
    main = threading.main_thread().ident
    while not is_over.wait(EVERY):
        frames = sys._current_frames()
        senders = [each.ident for each in threading.enumerate() if each.name.startswith("smspartner-send")]
        stacks = [list(stack_of(frames.get(ident or 0), INNERMOST)) for ident in senders]
        if "the platform" in map(waits_for, stacks):
            print(*table(seen), sep="\n", flush=True)
            os._exit(0)  # to find out what else the first try has sent takes minutes
        seen["begins anew", stage_of(list(stack_of(frames[main or 0], DEEPEST)))] += 1


def table(seen: Counter[tuple[str, str]]) -> Iterator[str]:
    """Write the shares of each kind of thread."""
    yield "| thread that | waits for, or does | of its time |"
    yield "|---|---|---|"
    for kind in dict.fromkeys(kind for kind, _ in sorted(seen)):
        of_kind = {what: times for (name, what), times in seen.most_common() if name == kind}
        for what, times in of_kind.items():
            if (share := times / sum(of_kind.values())) >= 0.01:
                yield f"| {kind} | {what} | {share:.0%} |"


def send(given: Sequence[str]) -> None:
    """Send as the row "ledger" does, under watch; this is the process that sends."""
    sys.argv = ["benchmarks.campaign", *given]
    seen, is_over = Counter[tuple[str, str]](), threading.Event()
    watcher = threading.Thread(target=watch_retry if "--attempt" in given else watch, args=(seen, is_over))
    watcher.start()
    campaign.main(seen.clear)
    is_over.set()
    watcher.join()
    print(*table(seen), sep="\n")


def main() -> None:
    """Run a warehouse, a platform and a process that sends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--retry", action="store_true")
    given, sizes = parser.parse_args(), Sizes()
    people = given.people
    with warehouse(people), platform(sizes.latency) as address:
        campaign.run(address, 1, sizes, campaign="one")  # compiles what the next one loads
        first = ("--campaign", "autumn")
        options = retry.killed(address, people, sizes) if given.retry else first
        command, env = campaign.sender(address, people, sizes, *options)
        inside = [sys.executable, "-c", "import sys; from benchmarks.threads import send; send(sys.argv[1:])"]
        done = subprocess.run([*inside, *command[3:]], stdout=subprocess.PIPE, text=True, check=True, env=env)
    print(*(line for line in done.stdout.splitlines() if line.startswith("|")), sep="\n")


if __name__ == "__main__":
    main()
