"""What every server process does before and around its work."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.config import Config

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_logging(config: Config) -> None:
    """Log to standard error from `[logging] logging_level` on."""
    level = config.text("logging", "logging_level").upper()
    logging.basicConfig(level=level, format=LOG_FORMAT, stream=sys.stderr)


def export_settings(deployment: Deployment, arguments: Namespace) -> None:
    """Let the processes that run people's code find the same home and the same settings."""
    os.environ["SLIPSTREAM_HOME"] = str(deployment.home)
    if deployment.config.file is not None:
        os.environ["SLIPSTREAM_CONFIG"] = str(deployment.config.file)
    for section, key in getattr(arguments, "settings", {}):
        value = deployment.config.text(section, key)
        os.environ[f"SLIPSTREAM__{section.upper()}__{key.upper()}"] = value


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    print(line, flush=True)
