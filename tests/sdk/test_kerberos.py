"""Kerberos tickets: what `kinit` is called with, and what its failures come to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipstream.sdk import _kerberos
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._kerberos import KerberosMode, get_kerberos_principal, renew_from_kt, run


@pytest.fixture
def kinit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program in the place of `kinit` that writes its arguments down; gives where."""
    calls = tmp_path / "calls"
    program = tmp_path / "kinit"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\n'
        f'[ -f {tmp_path}/fails ] && echo "no such keytab" >&2 && exit 3\n'
        f"printf X-CACHECONF: > {tmp_path}/cache\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("SLIPSTREAM__KERBEROS__KINIT_PATH", str(program))
    monkeypatch.setenv("SLIPSTREAM__KERBEROS__CCACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_kerberos, "_CLOCK_SECONDS", 0.0)
    read_settings_anew()
    yield calls
    monkeypatch.undo()
    read_settings_anew()


def test_a_ticket_is_got_and_renewed_once(kinit: Path) -> None:
    run("me@REALM", "/etc/keytab", KerberosMode.ONE_TIME)
    cache = kinit.parent / "cache"
    assert kinit.read_text().splitlines() == [
        f"-f -a -r 3600m -k -t /etc/keytab -c {cache} me@REALM",
        f"-c {cache} -R",
    ]


def test_a_failure_is_said_and_gives_its_code(
    kinit: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (kinit.parent / "fails").touch()
    assert renew_from_kt("me", "/etc/keytab", exit_on_fail=False) == 3
    assert "no such keytab" in caplog.text
    with pytest.raises(SystemExit):
        renew_from_kt("me", "/etc/keytab")


def test_without_the_program_it_says_so(kinit: Path, caplog: pytest.LogCaptureFixture) -> None:
    (kinit.parent / "kinit").unlink()
    assert renew_from_kt("me", "/etc/keytab", exit_on_fail=False) == 127
    assert "cannot be run" in caplog.text


def test_the_settings_principal_names_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPSTREAM__KERBEROS__PRINCIPAL", "airflow/_HOST@REALM")
    read_settings_anew()
    assert "_HOST" not in get_kerberos_principal(None)
    assert get_kerberos_principal("own/_HOST") == "own/_HOST"


def test_without_a_keytab_there_is_nothing_to_do(kinit: Path) -> None:
    with pytest.raises(SystemExit):
        run("me", "")
    assert not kinit.exists()
