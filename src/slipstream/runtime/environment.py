"""What of the server's environment its zygotes and tasks get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LINEAGE = "SLIPSTREAM_LINEAGE"
"""Names the server that a process descends from: `HOME:PID:START TIME`."""

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
    return {**kept, LINEAGE: lineage}


def lineage_of(run_dir: Path, pid: int, start_time: int) -> str:
    """The mark of what one server starts."""
    return f"{run_dir}:{pid}:{start_time}"
