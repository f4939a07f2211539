"""What of the server's environment its zygotes and tasks get."""

from __future__ import annotations

import os
import re
import site
from collections.abc import Mapping
from pathlib import Path

import slipstream

LINEAGE = "SLIPSTREAM_LINEAGE"
"""Names the server that a process descends from: `RUN FOLDER|PID|START TIME`."""

BIND_NOW = "LD_BIND_NOW"
"""Makes the dynamic linker look up all of a library's symbols when it loads it (ld.so(8))."""
OURS = "slipstream"
"""Any value does; this one says that it is for zygotes, and not for what tasks start."""

_HIDDEN = re.compile(
    r"(SLIPSTREAM|AIRFLOW)__(DATABASE__SQL_ALCHEMY_CONN\w*|CORE__FERNET_KEY\w*"
    r"|API_AUTH__JWT_\w*|(API|WEBSERVER)__SECRET_KEY\w*|CELERY__\w+)"
)
_DROPPED = frozenset(
    {"PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONPROFILEIMPORTTIME", "PYTHONDEBUG", "PYTHONVERBOSE"}
)


def task_environment(environment: Mapping[str, str], lineage: str) -> Mapping[str, str]:
    """The environment of the root zygote: without the server's own secrets, and marked."""
    kept = {
        name: value
        for name, value in environment.items()
        if not _HIDDEN.fullmatch(name) and name not in _DROPPED
    }
    return {**kept, **_path_to_us(environment), LINEAGE: lineage}


def _path_to_us(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What a new interpreter needs to find this package where it is not installed."""
    parent = str(Path(slipstream.__file__).parents[1])
    known = environment.get("PYTHONPATH", "").split(os.pathsep)
    if parent in known or parent in site.getsitepackages():
        return {}
    return {"PYTHONPATH": os.pathsep.join([parent, *filter(None, known)])}


def lineage_of(run_dir: Path, pid: int, start_time: int) -> str:
    """The mark of what one server starts."""
    return f"{run_dir}|{pid}|{start_time}"
