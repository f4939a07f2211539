"""Tries the official clients on a server: `python -m tests.clients PYTHON`.

PYTHON is the interpreter of an environment that has them: `make clients`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cli.servers import running, token

HERE = Path(__file__).parent


def main() -> int:
    """Drive a server of its own with each program; gives how many programs failed."""
    python = sys.argv[1]
    return sum(_drive(python, name) for name in sys.argv[2:] or ("drive.py", "control.py"))


def _drive(python: str, program: str) -> bool:
    """Whether it failed."""
    with tempfile.TemporaryDirectory(prefix="slipstream-clients-") as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        (home / "dags" / "shop.py").write_text((HERE / "dags.py").read_text())
        (home / "dags" / "typo.py").write_text(
            "from airflow.sdk import DAG\nimport nothing_of_that_name\n"
        )
        settings = '[core]\ntest_connection = "Enabled"\n[api]\nexpose_config = "True"\n'
        (home / "slipstream.toml").write_text(settings)
        with running(home, "standalone") as server:
            bearer = token(server).removeprefix("Bearer ")
            command = [python, str(HERE / program), server.url, bearer]
            return subprocess.run(command, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
