"""Claim, send and record an audience; reconcile what is in doubt; recover what earlier tries did; stop."""

from __future__ import annotations
