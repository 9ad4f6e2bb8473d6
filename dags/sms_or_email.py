"""Text the customers of a warehouse table, and e-mail those whose phone did not get the text.

Started by hand. `delivery` writes into the ledger what became of each text, at most two days after it left;
`email` asks the ledger whose text failed for good, and e-mails those of them who accept e-mail, once each. A
phone that has not reported may have the text, so its owner gets no e-mail. Numbers and addresses stay in the
two databases: the task returns counts.

It needs four connections: `smspartner_default`, `warehouse_default` with the table `sms_emails` that
docs/dags.md shows, `ledger_default` to a SQL database that enforces unique keys, and `smtp_default`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

CAMPAIGN = "opening 2026"

# [START queries]
# The placeholder is the driver's: in PostgreSQL, campaign = %s
WITHOUT_TEXT = """
    SELECT number FROM smspartner_sends
    WHERE campaign = ? AND NOT sandbox
    AND (state = 'rejected' OR (state = 'accepted' AND status IN ('not delivered', 'ko')))
"""
NOT_MAILED = """
    SELECT email, phone_number FROM customers
    WHERE accepts_email = 1 AND email IS NOT NULL
    AND email NOT IN (SELECT email FROM sms_emails WHERE campaign = ?)
"""
# [END queries]


# [START addresses]
def addresses_of(numbers: set[str], customers: list[tuple[str, str | None]]) -> Iterator[str]:
    """Find the numbers of the ledger among those of the warehouse, however these are written."""
    from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
    from airflow_provider_smspartner.rules.phone import normalize

    for address, number in customers:
        try:
            if normalize(number or "") in numbers:
                yield address
        except InvalidPhoneNumber:  # nobody with such a number was texted
            continue


# [END addresses]

with DAG(
    dag_id="sms_or_email",
    schedule=None,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    send = SendSmsOperator(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        sql="SELECT phone_number FROM customers WHERE accepts_sms = 1",
        message="Our new shop opens on Saturday at 10:00, with coffee for everybody. See example.com",
        tag="opening",
        stop_sms=True,
        ledger_conn_id="ledger_default",
        campaign=CAMPAIGN,
    )
    delivery = DeliveryStatusSensor(task_id="delivery", sent=send.output, ledger_conn_id="ledger_default")

    # [START email]
    @task(max_active_tis_per_dag=1)  # two runs at once would mail the same people
    def email() -> dict[str, int]:
        """Mail each of them once."""
        from airflow.providers.smtp.hooks.smtp import SmtpHook
        from airflow.sdk import BaseHook

        warehouse: Any = BaseHook.get_hook("warehouse_default")
        ledger: Any = BaseHook.get_hook("ledger_default")
        without_text = {number for (number,) in ledger.get_records(WITHOUT_TEXT, [CAMPAIGN])}
        customers = warehouse.get_records(NOT_MAILED, [CAMPAIGN])
        addresses = dict.fromkeys(addresses_of(without_text, customers))
        with SmtpHook("smtp_default") as smtp:
            for address in addresses:
                smtp.send_email_smtp(
                    to=address,
                    subject="Our new shop opens on Saturday",
                    html_content="At 10:00, with coffee for everybody: <b>example.com</b>",
                )
                # After each one, so that a retry goes on where this try ended
                warehouse.insert_rows("sms_emails", [(CAMPAIGN, address)], ["campaign", "email"])
        return {"without_text": len(without_text), "mailed": len(addresses)}

    # [END email]

    delivery >> email()
