from __future__ import annotations

import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from slipstream.sdk import BaseHook
from slipstream.sdk.exceptions import AirflowNotFoundException
from slipstream.sdk.hooks.filesystem import FSHook
from slipstream.sdk.hooks.package_index import PackageIndexHook
from slipstream.sdk.hooks.subprocess import SubprocessHook, working_directory


def test_the_folder_of_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOX", f"fs://?path={tmp_path}")
    monkeypatch.setenv("AIRFLOW_CONN_GONE", f"fs://?path={tmp_path / 'gone'}")
    monkeypatch.setenv("AIRFLOW_CONN_BARE", "fs://")
    assert FSHook("box").get_path() == str(tmp_path)
    assert FSHook("box").test_connection()[0]
    assert not FSHook("gone").test_connection()[0]
    assert FSHook("bare").get_path() == ""
    assert not FSHook("bare").test_connection()[0]
    assert FSHook().get_path() == "/"
    with pytest.raises(AirflowNotFoundException, match="`other`"):
        FSHook("other")


def test_connections_know_their_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOX", "fs://?path=/box")
    monkeypatch.setenv("AIRFLOW_CONN_INDEX", '{"conn_type": "package_index", "host": "http://i"}')
    assert BaseHook.get_hook("box").get_path() == "/box"
    assert BaseHook.get_hook("index").get_conn() == "http://i"


def test_a_command_with_its_output_and_code(tmp_path: Path) -> None:
    hook = SubprocessHook()
    found = hook.run_command(
        ["bash", "-c", "echo first; echo $X in $(basename $PWD); exit 3"],
        env={"X": "last", "PATH": "/usr/bin:/bin"},
        cwd=str(tmp_path),
    )
    assert found == (3, f"last in {tmp_path.name}")
    assert (found.exit_code, found.output) == found


def test_what_is_no_text_of_the_encoding_is_shown_as_bytes() -> None:
    code = r"import sys; sys.stdout.buffer.write(b'a\xffb\n')"
    assert SubprocessHook().run_command([sys.executable, "-c", code]).output == "a\\xffb"


def test_a_command_can_be_ended_from_another_thread(tmp_path: Path) -> None:
    hook = SubprocessHook()
    begun = tmp_path / "begun"

    def end() -> None:
        while not begun.exists():
            threading.Event().wait(0.01)
        hook.send_sigterm()

    thread = threading.Thread(target=end)
    thread.start()
    found = hook.run_command(["bash", "-c", f"touch {begun}; sleep 600 & wait"])
    thread.join()
    assert found.exit_code != 0


def test_a_folder_of_its_own_is_removed() -> None:
    with working_directory() as folder:
        assert Path(folder).is_dir()
    assert not Path(folder).exists()


class Index(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        expected = "Basic " + b64encode(b"me:p@ss/word").decode()
        self.send_response(200 if self.headers["Authorization"] == expected else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def index() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_address_of_a_package_index(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = f'"conn_type": "package_index", "host": "http://{index}/simple"'
    who = '"login": "me", "password": "p@ss/word"'
    monkeypatch.setenv("AIRFLOW_CONN_OPEN", f"{{{where}}}")
    monkeypatch.setenv("AIRFLOW_CONN_CLOSED", f"{{{where}, {who}}}")
    monkeypatch.setenv("AIRFLOW_CONN_BARE", '{"conn_type": "package_index"}')
    assert PackageIndexHook("open").get_conn() == f"http://{index}/simple"
    closed = PackageIndexHook("closed")
    assert closed.get_connection_url() == f"http://me:p%40ss%2Fword@{index}/simple"
    assert closed.test_connection()[0]
    works, why = PackageIndexHook("open").test_connection()
    assert not works
    assert "401" in why
    with pytest.raises(ValueError, match="has no host"):
        PackageIndexHook("bare").get_conn()
