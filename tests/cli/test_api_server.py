"""The flags of `slipstream api-server`, tried on real servers."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.cli.authority import Authority
from tests.cli.conftest import Slipstream
from tests.cli.servers import PATIENCE_SECONDS, environment, running

from slipstream.api.server import CertificateError, check_authorities
from slipstream.cli.server.wiring import forwarding_proxies, stop_seconds
from slipstream.config import ConfigError, load_config


@pytest.fixture
def migrated(home: Path) -> Path:
    """A home with a database, for servers."""
    home.mkdir(parents=True)
    return home


def refused(home: Path, *words: str, **variables: str) -> str:
    """What a server says that does not start, in one line."""
    done = subprocess.run(
        [sys.executable, "-m", "slipstream", "api-server", *words],
        capture_output=True,
        text=True,
        env=environment(home) | variables,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


# Certificates of clients.


@pytest.mark.processes
def test_who_has_no_certificate_is_not_served(migrated: Path, tmp_path: Path) -> None:
    own, strange = Authority("own"), Authority("strange")
    served = own.write(tmp_path, "server", hosts=["127.0.0.1"])
    words = ("--ssl-cert", str(served.certificate), "--ssl-key", str(served.key))
    (tmp_path / "own.pem").write_bytes(own.pem)
    checked = ("--ssl-ca-file", str(tmp_path / "own.pem"), "--ssl-cert-reqs")
    mine = own.write(tmp_path, "mine")
    theirs = strange.write(tmp_path, "theirs")

    def is_served(url: str, who: object) -> bool:
        context = ssl.create_default_context(cafile=str(tmp_path / "own.pem"))
        if who is not None:
            context.load_cert_chain(str(who.certificate), str(who.key))  # type: ignore[attr-defined]
        try:
            with urllib.request.urlopen(
                f"{url}/api/v2/version", context=context, timeout=PATIENCE_SECONDS
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    expected = {
        "none": (True, True, True),
        "optional": (True, True, False),
        "required": (False, True, False),
    }
    for which, served_are in expected.items():
        with running(migrated, "api-server", *words, *checked, which) as server:
            assert tuple(is_served(server.url, one) for one in (None, mine, theirs)) == served_are


@pytest.mark.processes
def test_a_command_line_shows_its_certificate(
    migrated: Path, slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (migrated / "slipstream.toml").write_text("[core]\nsimple_auth_manager_all_admins = true\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = Authority("own")
    served, mine = own.write(tmp_path, "server", hosts=["127.0.0.1"]), own.write(tmp_path, "mine")
    authorities = tmp_path / "own.pem"
    authorities.write_bytes(own.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    words = ("--ssl-cert", str(served.certificate), "--ssl-key", str(served.key))
    checked = ("--ssl-ca-file", str(authorities), "--ssl-cert-reqs", "required")
    with running(migrated, "api-server", *words, *checked) as server:
        asked = ("pools", "list", "--server", server.url)
        assert slipstream(*asked).code == 3
        monkeypatch.setenv("SLIPSTREAM__API__CLIENT_SSL_CERT", str(mine.certificate))
        wrong = slipstream(*asked)
        assert wrong.code == 2
        assert "client_ssl_cert and client_ssl_key must name two PEM files" in wrong.err
        monkeypatch.setenv("SLIPSTREAM__API__CLIENT_SSL_KEY", str(mine.key))
        done = slipstream(*asked)
        assert done.code == 0, done.err
        assert "default_pool" in done.out


@pytest.mark.parametrize(
    ("ca_file", "is_https", "said"),
    [
        (None, True, "set ssl_ca_file"),
        ("nothing.pem", True, "nothing.pem (No such file or directory)"),
        (__file__, True, "must name a PEM file"),
        ("nothing.pem", False, "there is no https: set ssl_cert"),
    ],
)
def test_what_clients_cannot_be_checked_by_is_said(
    ca_file: str | None, is_https: bool, said: str
) -> None:
    with pytest.raises(CertificateError, match=re.escape(said)):
        check_authorities(ca_file, "required", is_https=is_https)


def test_authorities_that_are_not_asked_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    check_authorities(None, "none", is_https=True)
    assert not caplog.text
    check_authorities("authorities.pem", "none", is_https=True)
    assert "clients need no certificate" in caplog.text


@pytest.mark.processes
def test_a_requirement_that_there_is_not_is_refused(migrated: Path) -> None:
    said = refused(migrated, "--ssl-cert-reqs", "maybe")
    assert "ssl_cert_reqs is 'maybe', expected one of none, optional, required" in said


# Proxies.


def test_this_machine_is_believed_unless_others_are_named() -> None:
    assert forwarding_proxies({}) == ("127.0.0.1",)
    assert forwarding_proxies({"FORWARDED_ALLOW_IPS": "10.0.0.5, fd00::/8"}) == (
        "10.0.0.5",
        "fd00::/8",
    )
    assert forwarding_proxies({"FORWARDED_ALLOW_IPS": "10.0.0.5,*"}) == ("*",)
    assert forwarding_proxies({"FORWARDED_ALLOW_IPS": ""}) == ()
    with pytest.raises(ConfigError, match="FORWARDED_ALLOW_IPS names 'proxy'"):
        forwarding_proxies({"FORWARDED_ALLOW_IPS": "proxy"})


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "variables", "seen"),
    [
        ((), {}, "127.0.0.1"),
        (("--proxy-headers",), {}, "203.0.113.9"),
        (("--proxy-headers",), {"FORWARDED_ALLOW_IPS": "10.0.0.1"}, "127.0.0.1"),
        (("--proxy-headers",), {"FORWARDED_ALLOW_IPS": "*"}, "203.0.113.9"),
        (("--proxy-headers", "-w", "2"), {}, "203.0.113.9"),
    ],
)
def test_a_proxy_is_believed_where_that_was_asked_for(
    migrated: Path,
    slipstream: Slipstream,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    variables: Mapping[str, str],
    seen: str,
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with running(migrated, "api-server", *words) as server:
        if "--proxy-headers" in words:
            assert "says in X-Forwarded-For and X-Forwarded-Proto counts." in server.greeting
        with pytest.raises(urllib.error.HTTPError, match="401"):
            server.post(
                "/auth/token",
                {"username": "nobody", "password": "guess"},
                **{"X-Forwarded-For": "203.0.113.9"},
            )
        server.end()
    listed = slipstream("audit", "list", "--event", "login_failed", "-o", "json").out
    [event] = json.loads(listed)
    details = event["details"]
    assert (json.loads(details) if isinstance(details, str) else details)["from"] == seen


# Logging.

YAML = """
version: 1
formatters: {short: {format: "SAID %(levelname)s %(message)s"}}
handlers: {file: {class: logging.FileHandler, filename: LOG, formatter: short}}
root: {level: INFO, handlers: [file]}
"""
INI = """
[loggers]
keys=root
[handlers]
keys=file
[formatters]
keys=short
[logger_root]
level=INFO
handlers=file
[handler_file]
class=FileHandler
formatter=short
args=('LOG',)
[formatter_short]
format=SAID %(levelname)s %(message)s
"""


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["yaml", "json", "ini"])
def test_a_file_says_how_to_log(migrated: Path, tmp_path: Path, kind: str) -> None:
    import yaml

    log, file = tmp_path / "api.log", tmp_path / f"logging.{kind}"
    text = {"yaml": YAML, "json": json.dumps(yaml.safe_load(YAML)), "ini": INI}[kind]
    file.write_text(text.replace("LOG", str(log)))
    authorities = tmp_path / "authorities.pem"
    words = ("--log-config", str(file), "--ssl-ca-file", str(authorities))
    with running(migrated, "api-server", *words) as server:
        server.end()
    assert "SAID WARNING [api] ssl_ca_file is set" in log.read_text()
    assert not (migrated / "api-server.stderr").read_text()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("missing.json", None, "No such file or directory"),
        ("broken.json", "{", "JSONDecodeError"),
        ("broken.yaml", "a: [", "while parsing"),
        ("list.json", "[1]", "it holds list, not a dictionary"),
        ("class.json", '{"version": 1, "handlers": {"h": {"class": "no.Such"}}}', "no"),
        ("empty.ini", "", "does not say how to log"),
    ],
)
def test_a_file_that_does_not_say_it_is_refused_in_a_line(
    migrated: Path, tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    line = refused(migrated, "--log-config", str(file))
    assert f"[api] log_config: {file}" in line
    assert said in line


@pytest.mark.processes
def test_two_places_to_log_to_are_one_too_many(migrated: Path, tmp_path: Path) -> None:
    line = refused(migrated, "--log-config", str(tmp_path / "l.json"), "-l", str(tmp_path / "log"))
    assert "leave one of them out" in line


# Parts of the API.


@pytest.mark.processes
def test_core_is_all_that_is_served_here(migrated: Path) -> None:
    for apps in ("all", "core", "core,execution"):
        with running(migrated, "api-server", "--apps", apps) as server:
            assert server.get("/api/v2/version")
            server.end()


def test_what_an_api_server_has_not_is_refused(slipstream: Slipstream) -> None:
    for apps, said in (
        ("execution", "workers elsewhere report to the scheduler's own process"),
        ("ui", "--apps is 'ui'; expected all, or core."),
        (",", "expected all, or core."),
    ):
        done = slipstream("api-server", "--apps", apps)
        assert done.code == 2
        assert said in done.err


# How long it waits.


def test_requests_have_the_workers_timeout_to_end_in_where_somebody_sets_it(home: Path) -> None:
    assert stop_seconds(load_config(home=home, environ={})) == 3
    asked = {("api", "worker_timeout"): ("7", "-t")}
    assert stop_seconds(load_config(home=home, environ={}, flags=asked)) == 7


@pytest.mark.processes
def test_no_time_at_all_is_refused(migrated: Path) -> None:
    line = refused(migrated, "-t", "0")
    assert "[api] worker_timeout is '0', expected a number from 1 to 86,400" in line
