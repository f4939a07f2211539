"""`slipstream kerberos` with a real key distribution center."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.servers import environment
from tests.integrations.services import kerberos

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "klist"))),
    reason="KERBEROS WAS NOT TESTED: apt-get install krb5-kdc krb5-admin-server krb5-user",
)

PRINCIPAL = "airflow/here@EXAMPLE.TEST"


def test_a_ticket_is_got_and_renewed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    cache = tmp_path / "ccache"
    with kerberos(tmp_path, PRINCIPAL) as variables:
        everything = {**environment(home), **variables}
        (home / "slipstream.toml").write_text(
            f"""
            [kerberos]
            principal = "{PRINCIPAL}"
            keytab = "{tmp_path / "keytab"}"
            ccache = "{cache}"
            include_ip = false
            """
        )

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "slipstream", "kerberos", "--one-time", *words],
                env=everything,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

        done = run()
        assert done.returncode == 0, done.stderr
        assert f"kinit -c {cache} -R" in done.stderr, "a cache of today is renewed once"
        tickets = subprocess.run(
            ["klist", "-f", "-c", str(cache)],
            env=everything,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert f"Default principal: {PRINCIPAL}" in tickets
        assert "renew until" in tickets
        unknown = run("nobody@EXAMPLE.TEST")
        assert unknown.returncode == 1
        assert "no ticket for nobody@EXAMPLE.TEST" in unknown.stderr
    gone = run()
    assert gone.returncode == 1
    assert "Cannot contact any KDC" in gone.stderr
