"""Puts the web app into the package that is built."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own is not typed
    """Builds the app before a wheel or a source distribution is put together.

    An editable installation is one of a checkout, which `make ui` builds the app for.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called before the files are collected."""
        if version == "editable" or not (Path(self.root) / "ui").is_dir():
            return
        path = Path(self.root) / "tools" / "build_ui.py"
        spec = importlib.util.spec_from_file_location("build_ui", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build()
