"""The simulator as a command: prints its address and runs until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import threading
from decimal import Decimal

from airflow_provider_smspartner.simulator import Fate, Settings, Simulator


def main() -> None:
    options = _parser().parse_args()
    settings = Settings(
        api_key=options.api_key,
        balance=options.balance,
        price=options.price,
        quiet_hours=options.quiet_hours,
        delivery=Fate(after_seconds=options.deliver_after),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(settings, host=options.host, port=options.port) as sim:
        print(f"SMS Partner simulator: {sim.url} (key: {sim.api_key})", flush=True)
        print(f"export AIRFLOW_CONN_SMSPARTNER_DEFAULT='{sim.airflow_connection}'", flush=True)
        stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_smspartner.simulator",
        description="An SMS Partner for tests: nothing is ever sent to a phone.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8025, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--api-key", default=Settings().api_key, help="accepted key (default: %(default)s)")
    parser.add_argument("--balance", type=Decimal, default=Settings().balance, help="euros of credit")
    parser.add_argument("--price", type=Decimal, default=Settings().price, help="euros for one segment")
    parser.add_argument("--quiet-hours", choices=["off", "hold", "refuse"], default="off")
    parser.add_argument("--deliver-after", type=float, default=0.0, help="seconds until texts are delivered")
    return parser


if __name__ == "__main__":
    main()
