"""The snippets of the founding documents, run with the packages and services that they name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from tests.integrations.conftest import RunDag
from tests.integrations.services import Mails

SNIPPETS = Path(__file__).parents[2] / "examples" / "requirements"
WITH_PROVIDERS = SNIPPETS / "with_providers"


@pytest.mark.parametrize("path", sorted(SNIPPETS.glob("*.py")), ids=lambda path: path.stem)
def test_a_snippet_without_providers(path: Path, try_file: RunDag) -> None:
    if path.stem == "004_use_cases":
        pytest.skip("its DAGs are empty, and several; tests/examples runs them")
    try_file(path).succeeded()


def test_docker_dag(try_file: RunDag, docker: str) -> None:
    said = try_file(WITH_PROVIDERS / "003_docker_dag.py", DOCKER_HOST=docker).succeeded()
    assert "python3 __main__.py train-using-image-features --model resnet18" in said


def test_operators(try_file: RunDag, docker: str) -> None:
    said = try_file(WITH_PROVIDERS / "004_operators.py", DOCKER_HOST=docker).succeeded()
    assert "Hello Airflow" in said
    assert "python train.py" in said


def test_sensors(try_file: RunDag, s3: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="my-bucket")
    client.put_object(Bucket="my-bucket", Key="data/input.csv", Body=b"a,b\n")
    file = Path("/path/to/file.csv")
    if file.parent.parent.exists():
        pytest.skip("THE SENSORS WERE NOT TESTED: this machine has a folder /path of its own")
    try:
        file.parent.mkdir(parents=True)
    except PermissionError:
        pytest.skip("THE SENSORS WERE NOT TESTED: the file /path/to/file.csv cannot be made")
    try:
        file.touch()
        said = try_file(WITH_PROVIDERS / "004_sensors.py", AWS_ENDPOINT_URL=s3).succeeded()
    finally:
        file.unlink()
        file.parent.rmdir()
        file.parent.parent.rmdir()
    assert "wait_for_s3_file: success" in said


def test_monitoring_and_alerting(try_file: RunDag, mails: Mails) -> None:
    connection = f"smtp://127.0.0.1:{mails.port}/?from_email=flow%40example.com&disable_ssl=true&disable_tls=true"
    try_file(
        WITH_PROVIDERS / "004_monitoring_and_alerting.py", AIRFLOW_CONN_SMTP_DEFAULT=connection
    ).succeeded()
    (mail,) = mails.messages
    assert mail["Subject"] == "Pipeline Failed"
    assert mail["To"] == "team@example.com"


def test_scalability() -> None:
    """It describes a deployment: the file loads, and says which settings do what it means."""
    file = WITH_PROVIDERS / "004_scalability.py"
    script = (
        "import slipstream.compat as c; c.install(); import runpy, sys;"
        f"print(runpy.run_path({str(file)!r})['executor'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("KubernetesExecutor")
    assert "set [kubernetes_executor] namespace" in done.stderr
