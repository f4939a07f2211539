"""A home with a plugins folder, and the plugins of it in this process."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipstream import compat
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._plugins.loading import read_plugins_anew


class PluginHome:
    """Writes plugin files; what is loaded is forgotten whenever one is written."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "plugins"
        self.folder.mkdir(parents=True)

    def write(self, name: str, body: str) -> Path:
        """A file of the plugins folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "from airflow.plugins_manager import AirflowPlugin\n" + textwrap.dedent(body)
        )
        read_plugins_anew()
        return path


@contextmanager
def plugin_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHome]:
    """The process is afterwards as it was before."""
    monkeypatch.setenv("SLIPSTREAM_HOME", str(home))
    modules, path = dict(sys.modules), list(sys.path)
    had_finder = compat._finder.is_installed()
    compat.install()
    read_settings_anew()
    read_plugins_anew()
    try:
        yield PluginHome(home)
    finally:
        if not had_finder:
            compat._finder.uninstall()
        for name in sys.modules.keys() - modules.keys():
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(home)) or ".macros." in name:
                del sys.modules[name]
        sys.path[:] = path
        monkeypatch.delenv("SLIPSTREAM_HOME")
        read_settings_anew()
        read_plugins_anew()
