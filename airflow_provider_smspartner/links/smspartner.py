"""``CampaignPageLink`` and ``CustomerAreaLink``: the buttons of send and status tasks in the Airflow UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_smspartner.tasks.xcom import push

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

CUSTOMER_AREA: Final = "https://my.smspartner.fr/connexion"
CAMPAIGN_TAB: Final = "smspartner-campaign"
"""Where the UI routes the campaign page of a run, below ``plugin/``."""


class CampaignPageLink(BaseOperatorLink):
    """The campaign page of the run, as a tab of the Airflow UI.

    The link is relative. The browser resolves it against the UI's own base address, so that it also holds
    behind a proxy, and for workers that are not told under which address the UI is known.
    """

    name = "SMS campaign"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the link, or an empty text for what is no task instance of a run."""
        return self.address(ti_key)

    @staticmethod
    def address(ti_key: Any) -> str:
        """Return the link; it is the same whatever the operator is."""
        dag_id, run_id = getattr(ti_key, "dag_id", None), getattr(ti_key, "run_id", None)
        if not dag_id or not run_id:
            return ""
        return f"dags/{segment(dag_id)}/runs/{segment(run_id)}/plugin/{CAMPAIGN_TAB}"


class CustomerAreaLink(BaseOperatorLink):
    """The customer area of SMS Partner, where the account, its invoices and its campaigns are."""

    name = "SMS Partner"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address of the login page."""
        return self.address(ti_key)

    @staticmethod
    def address(ti_key: Any) -> str:
        """Return the address, which is the same for everybody."""
        return CUSTOMER_AREA


LINKS: Final = (CampaignPageLink(), CustomerAreaLink())


def show_links(context: Context) -> None:
    """Push the links of a task that has just begun: Airflow does it only when a task ends or defers."""
    for link in LINKS:
        push(context, link.xcom_key, link.address(context.get("ti")))


def segment(name: object) -> str:
    """Write an id as one segment of a path."""
    return quote(str(name), safe="", errors="replace")
