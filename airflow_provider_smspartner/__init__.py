"""Apache Airflow provider for SMS Partner, the French SMS platform."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow: a constant, because an error in here stops every Airflow command."""
    text, number = {"type": ["string", "null"]}, {"type": ["number", "null"], "minimum": 0}
    return {
        "package-name": "airflow-provider-smspartner",
        "name": "SMS Partner",
        "description": "Send SMS campaigns, notifications and surveys with SMS Partner.",
        "integrations": [
            {
                "integration-name": "SMS Partner",
                "external-doc-url": "https://www.docpartner.dev/",
                "tags": ["service"],
            }
        ],
        "hooks": [
            {
                "integration-name": "SMS Partner",
                "python-modules": ["airflow_provider_smspartner.hooks.smspartner"],
            }
        ],
        "operators": [
            {
                "integration-name": "SMS Partner",
                "python-modules": ["airflow_provider_smspartner.operators.smspartner"],
            }
        ],
        "sensors": [
            {
                "integration-name": "SMS Partner",
                "python-modules": ["airflow_provider_smspartner.sensors.smspartner"],
            }
        ],
        "triggers": [
            {
                "integration-name": "SMS Partner",
                "python-modules": [
                    "airflow_provider_smspartner.triggers.inbox",
                    "airflow_provider_smspartner.triggers.smspartner",
                ],
            }
        ],
        "notifications": ["airflow_provider_smspartner.notifications.smspartner.SMSPartnerNotifier"],
        "extra-links": [
            "airflow_provider_smspartner.links.smspartner.CampaignPageLink",
            "airflow_provider_smspartner.links.smspartner.CustomerAreaLink",
        ],
        "connection-types": [
            {
                "connection-type": "smspartner",
                "hook-class-name": "airflow_provider_smspartner.hooks.smspartner.SMSPartnerHook",
                "hook-name": "SMS Partner",
                "ui-field-behaviour": {
                    "hidden-fields": ["login", "schema"],
                    "relabeling": {"password": "API key", "host": "API URL", "port": "Port"},
                    "placeholders": {
                        "password": "the key of your SMS Partner account",
                        "host": "https://api.smspartner.fr/v1",
                        "port": "443: Airflow 3.3.1 and 3.3.2 test no connection without one",
                    },
                },
                "conn-fields": {
                    "sender": {
                        "label": "Sender",
                        "description": "Sender of sends that name none: 3 to 11 letters, digits or spaces.",
                        "schema": {**text, "maxLength": 11},
                    },
                    "sandbox": {
                        "label": "Sandbox",
                        "description": "Nothing this connection sends reaches a phone, whatever a DAG says.",
                        "schema": {"type": ["boolean", "null"], "default": False},
                    },
                    "timeout": {
                        "label": "Timeout",
                        "description": "Seconds to wait for an answer.",
                        "schema": {**number, "default": 30},
                    },
                    "requests_per_second": {
                        "label": "Requests per second",
                        "description": "Limit of one process; 0 for none.",
                        "schema": {**number, "default": 5},
                    },
                    "price_per_segment": {
                        "label": "Price per segment",
                        "description": "In the account's currency, such as 0.045, for estimates.",
                        "schema": number,
                    },
                    "redirect_to": {
                        "label": "Redirect to",
                        "description": "One number that gets everything, once per batch, for staging.",
                        "schema": text,
                    },
                    "max_recipients": {
                        "label": "Max recipients",
                        "description": "Sends to more people are refused, whatever a DAG says.",
                        "schema": {"type": ["integer", "null"], "minimum": 1},
                    },
                    "inbox_url": {
                        "label": "Inbox URL",
                        "description": "Public https address of the receiver of reports and replies.",
                        "schema": text,
                    },
                },
            }
        ],
    }
