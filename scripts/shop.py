"""A shop to try the DAGs with: customers in a warehouse, an SMS Partner and a mail server of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_smspartner.simulator import Simulator
from scripts.customers import Warehouse, build_warehouse
from scripts.mailbox import Mailbox

DAGS = Path(__file__).parents[1] / "dags"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """Everything outside Airflow that a campaign needs."""

    simulator: Simulator
    """The SMS Partner of this machine."""
    warehouse: Warehouse
    """The customers."""
    mailbox: Mailbox
    """The mail server, which keeps what it takes."""

    @property
    def connections(self) -> dict[str, str]:
        """The Airflow connections to them and to a ledger beside the warehouse, as environment variables."""
        sms = {
            "conn_type": "smspartner",
            "host": self.simulator.url,
            "password": self.simulator.api_key,
            "extra": {"sender": "The Shop"},
        }
        warehouse = {"conn_type": "sqlite", "host": str(self.warehouse.path)}
        ledger = warehouse | {"host": str(self.warehouse.path.with_name("ledger.sqlite"))}
        mail = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": self.mailbox.port,
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "shop@example.org"},
        }
        return {
            "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(sms),
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(mail),
            "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps(warehouse),
            "AIRFLOW_CONN_LEDGER_DEFAULT": json.dumps(ledger),
        }

    def complaints(self) -> list[str]:
        """Say what is wrong with the texts that really left: one to everybody, none to anybody else."""
        texts = self.simulator.texts_per_number()
        faults = {
            "people who got no text": len(self.warehouse.people - texts.keys()),
            "people who got more than one text": sum(count > 1 for count in texts.values()),
            "people who should have got no text": len(texts.keys() - self.warehouse.people),
        }
        return [f"{fault}: {count}" for fault, count in faults.items() if count]


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """Open a shop whose warehouse is made in `folder`; its two servers are gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = build_warehouse(folder.resolve() / "warehouse.sqlite")
    with Simulator(port=0) as simulator, Mailbox() as mailbox:
        _decide_fates(simulator, sorted(warehouse.people))
        yield Shop(simulator=simulator, warehouse=warehouse, mailbox=mailbox)


def _decide_fates(simulator: Simulator, people: list[str]) -> None:
    """Choose who reports late, who gets nothing and who wants no more; the others report at once."""
    simulator.deliver(*people[2::10], after_polls=1)
    simulator.deliver(*people[::50], status="Not delivered")
    simulator.deliver(*people[1::100], stop=True)
