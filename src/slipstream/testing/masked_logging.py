"""Logs of tasks that run in this process: shown, and with secrets hidden."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from slipstream.runtime.masking import Masker

_FORMAT = "[%(asctime)s] %(levelname)s - %(message)s"


class _Mask(logging.Filter):
    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.getMessage()
        masked = self._masker.mask(shown)
        if masked != shown:
            record.msg, record.args = masked, None
        return True


@contextmanager
def masked_logging(masker: Masker) -> Iterator[None]:
    """Inside, known secrets are hidden in what is logged.

    Where the program has not set up logging itself, logs are written to standard output.
    """
    root = logging.getLogger()
    own: logging.Handler | None = None
    level = root.level
    if not root.handlers:
        own = logging.StreamHandler(sys.stdout)
        own.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(own)
        root.setLevel(logging.INFO)
    mask = _Mask(masker)
    handlers = tuple(root.handlers)
    for handler in handlers:
        handler.addFilter(mask)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(mask)
        if own is not None:
            root.removeHandler(own)
            root.setLevel(level)
