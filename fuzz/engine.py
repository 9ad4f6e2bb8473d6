"""One reader under atheris, in a process of its own: libFuzzer never returns."""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Fuzz the reader that is named first, with the options of libFuzzer that follow."""
    _, name, *options = sys.argv
    with atheris.instrument_imports(include=["airflow_provider_smspartner"]):
        from fuzz.readers import READERS, check

    def one(data: bytes) -> None:
        check(name, data)

    for seed in READERS[name].seeds:  # what is imported late must not count as the time of an input
        one(seed)
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
