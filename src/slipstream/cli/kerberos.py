"""`slipstream kerberos`: keeps a ticket fresh for tasks."""

from __future__ import annotations

import sys
from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(keep_ticket)
    parser.add_argument("principal", nargs="?", help="instead of [kerberos] principal")
    parser.add_argument("-k", "--keytab", help="instead of [kerberos] keytab")
    parser.add_argument("-o", "--one-time", action="store_true", help="get one ticket and end")


def keep_ticket(deployment: Deployment, arguments: Namespace) -> None:
    """Get tickets until somebody ends this, or one where that is asked for."""
    from slipstream.cli.server.run import set_up_logging
    from slipstream.sdk._kerberos import KerberosMode, run

    set_up_logging(deployment.config)
    keytab = arguments.keytab or deployment.config.text("kerberos", "keytab")
    mode = KerberosMode.ONE_TIME if arguments.one_time else KerberosMode.STANDARD
    run(arguments.principal, keytab, mode)
    print("The ticket is there.", file=sys.stderr)
