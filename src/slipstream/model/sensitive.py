"""What secrets are known by: words in names, the place of a password in a URL."""

from __future__ import annotations

import re
from typing import Final

SENSITIVE_NAMES: Final = frozenset(
    {
        "access_key",
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "credential",
        "keyfile_dict",
        "passphrase",
        "passwd",
        "password",
        "private_key",
        "proxies",
        "proxy",
        "secret",
        "service_account",
        "token",
    }
)
"""A name that contains one of these holds a secret. It is the one list that all masking goes by."""

_IN_FRONT_OF_HOST: Final = re.compile(r"(//?[^/?#:@]*):[^?#]*@")
_IN_QUERY: Final = re.compile(r"([?&]\w*(?:password|secret)=)[^&#]*", re.IGNORECASE)


def without_password(url: str) -> str:
    """A URL whose passwords are replaced by stars, also where it is misspelt."""
    return _IN_QUERY.sub(r"\1***", _IN_FRONT_OF_HOST.sub(r"\1:***@", url, count=1))
