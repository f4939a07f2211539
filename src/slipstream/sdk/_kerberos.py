"""Kerberos tickets from a keytab, renewed by `kinit` as `[kerberos]` says."""

from __future__ import annotations

import logging
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from slipstream.sdk._conf import conf

_log = logging.getLogger(__name__)

_CLOCK_SECONDS = 1.5
"""Kerberos counts in seconds: a ticket is renewed only when it is older than that."""


class KerberosMode(Enum):
    """Whether tickets are renewed for ever or once."""

    STANDARD = "standard"
    ONE_TIME = "one-time"


def get_kerberos_principal(principal: str | None) -> str:
    """The principal, or that of the settings with `_HOST` replaced by this machine's name."""
    named = principal or str(conf.get("kerberos", "principal"))
    return named if principal else named.replace("_HOST", socket.getfqdn())


def renew_from_kt(principal: str | None, keytab: str, exit_on_fail: bool = True) -> int:
    """Get a ticket; gives the exit code of `kinit`, or leaves with it where that is wanted."""
    code = _get_ticket(get_kerberos_principal(principal), keytab)
    if code == 0 and _must_be_renewed():
        time.sleep(_CLOCK_SECONDS)
        code = _renew(get_kerberos_principal(principal))
    if code != 0 and exit_on_fail:
        sys.exit(code)
    return code


def run(
    principal: str | None,
    keytab: str,
    mode: KerberosMode = KerberosMode.STANDARD,
    is_there: Callable[[], None] = lambda: None,
) -> None:
    """Get a ticket; then, unless once is enough, a new one every `reinit_frequency` seconds.

    `is_there` is called when the first one is.
    """
    if not keytab:
        _log.warning("There is no keytab: set [kerberos] keytab, or give --keytab.")
        sys.exit(0)
    renew_from_kt(principal, keytab)
    is_there()
    while mode is KerberosMode.STANDARD:
        time.sleep(conf.getint("kerberos", "reinit_frequency"))
        renew_from_kt(principal, keytab)


def _get_ticket(principal: str, keytab: str) -> int:
    # The setting is in seconds; the ticket may be renewed for as many minutes, to be safe.
    command = [
        str(conf.get("kerberos", "kinit_path")),
        "-f" if conf.getboolean("kerberos", "forwardable") else "-F",
        "-a" if conf.getboolean("kerberos", "include_ip") else "-A",
        "-r",
        f"{conf.getint('kerberos', 'reinit_frequency')}m",
        "-k",
        "-t",
        keytab,
        "-c",
        str(conf.get("kerberos", "ccache")),
        principal,
    ]
    return _call(command, f"no ticket for {principal} from {keytab}")


def _renew(principal: str) -> int:
    """What the Kerberos library of old Java programs needs of a new cache."""
    ccache = str(conf.get("kerberos", "ccache"))
    command = [str(conf.get("kerberos", "kinit_path")), "-c", ccache, "-R"]
    return _call(
        command,
        f"the ticket of {principal} in {ccache} cannot be renewed; look at its renewable life and "
        "at the policy of the KDC (maxrenewlife)",
    )


def _call(command: list[str], problem: str) -> int:
    _log.info("Kerberos: %s", shlex.join(command))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        _log.error("Kerberos: %s cannot be run: %s", command[0], error)
        return 127
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        _log.error("Kerberos: %s: exit code %d: %s", problem, done.returncode, said)
    return done.returncode


def _must_be_renewed() -> bool:
    """Whether the cache holds settings, as those of Kerberos 1.8.1 and later do."""
    cache = Path(str(conf.get("kerberos", "ccache")).removeprefix("FILE:"))
    return cache.is_file() and b"X-CACHECONF:" in cache.read_bytes()
