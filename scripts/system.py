"""What the tests need of the machine beside Python and make: `make install` and `make test` begin with it.

It brings what is missing where it can (Debian's packages, as root), and says at once what it cannot. The
machine's own Python runs it, before any environment: nothing but the standard library is imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import NamedTuple

MINIMUM = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE = ("Acquire::Retries=1", "Acquire::http::Timeout=20", "DPkg::Lock::Timeout=120")
UPDATE = ("apt-get", "--quiet", "update")
INSTALL = ("apt-get", "--quiet", "install", "--yes", "--no-install-recommends")


class Need(NamedTuple):
    """A program of the machine, by any of its names."""

    names: tuple[str, ...]
    package: str
    without: str
    """What cannot be had without it."""

    def is_met(self) -> bool:
        return any(map(find, self.names))


NEEDS = (
    Need(BROWSERS, "chromium", "the tests in a browser are left out"),
    Need(("mariadbd",), "mariadb-server-core", "the tests of ledgers in MariaDB fail"),
)


def find(name: str) -> str | None:
    """Return where a program is: on the PATH, or in the sbin beside it, where Debian keeps servers."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    beside = [f"{place[:-3]}sbin" for place in places if place.endswith("/bin")]
    return shutil.which(name, path=os.pathsep.join((*places, *beside)))


def missing() -> list[Need]:
    """Return what is not on the PATH."""
    return [need for need in NEEDS if not need.is_met()]


def rights() -> tuple[str, ...] | None:
    """Return what goes before apt-get, or None where nothing may be installed.

    Only CI is trusted to be a machine on which sudo may be used unasked.
    """
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ()
    return ("sudo", "-n") if os.environ.get("CI") and shutil.which("sudo") else None


def install(packages: list[str], *, before: tuple[str, ...]) -> None:
    """Ask Debian for some packages; whether it gave them is seen on the PATH."""
    print(f"Missing, and installed now: {', '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = [f"--option={one}" for one in PATIENCE]
    for step in (UPDATE, (*INSTALL, *packages)):
        subprocess.run((*before, *step, *options), env=env, stdin=subprocess.DEVNULL, check=False)


def main() -> int:
    """Bring what is missing and say what stays so; only CI, where nobody reads it, must have everything."""
    if sys.version_info < MINIMUM:
        print(f"Python {'.'.join(map(str, MINIMUM))} or later is needed; PYTHON=... names another one.")
        return 1
    absent, before = missing(), rights()
    if absent and before is not None:
        install([need.package for need in absent], before=before)
    for need in missing():
        print(
            f"No {need.names[0]} here: {need.without}. On Debian: apt-get install {need.package}", flush=True
        )
    return int(bool(missing() and os.environ.get("CI")))


if __name__ == "__main__":
    sys.exit(main())
