"""Stock provider packages against the real things, in an environment of their own.

`make integrations` runs them. Elsewhere nothing in this folder is collected.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integrations import services
from tests.postgres.server import PostgresServer

from slipstream import compat

if os.environ.get("SLIPSTREAM_INTEGRATIONS"):
    # Before any test looks for a provider package, which imports the package above it.
    compat.install()
else:
    collect_ignore_glob = ["test_*.py"]

_LIMIT_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Trial:
    """What `slipstream dags test` did with a file."""

    code: int
    said: str

    def succeeded(self) -> str:
        """What it said; fails where the run did not end in success."""
        assert self.code == 0, self.said
        return self.said


RunDag = Callable[..., Trial]


@pytest.fixture
def try_file(tmp_path: Path) -> RunDag:
    """Runs a DAG file in a process of its own; keywords are environment variables."""

    def run(path: Path, **variables: str) -> Trial:
        environment = {
            **{name: value for name, value in os.environ.items() if "AIRFLOW" not in name},
            "SLIPSTREAM_HOME": str(tmp_path / "home"),
            "PYTHONWARNINGS": "ignore",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "slipstream.cli.main", "dags", "test", str(path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
        return Trial(done.returncode, done.stdout)

    return run


@pytest.fixture
def try_dag(try_file: RunDag, tmp_path: Path) -> RunDag:
    """Runs the text of a DAG file."""

    def run(text: str, **variables: str) -> Trial:
        path = tmp_path / "a_dag.py"
        path.write_text(textwrap.dedent(text))
        return try_file(path, **variables)

    return run


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3."""
    with services.s3() as address:
        yield address


@pytest.fixture
def mails() -> Iterator[services.Mails]:
    """A mail server."""
    with services.mail_server() as server:
        yield server


@pytest.fixture
def web() -> Iterator[services.Web]:
    """A web server that keeps what it was sent."""
    with services.web_server() as server:
        yield server


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[services.Ssh]:
    """An SSH server with SFTP on a folder."""
    with services.ssh_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Docker daemon that has the images of the founding documents."""
    with services.docker_daemon(tmp_path_factory.mktemp("docker")) as address:
        yield address


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a MariaDB with a database `test`."""
    with services.mariadb(tmp_path_factory.mktemp("mariadb")) as port:
        yield port


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis."""
    with services.redis(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture
def postgres_uri(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database as an Airflow connection."""
    url = postgres_server.new_database()
    user, _, rest = url.removeprefix("postgresql://").partition("@")
    database, _, folder = rest.removeprefix("/").partition("?host=")
    host = folder.replace("/", "%2F")
    return f"postgres://{user}@{host}/{database}"
