"""``make fuzz``: fuzz every reader for a while, and say what was found."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz.readers import READERS

MEMORY = 1024
"""Megabytes that a reader's process may take, the libraries included."""
PATIENCE = 20
"""Seconds that one input may take; its coverage is recorded, which is some ten times slower."""
LARGEST = 64 * 1024
"""Bytes of an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the fuzzing of one reader ended."""

    name: str
    inputs: int
    covered: int
    """Branches of the package that were reached."""
    memory: int
    """Megabytes at most."""
    findings: tuple[Path, ...]
    log: Path

    def __str__(self) -> str:
        found = ", ".join(map(str, self.findings)) or "nothing found"
        return f"{self.name:15} {self.inputs:>11,} {self.covered:>9,} {self.memory:>7,} MB  {found}"


def main() -> None:
    options = parser().parse_args()
    if options.again:
        sys.exit(subprocess.call([sys.executable, "-m", "fuzz.engine", options.only[0], str(options.again)]))
    print(f"{'reader':15} {'inputs':>11} {'branches':>9} {'memory':>10}")
    failed = False
    with ThreadPoolExecutor(options.jobs) as pool:
        for run in pool.map(lambda name: fuzz(name, options.home, options.seconds), options.only):
            print(run, flush=True)
            if run.findings or not run.inputs:
                failed = True
                print(f"  see {run.log}; again: python -m fuzz --only {run.name} --again FILE")
    sys.exit(failed)


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long each reader is fuzzed")
    parser.add_argument("--only", nargs="+", choices=READERS, default=list(READERS), help="these readers")
    parser.add_argument("--jobs", type=int, default=2, help="readers at once")
    parser.add_argument("--home", type=Path, default=Path(".cache/fuzz"), help="inputs, findings and logs")
    parser.add_argument("--again", type=Path, help="read one finding again, by the reader of --only")
    return parser


def fuzz(name: str, home: Path, seconds: int) -> Run:
    """Fuzz one reader, beginning with its seeds and with what earlier runs kept."""
    corpus, found, log = home / name / "corpus", home / name / "findings", home / name / "log.txt"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    reader = READERS[name]
    for number, seed in enumerate(reader.seeds):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY}", f"-timeout={PATIENCE}"]
    ways = [f"-max_len={LARGEST}", f"-artifact_prefix={found}/", "-print_final_stats=1"]
    if reader.words:
        dictionary = home / name / "words.txt"
        dictionary.write_text("".join(f'"{quoted(word)}"\n' for word in reader.words))
        ways.append(f"-dict={dictionary}")
    command = [sys.executable, "-m", "fuzz.engine", name, *limits, *ways, str(corpus)]
    with log.open("wb") as output:
        subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    return read_log(name, log, tuple(sorted(found.iterdir())))


def read_log(name: str, log: Path, findings: tuple[Path, ...]) -> Run:
    """Read what libFuzzer says at its end."""
    text = log.read_text(errors="replace")

    def last(pattern: str) -> int:
        return int(([0, *re.findall(pattern, text)])[-1])

    return Run(
        name=name,
        inputs=last(r"number_of_executed_units: (\d+)") or last(r"^#(\d+)"),
        covered=last(r"cov: (\d+)"),
        memory=last(r"peak_rss_mb: +(\d+)"),
        findings=findings,
        log=log,
    )


def quoted(word: str) -> str:
    """Write a word as libFuzzer's dictionaries want it."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
