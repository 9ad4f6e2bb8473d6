"""Both ends of the hook behind one name, a clock that nobody waits for, and a watch over secrets."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

import pytest
import trustme

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import APIConnectionError, SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks.servers import Server, reply

KEY = "K3y+s3c/r3t=Z9q"
NUMBER = "+33612345678"
OTHER = "+33698765432"
SECRETS = {KEY, quote(KEY), quote(KEY, safe=""), quote_plus(KEY), NUMBER, NUMBER[1:], quote(NUMBER, safe="")}


class Carry(Protocol):
    """Carries a call of the default connection over one end of the hook."""

    def __call__(self, call: Call[Any], hook: SMSPartnerHook | None = None) -> Any: ...


def later(**more: float) -> datetime:
    """Return a moment that is so much ahead."""
    return datetime.now(UTC) + timedelta(**more)


def held_in(text: str) -> set[str]:
    """Return the secrets that a text holds."""
    return {secret for secret in SECRETS if secret in text}


def assert_tells_nothing(error: BaseException) -> None:
    """Fail when an error shows a secret or a URL, or holds on to the transport's error that does."""
    text = "".join(traceback.format_exception(error)) + repr(error)
    assert not held_in(text)
    assert "://" not in str(error)
    link: BaseException | None = error
    while link := link and (link.__cause__ or link.__context__):
        assert isinstance(link, SMSPartnerError)


@pytest.fixture
def hook(connect: Connect, simulator: Simulator) -> SMSPartnerHook:
    """A hook whose connection is the simulator, with a key that needs encoding."""
    simulator.api_key = KEY
    connect(simulator.url, key=KEY)
    return SMSPartnerHook()


@pytest.fixture(params=["call", "acall"])
def carry(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Carry]:
    """Carry by ``call`` and by ``acall``; what fails, is logged or printed must show no secret."""
    caplog.set_level(logging.DEBUG)

    def run(call: Call[Any], hook: SMSPartnerHook | None = None) -> Any:
        hook = hook or SMSPartnerHook()
        try:
            return hook.call(call) if request.param == "call" else asyncio.run(hook.acall(call))
        except Exception as error:
            assert_tells_nothing(error)
            raise

    yield run
    logged = map(logging.Formatter().format, caplog.get_records("call"))
    assert not held_in("\n".join((*logged, *capfd.readouterr())))


class Clock:
    """Takes note of every wait of the hook instead of waiting, and moves on by it."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.frozen = False
        """Whether time stands still, even during a nap."""
        self.meanwhile: Callable[[], object] = int
        """What happens elsewhere during a nap."""
        self._real, self._slept = time.monotonic, 0.0

    def monotonic(self) -> float:
        return 1e6 if self.frozen else self._real() + self._slept

    def sleep(self, seconds: float) -> None:
        if seconds > 0:  # else a mere yield to other threads
            self.waits.append(seconds)
            self._slept += seconds
            self.meanwhile()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock that hook and tenacity sleep by."""
    clock, yield_to_others = Clock(), asyncio.sleep

    async def asleep(seconds: float, result: Any = None) -> Any:
        clock.sleep(seconds)
        return await yield_to_others(0, result)

    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(asyncio, "sleep", asleep)
    return clock


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trust that authority the way a company does."""
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return bundle


def certificate(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """Return a server's side of TLS under that name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def platform(authority: trustme.CA) -> Iterator[Server]:
    """A platform that speaks TLS and answers a send well."""
    with Server(reply(), tls=certificate(authority)) as server:
        yield server


def fails_without_leaving(carry: Carry, call: Call[Any]) -> APIConnectionError:
    with pytest.raises(APIConnectionError) as caught:
        carry(call)
    return caught.value
