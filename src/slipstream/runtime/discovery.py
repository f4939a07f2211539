"""Whether a file may hold DAGs: the look that is taken at it before it is executed (safe mode)."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from slipstream.runtime.archives import Archive, is_archive

DEFAULT_LOOK = "airflow.utils.file.might_contain_dag_via_default_heuristic"

Look: TypeAlias = Callable[..., bool]
"""Called with `file_path` and `zip_file` (None for a file of its own), as Airflow does."""


def may_hold_dags(source: bytes) -> bool:
    """Whether a text mentions DAGs (or assets) and the library that makes them."""
    text = source.lower()
    return (b"dag" in text or b"asset" in text) and (b"airflow" in text or b"slipstream" in text)


def looks_like_a_dag_file(path: Path) -> bool:
    """Whether the file, or a file in the archive's first level, mentions DAGs.

    What cannot be read counts: parsing it says in full what is wrong with it.
    """
    try:
        if not is_archive(path):
            return may_hold_dags(path.read_bytes())
        archive = Archive(path)
        return any(may_hold_dags(archive.read(f"{name}.py")) for name in archive.root_modules())
    except (OSError, zipfile.BadZipFile):
        return True


def configured_look() -> Look | None:
    """The deployment's own look (`[core] might_contain_dag_callable`), or None for ours.

    It is people's code: only processes that load DAG files may call it.
    """
    from slipstream.sdk import conf

    if not conf.getboolean("core", "dag_discovery_safe_mode"):
        return None
    if conf.get("core", "might_contain_dag_callable", fallback=DEFAULT_LOOK) == DEFAULT_LOOK:
        return None
    found: Look = conf.getimport("core", "might_contain_dag_callable")
    return found
