"""Warnings about names that newer Airflow releases dropped: one per file and name."""

from __future__ import annotations

import sys
import warnings
from pathlib import PurePath

from slipstream.sdk.exceptions import RemovedInAirflow3Warning

_OWN_PACKAGES = ("slipstream", "airflow", "jinja2", "contextlib", "functools", "abc", "importlib")

_warned: set[tuple[str, str]] = set()


def warn_deprecated(
    name: str,
    instead: str,
    *,
    category: type[DeprecationWarning] = RemovedInAirflow3Warning,
    filename: str | None = None,
) -> None:
    """Warn that `name` is deprecated, once for the file that used it.

    `instead` is a sentence that says what to write. `filename` is the file, where it is not the
    one of the nearest caller outside of Slipstream, Airflow and its providers.
    """
    found, line = _caller() if filename is None else (filename, 1)
    if (found, name) in _warned:
        return
    _warned.add((found, name))
    warnings.warn_explicit(
        f"{name} is deprecated. {instead}", category, found, line, module=PurePath(found).stem
    )


def forget_warnings() -> None:
    """Warn again about everything: a file is about to be loaded anew in this process."""
    _warned.clear()


def _caller() -> tuple[str, int]:
    """File and line of the nearest frame of user code."""
    frame = sys._getframe(2)
    while frame.f_back is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OWN_PACKAGES:
            break
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
