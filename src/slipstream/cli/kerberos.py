"""`slipstream kerberos`: keeps a ticket fresh for tasks."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.server.daemon import add_daemon_options


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(keep_ticket)
    parser.add_argument("principal", nargs="?", help="instead of [kerberos] principal")
    parser.add_argument("-k", "--keytab", help="instead of [kerberos] keytab")
    parser.add_argument("-o", "--one-time", action="store_true", help="get one ticket and end")
    add_daemon_options(parser)


def keep_ticket(deployment: Deployment, arguments: Namespace) -> None:
    """Get tickets until somebody ends this, or one where that is asked for."""
    from slipstream.cli.server.daemon import as_asked
    from slipstream.sdk._kerberos import KerberosMode, run

    if arguments.daemon and arguments.one_time:
        raise UsageError("--daemon keeps getting tickets, --one-time gets one: give one of them.")
    keytab = arguments.keytab or deployment.config.text("kerberos", "keytab")
    mode = KerberosMode.ONE_TIME if arguments.one_time else KerberosMode.STANDARD
    with as_asked(deployment, arguments, "kerberos") as is_ready, _ending():
        run(arguments.principal, keytab, mode, is_ready)
        print("The ticket is there.", file=sys.stderr)


@contextmanager
def _ending() -> Iterator[None]:
    """SIGTERM ends the wait for the next ticket, and with it the command."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
