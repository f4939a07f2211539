"""Object stores, web servers, chats, mail, SSH and SFTP; where there is one, the deferrable form."""

from __future__ import annotations

import json

import boto3
import pytest
from tests.integrations.conftest import RunDag
from tests.integrations.services import Mails, Ssh, Web


@pytest.fixture
def bucket(s3: str) -> object:
    client = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="trial-bucket")
    yield client
    for one in client.list_objects_v2(Bucket="trial-bucket").get("Contents", []):
        client.delete_object(Bucket="trial-bucket", Key=one["Key"])
    client.delete_bucket(Bucket="trial-bucket")


def test_s3(try_dag: RunDag, s3: str, bucket: object) -> None:
    said = try_dag(
        """
        from airflow import DAG
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook
        from airflow.providers.amazon.aws.operators.s3 import (
            S3CopyObjectOperator, S3CreateObjectOperator, S3DeleteObjectsOperator,
            S3FileTransformOperator, S3ListOperator,
        )
        from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
        from airflow.decorators import task

        with DAG("d"):
            make = S3CreateObjectOperator(task_id="make", s3_bucket="trial-bucket",
                                          s3_key="in/{{ dag.dag_id }}.txt", data="hello")
            wait = S3KeySensor(task_id="wait", bucket_name="trial-bucket", bucket_key="in/*.txt",
                               wildcard_match=True, poke_interval=1, timeout=30)
            later = S3KeySensor(task_id="later", bucket_name="trial-bucket", bucket_key="in/d.txt",
                                deferrable=True, poke_interval=1, timeout=60)
            copy = S3CopyObjectOperator(task_id="copy", source_bucket_name="trial-bucket",
                                        source_bucket_key="in/d.txt", dest_bucket_name="trial-bucket",
                                        dest_bucket_key="out/d.txt")
            change = S3FileTransformOperator(
                task_id="change", source_s3_key="s3://trial-bucket/out/d.txt",
                dest_s3_key="s3://trial-bucket/out/e.txt", transform_script="/bin/cp", replace=True)
            listed = S3ListOperator(task_id="listed", bucket="trial-bucket", prefix="out/")

            @task
            def read(keys):
                print("keys", keys, S3Hook().read_key("out/e.txt", "trial-bucket"))

            drop = S3DeleteObjectsOperator(task_id="drop", bucket="trial-bucket", keys=["in/d.txt"])
            make >> wait >> later >> copy >> change >> listed
            read(listed.output) >> drop
        """,
        AWS_ENDPOINT_URL=s3,
    ).succeeded()
    assert "keys ['out/d.txt', 'out/e.txt'] hello" in said
    assert "later: success" in said


def test_http(try_dag: RunDag, web: Web) -> None:
    web.answers["/items"] = (200, {"items": [1, 2]})
    said = try_dag(
        """
        from airflow import DAG
        from airflow.providers.http.operators.http import HttpOperator, SimpleHttpOperator
        from airflow.providers.http.sensors.http import HttpSensor

        with DAG("d"):
            wait = HttpSensor(task_id="wait", http_conn_id="web", endpoint="items",
                              response_check=lambda response: len(response.json()["items"]) == 2)
            get = SimpleHttpOperator(task_id="get", http_conn_id="web", method="GET", endpoint="items",
                                     data={"q": "{{ dag.dag_id }}"}, log_response=True,
                                     response_filter=lambda response: response.json()["items"])
            later = HttpOperator(task_id="later", http_conn_id="web", method="POST", endpoint="send",
                                 data="x={{ ti.xcom_pull(task_ids='get') | length }}", deferrable=True)
            wait >> get >> later
        """,
        AIRFLOW_CONN_WEB=f"http://127.0.0.1:{web.port}/",
    ).succeeded()
    assert "later: success" in said
    assert ("GET", "/items?q=d") in [request[:2] for request in web.requests]
    method, path, _headers, body = web.requests[-1]
    assert (method, path, body) == ("POST", "/send", "x=2")


def test_slacks_webhook_with_the_arguments_of_every_release(try_dag: RunDag, web: Web) -> None:
    said = try_dag(
        """
        from airflow import DAG
        from airflow.contrib.operators.slack_webhook_operator import SlackWebhookOperator as Former
        from airflow.providers.slack.operators.slack_webhook import SlackWebhookOperator

        with DAG("d"):
            a = Former(task_id="a", http_conn_id="web", webhook_token="services/T0/B0/abc",
                       message="from {{ dag.dag_id }}", username="airflow", channel="#x")
            b = SlackWebhookOperator(task_id="b", slack_webhook_conn_id="hook", message="today")
            a >> b
        """,
        AIRFLOW_CONN_WEB=f"http://http%3A%2F%2F127.0.0.1%3A{web.port}",
        AIRFLOW_CONN_HOOK=json.dumps(
            {
                "conn_type": "slackwebhook",
                "host": f"http://127.0.0.1:{web.port}/services",
                "password": "T0/B0/def",
            }
        ),
    ).succeeded()
    assert "B0/abc" not in said
    assert [request[1] for request in web.requests] == [
        "/services/T0/B0/abc",
        "/services/T0/B0/def",
    ]
    first, second = (json.loads(request[3]) for request in web.requests)
    assert (first["text"], first["username"], first["channel"]) == ("from d", "airflow", "#x")
    assert second["text"] == "today"


def test_mail(try_dag: RunDag, mails: Mails) -> None:
    try_dag(
        """
        from airflow import DAG
        from airflow.providers.smtp.operators.smtp import EmailOperator
        from airflow.providers.smtp.notifications.smtp import send_smtp_notification
        from airflow.operators.bash import BashOperator

        with DAG("d"):
            a = EmailOperator(task_id="a", to="you@example.com", subject="{{ dag.dag_id }}",
                              html_content="<b>hi</b>", conn_id="mail")
            b = BashOperator(task_id="b", bash_command="true", on_success_callback=
                send_smtp_notification(smtp_conn_id="mail", to="me@example.com", subject="done",
                                       html_content="x", from_email="flow@example.com"))
            a >> b
        """,
        AIRFLOW_CONN_MAIL=f"smtp://127.0.0.1:{mails.port}/?from_email=flow%40example.com"
        "&disable_ssl=true&disable_tls=true",
    ).succeeded()
    assert sorted(mail["Subject"] for mail in mails.messages) == ["d", "done"]


def test_ssh_and_sftp(try_dag: RunDag, ssh: Ssh, tmp_path: object) -> None:
    (ssh.folder / "there.txt").write_text("there")
    said = try_dag(
        f"""
        from base64 import b64decode

        from airflow import DAG
        from airflow.decorators import task
        from airflow.contrib.operators.ssh_operator import SSHOperator
        from airflow.providers.sftp.operators.sftp import SFTPOperator
        from airflow.providers.sftp.sensors.sftp import SFTPSensor

        @task
        def hear(answer):
            print("heard", b64decode(answer).decode())

        with DAG("d"):
            run = SSHOperator(task_id="run", ssh_conn_id="box", command="echo on $((40 + 2))")
            wait = SFTPSensor(task_id="wait", sftp_conn_id="box", path="/there.txt", poke_interval=1)
            get = SFTPOperator(task_id="get", ssh_conn_id="box", operation="get",
                               local_filepath="{tmp_path}/got.txt", remote_filepath="/there.txt")
            put = SFTPOperator(task_id="put", ssh_conn_id="box", operation="put",
                               local_filepath="{tmp_path}/got.txt", remote_filepath="/back.txt")
            later = SFTPSensor(task_id="later", sftp_conn_id="box", path="/back.txt",
                               deferrable=True, poke_interval=1)
            hear(run.output)
            run >> wait >> get >> put >> later
        """,
        AIRFLOW_CONN_BOX=f"ssh://{ssh.user}:{ssh.password}@127.0.0.1:{ssh.port}"
        "?no_host_key_check=true&allow_host_key_change=true",
    ).succeeded()
    assert "later: success" in said
    # Not in the log: the hook keeps what comes before it looks, and does not log that.
    assert "heard on 42" in said
    assert (ssh.folder / "back.txt").read_text() == "there"


def test_sftp_to_s3(try_dag: RunDag, ssh: Ssh, s3: str, bucket: object) -> None:
    (ssh.folder / "there.txt").write_text("there")
    try_dag(
        """
        from airflow import DAG
        from airflow.providers.amazon.aws.transfers.sftp_to_s3 import SFTPToS3Operator

        with DAG("d"):
            SFTPToS3Operator(task_id="a", sftp_conn_id="box", sftp_path="/there.txt",
                             s3_bucket="trial-bucket", s3_key="x/there.txt")
        """,
        AWS_ENDPOINT_URL=s3,
        AIRFLOW_CONN_BOX=f"ssh://{ssh.user}:{ssh.password}@127.0.0.1:{ssh.port}"
        "?no_host_key_check=true&allow_host_key_change=true",
    ).succeeded()
    found = bucket.get_object(Bucket="trial-bucket", Key="x/there.txt")  # type: ignore[attr-defined]
    assert found["Body"].read() == b"there"


def test_docker(try_dag: RunDag, docker: str) -> None:
    said = try_dag(
        """
        from airflow import DAG
        from airflow.operators.docker_operator import DockerOperator
        from airflow.decorators import task

        with DAG("d"):
            a = DockerOperator(task_id="a", image="my-ml-image:latest", network_mode="none",
                               command=["sh", "-c", "echo $GREETING; echo last"], auto_remove="force",
                               environment={"GREETING": "hello {{ dag.dag_id }}"}, mount_tmp_dir=False)
            b = DockerOperator(task_id="b", image="my-ml-image:latest", network_mode="none",
                               command="sh -c 'exit 3'", mount_tmp_dir=False, skip_on_exit_code=3)
            a >> b
        """,
        DOCKER_HOST=docker,
    ).succeeded()
    assert "hello d" in said
    assert "b: skipped" in said


def test_a_function_in_a_container(try_dag: RunDag, docker: str) -> None:
    """The image has no Python; it borrows this machine's."""
    said = try_dag(
        """
        from airflow.sdk import dag, task
        from docker.types import Mount

        HERE = [Mount("/usr", "/usr", "bind", True), Mount("/lib", "/usr/lib", "bind", True),
                Mount("/lib64", "/usr/lib64", "bind", True)]

        @dag
        def d():
            @task.docker(image="my-ml-image:latest", network_mode="none", mounts=HERE,
                         mount_tmp_dir=False, python_command="/usr/bin/python3")
            def inside(a, b=1):
                return {"sum": a + b}

            @task
            def outside(found):
                assert found == {"sum": 42}, found

            outside(inside(40, b=2))

        d()
        """,
        DOCKER_HOST=docker,
    ).succeeded()
    assert "outside: success" in said


def test_redis(try_dag: RunDag, redis: int) -> None:
    said = try_dag(
        """
        from airflow import DAG
        from airflow.decorators import task
        from airflow.providers.redis.hooks.redis import RedisHook
        from airflow.providers.redis.operators.redis_publish import RedisPublishOperator
        from airflow.providers.redis.sensors.redis_key import RedisKeySensor

        with DAG("d"):
            @task
            def put():
                RedisHook("cache").get_conn().set("k", "v")
            wait = RedisKeySensor(task_id="wait", redis_conn_id="cache", key="k", poke_interval=1)
            put() >> wait >> RedisPublishOperator(
                task_id="tell", redis_conn_id="cache", channel="c", message="{{ dag.dag_id }}")
        """,
        AIRFLOW_CONN_CACHE=f"redis://127.0.0.1:{redis}/?db=0",
    ).succeeded()
    assert "tell: success" in said
