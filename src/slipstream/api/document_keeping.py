"""The OpenAPI document kept in the home: making it takes more than a second of computing."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from slipstream.api.operation import Operation

_log = logging.getLogger(__name__)

_MAKERS = ("fastapi", "msgspec", "pydantic")
_PACKAGE = Path(__file__).parents[1]


def kept_document(
    folder: Path | None, operations: Sequence[Operation], base_path: str, make: Callable[[], bytes]
) -> bytes:
    """What `make` gives, from the folder where it was made before from the same code.

    None is no folder: then it is made each time.
    """
    if folder is None:
        return make()
    file = folder / f"openapi-{_mark(operations, base_path)}.json"
    with suppress(OSError):
        return file.read_bytes()
    document = make()
    try:
        _keep(file, document)
    except OSError as error:
        _log.info("The OpenAPI document is not kept: %s", error)
    return document


def _mark(operations: Sequence[Operation], base_path: str) -> str:
    """What all that goes into the document is known by: other code, other marks."""
    return sha256("\n".join(_parts(operations, base_path)).encode()).hexdigest()[:32]


def _parts(operations: Sequence[Operation], base_path: str) -> Iterator[str]:
    yield base_path
    yield sys.version
    for maker in _MAKERS:
        yield version(maker)
    for operation in operations:
        yield f"{operation.method} {operation.path}"
    for file in sorted(_PACKAGE.rglob("*.py")):
        found = file.stat()
        yield f"{file} {found.st_size} {found.st_mtime_ns}"


def _keep(file: Path, document: bytes) -> None:
    """Write it in one step, in the place of those of other code."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_bytes(document)
    draft.replace(file)
    for other in file.parent.glob("openapi-*.json"):
        if other != file:
            other.unlink(missing_ok=True)
