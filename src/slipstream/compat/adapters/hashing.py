"""`airflow.utils.hashlib_wrapper`: digests that name things and protect nothing."""

from __future__ import annotations

import hashlib
from typing import Any


def md5(string: Any = b"", /) -> Any:
    """An MD5 digest, also on systems that allow none for security."""
    return hashlib.md5(string, usedforsecurity=False)
