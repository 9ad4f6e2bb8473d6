"""Loaded once, by the process that receivers and readers are forked from: what takes each of them seconds."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.inbox import __main__ as receiver
from airflow_provider_smspartner.inbox.app import make_app
from airflow_provider_smspartner.journal.opening import engine_of
from faults import inbox_run
from faults.inbox_processes import Place

__all__ = ["inbox_run"]  # each child imports the command that has started it, and so this

os.environ |= Place(folder=Path(), database="nowhere", port=0, spooled=False).connections
receiver.counter()
_ = SMSPartnerHook("smspartner_default").path_secret
engine_of("ledger_default").dispose()
uvicorn.Config(make_app, http="h11").load()
