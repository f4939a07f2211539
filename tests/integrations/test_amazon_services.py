"""A server whose logs are on S3, whose secrets are in Secrets Manager, and whose mails go by SES."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import boto3
import pytest
from tests.cli.servers import eventually, running, token
from tests.integrations.far import LIMIT_SECONDS, dag_is_there, wait_for_the_end

DAG = """
from airflow.sdk import BaseHook, Variable, dag, task

@dag(is_paused_upon_creation=False)
def far():
    @task
    def reads():
        conn = BaseHook.get_connection("kept")
        print("read", Variable.get("kept"), conn.host, conn.password)

    @task(retries=0, email="you@example.com", email_on_failure=True)
    def fails():
        raise ValueError("on purpose")

    reads()
    fails()

far()
"""

SETTINGS = """
[logging]
remote_logging = true
remote_base_log_folder = "s3://logs/here"
delete_local_logs = true
[secrets]
backend = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
backend_kwargs = '{"connections_prefix": "flow/connections", "variables_prefix": "flow/variables"}'
[email]
email_backend = "airflow.providers.amazon.aws.utils.emailer.send_email"
email_conn_id = "aws_default"
from_email = "flow@example.com"
"""


@pytest.mark.timeout(2 * LIMIT_SECONDS)
def test_logs_secrets_and_mails_are_amazons(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_ENDPOINT_URL", s3),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="logs")
    boto3.client("ses").verify_email_identity(EmailAddress="flow@example.com")
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name="flow/variables/kept", SecretString="a value")
    connection = {"conn_type": "http", "host": "kept.example", "password": "pa55-word"}
    secrets.create_secret(Name="flow/connections/kept", SecretString=json.dumps(connection))
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "far.py").write_text(DAG)
    (home / "slipstream.toml").write_text(SETTINGS)
    with running(home, "standalone") as server:
        bearer = {"Authorization": token(server)}
        eventually(lambda: dag_is_there(server, bearer))
        server.post("/api/v2/dags/far/dagRuns", {"logical_date": None, "dag_run_id": "r"}, **bearer)
        states = wait_for_the_end(server, bearer, lambda: True)
        assert states == {"reads": ["success"], "fails": ["failed"]}
        store = boto3.client("s3")
        eventually(lambda: store.list_objects_v2(Bucket="logs")["KeyCount"] == 2)
        eventually(lambda: not [path for path in (home / "logs").rglob("*.log") if path.is_file()])
        prefix = "/api/v2/dags/far/dagRuns/r/taskInstances"
        read = str(server.get(f"{prefix}/reads/logs/1", **bearer))
        assert "read a value kept.example ***" in read
        assert "on purpose" in str(server.get(f"{prefix}/fails/logs/1", **bearer))
        server.end()
    with urllib.request.urlopen(f"{s3}/moto-api/data.json", timeout=60) as answer:
        (mail,) = json.load(answer)["ses"]["RawMessage"]
    assert "you@example.com" in mail["destinations"]
