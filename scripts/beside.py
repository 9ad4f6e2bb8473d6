"""Whether the wheel installs beside what each Airflow that we name pins; `make package` asks.

What Airflow 3.2.1 itself pins is known of the packages that we name; for 3.1 and 3.3 the versions that our
own tests run on stand in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED_BY_3_2_1 = """
aiohttp==3.13.5
apache-airflow-providers-common-compat==1.14.3
apache-airflow-providers-common-sql==1.34.0
apache-airflow-providers-http==6.0.2
apache-airflow-providers-openlineage==2.14.0
apache-airflow-providers-sqlite==4.3.2
apache-airflow-providers-standard==1.12.3
asgiref==3.11.1
defusedxml==0.7.1
pendulum==3.2.0
python-dateutil==2.9.0.post0
requests==2.33.1
sqlalchemy==2.0.49
tenacity==9.1.4
urllib3==2.6.3
"""
EXTRAS = "[openlineage,sqlite]"


def pins() -> dict[str, str]:
    """Return what is pinned beside each Airflow, by its version."""
    return {
        "3.1.8": (ROOT / "constraints-oldest.txt").read_text(),
        "3.2.1": PINNED_BY_3_2_1,
        "3.3.2": (ROOT / "constraints.txt").read_text(),
    }


def conflict(wheel: Path, airflow: str, pinned: str, env: Mapping[str, str] = os.environ) -> str:
    """Return why a wheel and an Airflow cannot be installed with some versions; nothing when they can."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, constraints = Path(folder, "wanted.in"), Path(folder, "pins.txt")
        name = f"airflow-provider-smspartner{EXTRAS}"
        wanted.write_text(f"apache-airflow=={airflow}\n{name} @ {wheel.resolve().as_uri()}\n")
        constraints.write_text(pinned)
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", "3.11"]
        command += ["--constraint", str(constraints), str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    return str(done.stderr).strip() if done.returncode else ""


def main(folder: str) -> int:
    """Say of each Airflow whether the wheel of a folder fits it; 1 when one does not."""
    [wheel] = Path(folder).glob("*.whl")
    conflicts = {airflow: conflict(wheel, airflow, pinned) for airflow, pinned in pins().items()}
    for airflow, why in conflicts.items():
        print(f"{wheel.name} beside Airflow {airflow}: {why or 'fits'}")
    return int(any(conflicts.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
