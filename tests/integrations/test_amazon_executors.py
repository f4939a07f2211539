"""Amazon's executors for ECS, Batch and Lambda, with real workers, on a stand-in for the services."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from tests.cli.servers import environment, eventually, processes_of, running, token
from tests.integrations.aws_api import HANDLER, aws_api
from tests.integrations.far import ATTEMPTS, DAG, STATES, dag_is_there, wait_for_the_end

MODULE = "airflow.providers.amazon.aws.executors"
EXECUTORS = {
    "ecs": (
        f"{MODULE}.ecs.ecs_executor.AwsEcsExecutor",
        'cluster = "cluster"\ncontainer_name = "worker"\ntask_definition = "definition"\n'
        'subnets = "subnet-1"\nplatform_version = "LATEST"\n',
        "RunTask",
    ),
    "batch": (
        f"{MODULE}.batch.batch_executor.AwsBatchExecutor",
        'job_name = "airflow"\njob_queue = "queue"\njob_definition = "definition"\n',
        "submitjob",
    ),
    "lambda": (
        f"{MODULE}.aws_lambda.lambda_executor.AwsLambdaExecutor",
        'function_name = "airflow"\n',
        "invocations",
    ),
}


@pytest.fixture
def queues(s3: str) -> Iterator[str]:
    """The URLs of the queues that functions answer to, as settings."""
    client = boto3.client(
        "sqs",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    urls = {
        name: client.create_queue(QueueName=name)["QueueUrl"]
        for name in ("queue_url", "dead_letter_queue_url")
    }
    yield "".join(f'{name} = "{url}"\n' for name, url in urls.items())
    for url in urls.values():
        client.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("kind", EXECUTORS)
def test_tasks_run_where_amazons_executors_start_them(
    kind: str, tmp_path: Path, s3: str, queues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "far.py").write_text(DAG)
    _write_function(home)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    name, settings, start = EXECUTORS[kind]
    (home / "slipstream.toml").write_text(
        f"""
[core]
executor = "{name}"
execution_api_server_url = "http://127.0.0.1:{port}/execution/"
[aws_{kind}_executor]
region_name = "us-east-1"
check_health_on_startup = true
{settings}{queues if kind == "lambda" else ""}
[scheduler]
job_heartbeat_sec = 0.2
"""
    )
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", s3)
    with aws_api({**environment(home), "HOME": str(home)} | _queue_of(queues)) as (cloud, address):
        for service in ("ECS", "BATCH", "LAMBDA"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", address)
        cloud.refusals = 1
        with running(home, "standalone", "--port", str(port)) as server:
            bearer = {"Authorization": token(server)}
            eventually(lambda: dag_is_there(server, bearer))
            run = {"logical_date": None, "dag_run_id": "r"}
            server.post("/api/v2/dags/far/dagRuns", run, **bearer)
            assert wait_for_the_end(server, bearer, lambda: True) == STATES
            prefix = "/api/v2/dags/far/dagRuns/r/taskInstances"
            value = server.get(f"{prefix}/flaky/xcomEntries/return_value", **bearer)
            assert isinstance(value, dict)
            assert value["value"] == [2, 4, 6]
            assert "from the worker" in str(server.get(f"{prefix}/shell/logs/1", **bearer))
            # Containers end by themselves, and none was started again for what its task did.
            eventually(lambda: all(one.poll() is not None for one in cloud.processes.values()))
            server.end()
        assert [one.returncode for one in cloud.processes.values()] == [0] * ATTEMPTS
        assert cloud.count(start) == ATTEMPTS + 1, "the first was refused once, and tried again"
    eventually(lambda: not processes_of(home))


def _write_function(home: Path) -> None:
    """The function's image: the handler that the documentation says, and the provider's own."""
    provider = find_spec("airflow.providers.amazon")
    assert provider is not None
    assert provider.origin is not None
    folder = Path(provider.origin).parent / "aws" / "executors" / "aws_lambda" / "docker"
    shutil.copy(folder / "app.py", home / "app.py")
    (home / "handler.py").write_text(HANDLER)


def _queue_of(queues: str) -> dict[str, str]:
    return {"QUEUE_URL": queues.split('"')[1]}
