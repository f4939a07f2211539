"""Answers without an end: schemathesis would wait for it, so their beginnings are looked at here."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from itertools import product
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

OF_STREAMS = ("/stream", "/wait")
"""How the paths of such operations end."""
_PATHS = (
    "/ui/stream",
    "/api/v2/dags/{}/dagRuns/{}/wait",
    "/ui/dags/{}/runs/{}/tasks/{}/logs/1/stream",
)
_PARAMETERS = (
    "dag_id",
    "run_id",
    "after",
    "interval",
    "result",
    "offset",
    "map_index",
)
_VALUES = ("", "-1", "1e9", "9" * 30, "\x00", "é", "x" * 3000)
_NAMES = ("shop", "first", "read"), ("shop", "none", "none"), ("\x00", "'", "%")
_ALLOWED = {200, 400, 401, 403, 404, 405, 409, 422}
_PATIENCE_SECONDS = 60


def wrong_streams(url: str, bearer: str) -> Iterator[str]:
    """What is wrong with how streams answer to odd values."""
    for path, names in product(_PATHS, _NAMES):
        filled = path.format(*(quote(name, safe="") for name in names))
        for parameter, value in product(_PARAMETERS, _VALUES):
            asked = f"{url}{filled}?{parameter}={quote(value, safe='')}"
            status, said = _beginning(asked, bearer)
            if status not in _ALLOWED or (status == 200 and not said):
                yield f"{asked}: {status}, {said!r}"


def _beginning(asked: str, bearer: str) -> tuple[int, bytes]:
    """The status and the first bytes."""
    request = Request(asked, headers={"Authorization": bearer})
    try:
        with urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            return answer.status, answer.read(1)
    except HTTPException as broken:
        return 0, repr(broken).encode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(300)
