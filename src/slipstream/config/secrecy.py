"""Which settings are secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from slipstream.config.constraints import FORMER_NAMES, SECRETS, Name
from slipstream.config.options import OPTIONS
from slipstream.model.sensitive import SENSITIVE_NAMES

BACKEND_KEYWORDS: Final[dict[Name, str]] = {
    ("secrets", "backend_kwargs"): "backend_kwarg__",
    ("workers", "secrets_backend_kwargs"): "secrets_backend_kwarg__",
}
"""`{setting with keyword arguments of a secrets backend: what names of single ones begin with}`."""

_HIDDEN: Final = SECRETS | {old for new, old in FORMER_NAMES.items() if new in SECRETS}
_PASSWORD_IN_URL: Final = re.compile(r"\w://[^\s/?#:@]*:(?P<password>[^\s/?#@]+)@")


def is_keyword(name: Name) -> bool:
    """Whether it is one keyword argument of a secrets backend: `[secrets] backend_kwarg__token`."""
    return any(
        name[0] == section and name[1].startswith(prefix) and name[1] != prefix
        for (section, _), prefix in BACKEND_KEYWORDS.items()
    )


def is_secret(name: Name, text: str | None) -> bool:
    """Whether nobody is to see the value.

    Of settings that only packages know, the name decides. A URL with a password is one anywhere.
    """
    section, key = name[0].rpartition("=")[2], name[1]
    if (section, key) in _HIDDEN or "password" in key or is_keyword((section, key)):
        return True
    if key not in OPTIONS.get(section, ()) and any(word in key for word in SENSITIVE_NAMES):
        return True
    return text is not None and _PASSWORD_IN_URL.search(text) is not None


def texts_to_hide(name: Name, text: str) -> Iterator[str]:
    """What is to be hidden in logs for a secret of that value."""
    if "user" in name[1]:
        return  # It is hidden where it is shown as a setting; in logs it is a word like others.
    yield text
    for found in _PASSWORD_IN_URL.finditer(text):
        yield found["password"]
    if name in BACKEND_KEYWORDS:
        yield from _texts_in(text)


def _texts_in(text: str) -> Iterator[str]:
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return
    waiting = [found]
    while waiting:
        match waiting.pop():
            case str() as one:
                yield one
            case list() as several:
                waiting += several
            case dict() as named:
                waiting += named.values()
