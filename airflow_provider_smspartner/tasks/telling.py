"""How a task that stops tells the campaign page why, and the log once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException, TaskDeferred

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.tasks.xcom import push
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, Wait, failure_of, unforeseen

try:
    from airflow.sdk.exceptions import AirflowRescheduleException
except ImportError:  # below Airflow 3.2
    from airflow.exceptions import AirflowRescheduleException

if TYPE_CHECKING:
    from airflow.sdk import Context


@contextmanager
def telling(context: Context, counted: Callable[[], Mapping[str, int]] = dict) -> Iterator[None]:
    """Hand over why a task fails, or until when it waits.

    Errors whose sentence says all leave without the frames and the errors that they came through: the log
    then ends with that sentence, and holds it once.

    :param counted: returns what is known of the audience by then.
    """
    try:
        yield
    except TaskDeferred as deferral:
        if (until := getattr(deferral.trigger, "moment", None)) is not None:
            push(context, WAIT_KEY, Wait(until=until).as_dict())
        raise
    except (AirflowRescheduleException, AirflowSkipException):
        raise
    except (AirflowException, SMSPartnerError) as error:
        failure = failure_of(error, at=datetime.now(PARIS), counts=counted())
        push(context, FAILURE_KEY, failure.as_dict())
        raise error.with_traceback(None) from None
    except Exception as error:
        # It keeps its frames: whoever searches for the cause needs them
        push(context, FAILURE_KEY, unforeseen(error, at=datetime.now(PARIS), counts=counted()).as_dict())
        raise
