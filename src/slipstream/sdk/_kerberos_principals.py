"""Kerberos principals, `service/host@REALM`, taken apart and put together (RFC 1964, 2.1.1)."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence

_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - what stands for no host in particular


def get_components(principal: str | None) -> list[str] | None:
    """`[service, host, realm]`, as far as the principal has them; None where there is none."""
    return re.split(r"[/@]", principal) if principal else None


def replace_hostname_pattern(components: Sequence[str], host: str | None = None) -> str:
    """The principal of a service on that host, in lower case; of this machine where none is named.

    `components` are the three parts of a principal; whatever stands in the host's place is
    replaced. Raises `ValueError` where they are not three.
    """
    if len(components) != 3:
        raise ValueError(
            f"A principal of a service has three parts, service/host@REALM; found {components!r}."
        )
    service, _, realm = components
    name = get_fqdn() if host is None or host in _EVERYWHERE else host
    return f"{service}/{name.lower()}@{realm}"


def get_fqdn(hostname_or_ip: str | None = None) -> str:
    """The full name of a host, of which a name or an address is given; else of this machine."""
    if hostname_or_ip is None:
        return socket.gethostname()
    try:
        name = socket.gethostbyaddr(hostname_or_ip)[0]
    except OSError:
        return hostname_or_ip
    return socket.getfqdn(hostname_or_ip) if name == "localhost" else name


def principal_from_username(username: str, realm: str | None) -> str:
    """The user in that realm; one that names a realm already stays as it is."""
    return f"{username}@{realm}" if realm and "@" not in username else username
