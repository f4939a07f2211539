"""Mails about failed tasks, with a real mail server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runtime.conftest import Harness
from tests.runtime.smtp import MailServer, mail_server, unused_port

from slipstream.model.attempt import Failed
from slipstream.wire.execution import ConnectionFound

TASKS = """
def bad(): raise RuntimeError("no <b>data</b>")
def dies(): os.kill(os.getpid(), 9)
def quiet(): raise RuntimeError("no")
for name in ("bad", "dies"):
    ARGUMENTS[name] = {"email": ["ada@example.org", "bob@example.org; eve@example.org"]}
ARGUMENTS["quiet"] = {"email": "ada@example.org", "email_on_failure": False}
"""


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_STARTTLS", "False")
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_TIMEOUT", "20")
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_RETRY_LIMIT", "2")
    return monkeypatch


def test_a_failure_and_a_retry_are_told_by_mail(
    harness: Harness, server: MailServer, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
    source = harness.source(harness.write_tasks(TASKS))
    for max_tries, try_number in ((0, 1), (1, 1)):
        assert isinstance(harness.run(source, "bad", max_tries=max_tries), Failed)
        mail = server.next()
        assert mail.sender == "airflow@example.com"
        assert mail.recipients == ["ada@example.org", "bob@example.org", "eve@example.org"]
        assert str(mail.message["Subject"]).startswith("Airflow alert: <TaskInstance: one.bad run1")
        assert "no &lt;b&gt;data&lt;/b&gt;" in mail.html
        assert f"try {try_number} of {max_tries + 1}" in mail.html
        assert "/dags/one/runs/run1/tasks/bad?try_number=1" in mail.html


def test_a_task_that_was_killed_is_told_of_too(
    harness: Harness, server: MailServer, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
    source = harness.source(harness.write_tasks(TASKS))
    assert isinstance(harness.run(source, "dies"), Failed)
    assert "killed by signal 9" in server.next().html


def test_who_does_not_want_a_mail_gets_none(
    harness: Harness, server: MailServer, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
    settings.setenv("AIRFLOW__EMAIL__DEFAULT_EMAIL_ON_RETRY", "False")
    source = harness.source(harness.write_tasks(TASKS))
    harness.run(source, "quiet")
    harness.run(source, "bad", max_tries=1)
    harness.run(source, "bad")
    assert "try 1 of 1" in server.next().html
    assert server.mails.empty()


def test_templates_and_sender_come_from_the_settings(
    harness: Harness, server: MailServer, settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "subject.txt").write_text("{{ ti.task_id }}\n failed in {{ dag.dag_id }}")
    (tmp_path / "body.html").write_text("<i>{{ exception_html }}</i> {{ try_number }} {{ ds }}")
    settings.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
    settings.setenv("AIRFLOW__EMAIL__SUBJECT_TEMPLATE", str(tmp_path / "subject.txt"))
    settings.setenv("AIRFLOW__EMAIL__HTML_CONTENT_TEMPLATE", str(tmp_path / "body.html"))
    settings.setenv("AIRFLOW__EMAIL__FROM_EMAIL", "alerts@example.org")
    source = harness.source(harness.write_tasks(TASKS))
    harness.run(source, "bad")
    mail = server.next()
    assert mail.sender == "alerts@example.org"
    assert mail.message["Subject"] == "bad failed in one"
    assert mail.html.strip() == "<i>no &lt;b&gt;data&lt;/b&gt;</i> 1 2026-01-02"


def test_the_connection_says_where_and_how(
    harness: Harness, settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with mail_server(tmp_path) as server:
        harness.connections["smtp_default"] = ConnectionFound(
            conn_id="smtp_default",
            conn_type="smtp",
            host="127.0.0.1",
            port=server.port,
            login="robot",
            password="sesame-open",
            extra=json.dumps(
                {"disable_ssl": True, "ssl_context": "none", "from_email": "robot@example.org"}
            ),
        )
        source = harness.source(harness.write_tasks(TASKS))
        attempt = harness.start(source, "bad")
        harness.wait_ended(attempt)
        assert server.next().sender == "robot@example.org"
        assert server.logins == [("robot", "sesame-open")]
        assert "sesame-open" not in harness.log_text(attempt)


def test_a_backend_of_ones_own_is_called_as_airflow_calls_it(
    harness: Harness, settings: pytest.MonkeyPatch
) -> None:
    harness.write(
        "own_mail.py",
        """
        def send(to, subject, html_content, **more):
            print("mail", to, subject.split(":")[0], sorted(more), more["conn_id"])
        """,
    )
    settings.setenv("AIRFLOW__EMAIL__EMAIL_BACKEND", "own_mail.send")
    settings.setenv("AIRFLOW__EMAIL__EMAIL_CONN_ID", "post")
    attempt = harness.start(harness.source(harness.write_tasks(TASKS)), "bad")
    harness.wait_ended(attempt)
    harness.wait_in_log(attempt, "mail ada@example.org")
    said = harness.events_in_log(attempt, "task.stdout")[-1]
    assert said.startswith("mail ada@example.org, bob@example.org, eve@example.org Airflow alert")
    assert "'from_email'" in said
    assert said.endswith(" post")


def test_a_mail_server_that_is_down_is_a_warning(
    harness: Harness, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("AIRFLOW__SMTP__SMTP_PORT", str(unused_port()))
    attempt = harness.start(harness.source(harness.write_tasks(TASKS)), "bad")
    assert isinstance(harness.wait_ended(attempt), Failed)
    harness.wait_in_log(attempt, "The mail about task bad could not be sent")
    warned = [line for line in harness.log(attempt) if "could not be sent" in line["event"]]
    assert [line["level"] for line in warned] == ["warning"]
    assert "ConnectionRefusedError" in warned[0]["exception"]
