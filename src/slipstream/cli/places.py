"""Names of places that may be shown to people."""

from __future__ import annotations


def without_password(url: str) -> str:
    """A URL whose password is replaced by stars."""
    from urllib.parse import urlsplit

    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url
