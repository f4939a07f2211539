"""Which file is the log of a try: one below the log folder, wherever links lead.

Tasks may write in the log folder as the server's user does. A link that one of them puts there must
not have the server read out what lies elsewhere, nor wait for a pipe.
"""

from __future__ import annotations

import logging
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

NO_FILE: Final = Path("/proc/no log")
"""A path at which there never is a file, and nobody can make one."""


def kept_log(folder: Path, name: Path) -> Path:
    """The file `name` below the log folder, links followed; `NO_FILE` for what is no log of ours.

    The folder itself may be a link. A file that is not there yet is below it, too.
    """
    path = folder / name
    real = os.path.realpath(path)
    if not real.startswith(os.path.join(os.path.realpath(folder), "")):
        _refuse(path, f"leads out of the log folder, to {real}")
        return NO_FILE
    try:
        mode = os.stat(real).st_mode
    except FileNotFoundError:
        return Path(real)
    except OSError as error:
        _refuse(path, f"cannot be read ({error.strerror})")
        return NO_FILE
    if not stat.S_ISREG(mode):
        _refuse(path, "is no file")
        return NO_FILE
    return Path(real)


@lru_cache(maxsize=1024)
def _refuse(path: Path, why: str) -> None:
    """Said once of each."""
    _log.warning("The log %s %s: it is not served. Did a task put it there?", path, why)
