"""Signing in to a server, and what becomes of those who have not."""

from __future__ import annotations

import io
import socket
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.remote.conftest import PASSWORD, As

from slipstream.api.auth.tokens import Tokens
from slipstream.api.settings import ApiSettings
from slipstream.cli.remote.logins import Login, keep_login
from slipstream.store.interface import Store


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> As:
    """Lets that be on the standard input."""

    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return type_in


def test_a_login_is_kept_for_its_owner_alone_and_ends_on_the_server(
    slipstream: Slipstream, server: str, typed: As, tmp_path: Path
) -> None:
    typed(f"{PASSWORD}\n")
    signed_in = slipstream("auth", "login", "-u", "vic", "--server", f"{server}/")
    assert signed_in.code == 0
    file = tmp_path / "config" / "slipstream" / "logins.json"
    assert file.stat().st_mode & 0o777 == 0o600
    token = file.read_text().partition('"token":"')[2].partition('"')[0]
    listed = slipstream("auth", "list", "-o", "json")
    assert token
    assert token not in signed_in.out + signed_in.err + listed.out
    assert slipstream("dags", "list", "--server", server).code == 0
    assert slipstream("pools", "set", "p", "1", "x", "--server", server).code == 4
    assert slipstream("auth", "logout", "--server", server).code == 0
    assert token not in file.read_text()
    typed(f"{token}\n")
    assert slipstream("auth", "login", "--token", "--server", server).code == 4
    assert slipstream("dags", "list", "--server", server).code == 4
    assert slipstream("auth", "logout", "--server", server).code == 1


def test_a_wrong_password_signs_nobody_in(slipstream: Slipstream, server: str, typed: As) -> None:
    typed("wrong\n")
    done = slipstream("auth", "login", "-u", "vic", "--server", server)
    assert done.code == 4
    assert "wrong" not in done.out
    assert "auth login" not in done.err
    assert slipstream("auth", "list", "-o", "json").json == []


def test_a_password_may_come_from_the_environment(
    slipstream: Slipstream, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_PASSWORD", PASSWORD)
    assert slipstream("auth", "login", "-u", "vic", "--server", server).code == 0
    assert slipstream("dags", "list", "--server", server).code == 0


@pytest.mark.parametrize(
    ("how", "said"), [("expired", "Token expired."), ("revoked", "The token was revoked.")]
)
def test_a_login_that_counts_no_more_is_a_sentence_and_an_exit_code(
    slipstream: Slipstream, server: str, store: Store, tmp_path: Path, how: str, said: str
) -> None:
    settings = ApiSettings(log_dir=tmp_path)
    age = timedelta(hours=1 if how == "expired" else 0)
    tokens = Tokens(store, settings, lambda: datetime.now(UTC) - age)
    token = tokens.issue("vic", 600)
    keep_login(
        server,
        Login(
            username="vic", token=token, expires_at=datetime.now(UTC) - age + timedelta(minutes=10)
        ),
    )
    if how == "revoked":
        assert slipstream("dags", "list", "--server", server).code == 0
        assert slipstream("users", "revoke-tokens", "-u", "vic").code == 0
    for words in (["dags", "list"], ["pools", "export", "-"], ["why", "sales", "r", "load"]):
        done = slipstream(*words, "--server", server)
        assert (done.code, done.out) == (4, "")
        assert done.err == (
            f"slipstream: {server} does not know who asks: {said} "
            f"Sign in: slipstream auth login --server {server}\n"
        )
    assert slipstream("auth", "list", "-o", "json").json[0]["state"] == (  # type: ignore[index,call-overload]
        "expired" if how == "expired" else "kept"
    )


def test_a_token_of_the_environment_that_does_not_count_is_named(
    slipstream: Slipstream, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_TOKEN", "stale")
    done = slipstream("dags", "list", "--server", server)
    assert done.code == 4
    assert done.err.endswith("The token is that of SLIPSTREAM_TOKEN.\n")
    assert "stale" not in done.err


def test_who_is_signed_in_makes_a_token_of_their_own(
    slipstream: Slipstream, server: str, typed: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(f"{PASSWORD}\n")
    slipstream("auth", "login", "-u", "vic", "--server", server)
    made = slipstream("auth", "create-token", "--name", "laptop", "--server", server)
    assert made.code == 0
    monkeypatch.setenv("SLIPSTREAM_TOKEN", made.out.strip())
    listed = slipstream("auth", "list-tokens", "-o", "json", "--server", server).json
    assert [(row["username"], row["name"]) for row in listed] == [("vic", "laptop")]  # type: ignore[union-attr,index,call-overload]
    others = slipstream("auth", "create-token", "-u", "ada", "--name", "x", "--server", server)
    assert others.code == 2
    here = slipstream("auth", "create-token", "--name", "x")
    assert (here.code, here.out) == (2, "")
    assert "--username" in here.err


@pytest.mark.parametrize("text", ["typed in 1\n", ""])
def test_the_password_of_a_new_user_may_come_from_a_pipe(
    slipstream: Slipstream, server: str, acting_as: As, typed: As, text: str
) -> None:
    acting_as("ada")
    typed(text)
    made = slipstream("users", "create", "-u", "eve", "-r", "Viewer", "--server", server)
    assert made.code == (0 if text else 2)
    assert made.err.count("\n") == (0 if text else 1)
    if text:
        typed(text)
        assert slipstream("auth", "login", "-u", "eve", "--server", server).code == 0


def test_a_file_that_others_can_read_is_not_used(
    slipstream: Slipstream, server: str, typed: As, tmp_path: Path
) -> None:
    typed(f"{PASSWORD}\n")
    slipstream("auth", "login", "-u", "vic", "--server", server)
    (tmp_path / "config" / "slipstream" / "logins.json").chmod(0o644)
    done = slipstream("dags", "list", "--server", server)
    assert done.code == 1
    assert "chmod 600" in done.err


def test_nobody_answers(slipstream: Slipstream, acting_as: As, store: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = slipstream("dags", "list", "--server", url)
    assert done.code == 3
    assert url in done.err


@pytest.mark.parametrize("url", ["slipstream.example.com", "ftp://x", "http://a:b@x", "http://"])
def test_what_is_no_address_is_wrong_usage(slipstream: Slipstream, url: str) -> None:
    done = slipstream("dags", "list", "--server", url)
    assert done.code == 2
    assert "a:b" not in done.err


def test_a_token_goes_to_no_server_that_another_names(
    slipstream: Slipstream, acting_as: As, server: str
) -> None:
    acting_as("ada")
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", f"{server}/api/v2/dags")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the standard error is what is looked at."""

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        thread = Thread(target=other.handle_request)
        thread.start()
        done = slipstream("dags", "list", "--server", f"http://127.0.0.1:{other.server_port}")
        thread.join()
    assert len(asked) == 1
    assert done.code == 3
    assert f"leads to {server}/api/v2/dags" in done.err
