"""Slack's and HTTP's notifiers against a sink that refuses twice, then takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.integrations.conftest import RunDag

FILE = """
    from airflow.providers.http.notifications.http import HttpNotifier
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    from airflow.sdk import DAG, task

    slack = SlackWebhookNotifier(slack_webhook_conn_id="slack", text="{{{{ ti.task_id }}}} failed")
    web = HttpNotifier(
        http_conn_id="web",
        endpoint="/alerts",
        method="POST",
        json={{"task": "{{{{ ti.task_id }}}}", "run": "{{{{ run_id }}}}"}},
        headers={{"X-Alert": "yes"}},
    )

    with DAG("alerts", schedule=None):

        @task(on_failure_callback=[{notifier}])
        def load():
            raise ValueError("no rows")

        load()
"""


class Sink:
    """Keeps what it is sent; refuses the first `refusals`."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.port = 0

    def takes(self, path: str, body: str) -> bool:
        self.sent.append((path, json.loads(body)))
        return len(self.sent) > self.refusals


@pytest.fixture(params=[2])
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    found = Sink(request.param)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = 200 if found.takes(self.path, body) else 503
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def connections(sink: Sink) -> dict[str, str]:
    """The environment variables of the connections that lead to the sink."""
    address = f"127.0.0.1:{sink.port}"
    slack = {
        "conn_type": "slackwebhook",
        "host": f"http://{address}/services",
        "password": "T0/B0/secret",
    }
    web = {"conn_type": "http", "host": f"http://{address}"}
    return {"AIRFLOW_CONN_SLACK": json.dumps(slack), "AIRFLOW_CONN_WEB": json.dumps(web)}


EXPECTED = {
    "slack": ("/services/T0/B0/secret", "text", "load failed"),
    "web": ("/alerts", "task", "load"),
}


@pytest.mark.parametrize("notifier", list(EXPECTED))
def test_an_alert_is_tried_until_it_is_taken_and_then_no_more(
    try_dag: RunDag, sink: Sink, notifier: str
) -> None:
    trial = try_dag(FILE.format(notifier=notifier), **connections(sink))
    assert trial.code != 0, trial.said
    path, name, value = EXPECTED[notifier]
    assert [(one, body[name]) for one, body in sink.sent] == [(path, value)] * 3, trial.said


@pytest.mark.parametrize("sink", [9], indirect=True)
@pytest.mark.parametrize("notifier", list(EXPECTED))
def test_one_that_nobody_takes_is_given_up_and_told_of(
    try_dag: RunDag, sink: Sink, notifier: str
) -> None:
    trial = try_dag(FILE.format(notifier=notifier), **connections(sink))
    assert len(sink.sent) == 3, trial.said
    assert "on_failure_callback" in trial.said
