"""The files that a new home begins with."""

from __future__ import annotations

from slipstream.cli.deployment import Deployment
from slipstream.config.load import FILE_NAME

SETTINGS = """\
# The settings of this home. Environment variables as SLIPSTREAM__CORE__PARALLELISM beat them.
# `slipstream config list --include-defaults` shows every setting and where its value comes from.

[core]
# dags_folder = "dags"
# parallelism = 32
# dags_are_paused_at_creation = true

[api]
# host = "127.0.0.1"
# port = 8080
"""


def write_settings(deployment: Deployment) -> None:
    """Give a home that has no `slipstream.toml` one in which nothing is set."""
    if deployment.config.file is None:
        deployment.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = deployment.home / FILE_NAME
        path.touch(mode=0o600)
        path.write_text(SETTINGS, encoding="utf-8")
