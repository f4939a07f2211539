"""Which content type a client wants."""

from __future__ import annotations

from typing import Final

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
TEXT: Final = "text/plain"


def preferred(accept: str) -> str:
    """The first of JSON, lines of JSON and plain text that the `Accept` header names; else JSON.

    Where it names several with different weights, the heaviest; of equals the first.
    """
    weighed = [_weighed(entry) for entry in accept.lower().split(",")]
    known = [(weight, kind) for weight, kind in weighed if kind in (JSON, NDJSON, TEXT, "*/*")]
    if not known:
        return JSON
    best = max(known, key=lambda entry: entry[0])[1]
    return JSON if best == "*/*" else best


def _weighed(entry: str) -> tuple[float, str]:
    kind, *parameters = (part.strip() for part in entry.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value), kind
            except ValueError:
                return 0.0, kind
    return 1.0, kind
