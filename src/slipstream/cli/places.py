"""Names of places that may be shown to people."""

from __future__ import annotations

import re

_IN_FRONT_OF_HOST = re.compile(r"(//?[^/?#:@]*):[^?#]*@")
_IN_QUERY = re.compile(r"([?&]\w*(?:password|secret)=)[^&#]*", re.IGNORECASE)


def without_password(url: str) -> str:
    """A URL whose passwords are replaced by stars, also where it is misspelt."""
    return _IN_QUERY.sub(r"\1***", _IN_FRONT_OF_HOST.sub(r"\1:***@", url, count=1))
