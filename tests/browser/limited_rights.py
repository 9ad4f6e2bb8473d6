"""Airflow's simple auth manager, with a user who may see one DAG only.

The simple one lets every user read every DAG; those that do not are services of their own.
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

LIMITED_USER = "olga"
HER_DAG = "shop_notice"


class LimitedRights(SimpleAuthManager):
    """Knows one user with the right to one DAG, whatever her role."""

    def is_authorized_dag(self, *, user: SimpleAuthManagerUser, details: Any = None, **rest: Any) -> bool:
        """Refuse the limited user every DAG but hers."""
        if user.username == LIMITED_USER and details is not None and details.id not in (None, HER_DAG):
            return False
        return super().is_authorized_dag(user=user, details=details, **rest)
