"""From what a zygote said of its file to the values that the rest of the system knows."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from slipstream.model.version import ParsedFile
from slipstream.wire import messages
from slipstream.wire.dag import decode_dag


def parsed_file(path: Path, folder: Path, started: datetime, loaded: messages.Loaded) -> ParsedFile:
    """What parsing gave."""
    return ParsedFile(
        fileloc=str(path),
        relative_fileloc=os.path.relpath(path, folder),
        dags=tuple(decode_dag(data) for data in loaded.dags),
        sources=loaded.sources,
        error=loaded.error or loaded.refused,
        warnings=tuple(loaded.warnings),
        duration_seconds=loaded.duration_seconds,
        parsed_at=started,
    )
