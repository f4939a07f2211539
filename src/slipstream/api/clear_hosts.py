"""Which host a request is for has one reading: RFC 9112, section 3.2.

A proxy in front and the server could otherwise choose different ones of two Host headers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\]|[\w.~-]*)(?::\d*)?", re.ASCII)
_SHOWN_BYTES: Final = 100


class UnclearHostError(ValueError):
    """A request does not say which host it is for, or not in one way."""


def host_fault(headers: Sequence[tuple[bytes, bytes]], http_version: str) -> str | None:
    """What is wrong with the Host header, in ASCII; None where all is well.

    `headers` has names in lower case. HTTP/1.0 may do without the header.
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) == 1:
        if _HOST.fullmatch(hosts[0]):
            return None
        shown = ascii(hosts[0][:_SHOWN_BYTES].decode("latin-1"))
        return f"The Host header is {shown}; expected the name or address of a host, then its port."
    if hosts:
        return f"The request has {len(hosts)} Host headers; expected one."
    if http_version == "1.0":
        return None
    return f"The request has no Host header; HTTP/{http_version} expects one."
