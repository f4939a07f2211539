"""`airflow.sdk.log`: loggers, and where a task's log lies."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any


def logger_at_level(name: str, level: int) -> logging.Logger:
    """A logger that lets nothing below a level through."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    return logger


def relative_path_from_logger(logger: Any) -> Path | None:
    """The path of the file that a logger writes to, below the folder of logs; None without one."""
    from slipstream.config import load_config

    file = getattr(getattr(logger, "_file", None), "name", None)
    if file is None:
        handlers = getattr(logger, "handlers", ())
        file = next((one.baseFilename for one in handlers if hasattr(one, "baseFilename")), None)
    if file is None:
        return None
    folder = load_config().path("logging", "base_log_folder")
    path = Path(file)
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def configure_logging(*_args: Any, log_level: str = "DEFAULT", **_kwargs: Any) -> None:
    """Have this process log to standard error as `[logging]` says. Tasks need no such call."""
    from slipstream.sdk import conf

    wanted = conf.get("logging", "logging_level") if log_level == "DEFAULT" else log_level
    logging.basicConfig(
        level=str(wanted).upper(), format=conf.get("logging", "simple_log_format"), force=True
    )
