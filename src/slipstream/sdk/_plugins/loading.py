"""Loading plugins: from the plugins folder, then from installed packages, then from providers."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from slipstream.sdk._plugins.places import (
    loads_providers_plugins,
    may_be_plugins,
    plugin_entry_points,
    plugin_files,
    plugins_folder,
)
from slipstream.sdk._plugins.plugin import (
    AirflowPlugin,
    EntryPointSource,
    PluginsDirectorySource,
    is_valid_plugin,
)
from slipstream.sdk._provider_info import provided

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Plugins:
    """What this process has loaded, and what went wrong."""

    loaded: list[AirflowPlugin] = field(default_factory=list)
    import_errors: dict[str, str] = field(default_factory=dict)
    """`{file, package or plugin: what is wrong with it}`."""

    def add(self, plugin: AirflowPlugin) -> None:
        """Take the plugin in, unless one of its name is there."""
        where = str(plugin.source or plugin.name)
        if any(known.name == plugin.name for known in self.loaded):
            self.refuse(where, f"Plugin {plugin.name!r} is there already; this one is left out.")
            return
        try:
            plugin.on_load()
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self.refuse(where, f"on_load failed: {_described(error)}")
            return
        self.loaded.append(plugin)

    def refuse(self, where: str, error: str) -> None:
        """Keep what is wrong. Whoever shows it to people says it; here are many processes."""
        _log.info("The plugin of %s is not used: %s", where, error)
        self.import_errors[where] = error


def plugins() -> Plugins:
    """The plugins of this deployment; loaded once in a process. Never raises for one of them."""
    return _load()


def read_plugins_anew() -> None:
    """Forget what was loaded: files or installed packages have changed."""
    from slipstream.sdk import _entry_points, _listeners
    from slipstream.sdk._plugins import parts, places

    _entry_points.look_again()
    places.forget()
    _load.cache_clear()
    parts.forget()
    _listeners.get_listener_manager.cache_clear()


@cache
def _load() -> Plugins:
    found = Plugins()
    if not may_be_plugins():
        return found
    # Those of a person's own come first, and win over packages' of the same name.
    for plugin in (*_of_folder(found), *_of_packages(found), *_of_providers(found)):
        found.add(plugin)
    return found


def _of_folder(found: Plugins) -> Iterator[AirflowPlugin]:
    folder = str(plugins_folder())
    if folder not in sys.path:
        sys.path.append(folder)
    for path in plugin_files():

        def find(path: Path = path) -> Iterable[AirflowPlugin]:
            for plugin in [kind() for kind in _plugin_classes(_module_of(path))]:
                plugin.source = PluginsDirectorySource(path, folder)
                yield plugin

        yield from _guarded(find, str(path), found)


def _of_packages(found: Plugins) -> Iterator[AirflowPlugin]:
    for point in plugin_entry_points():

        def find(point: EntryPoint = point) -> Iterable[AirflowPlugin]:
            kind = point.load()
            if is_valid_plugin(kind):
                plugin: AirflowPlugin = kind()
                plugin.source = EntryPointSource(point)
                yield plugin

        yield from _guarded(find, point.module, found)


def _of_providers(found: Plugins) -> Iterator[AirflowPlugin]:
    for entry in provided("plugins") if loads_providers_plugins() else ():
        path = str(entry["plugin-class"])

        def find(path: str = path) -> Iterable[AirflowPlugin]:
            module, _, name = path.rpartition(".")
            kind = getattr(importlib.import_module(module), name)
            if is_valid_plugin(kind):
                yield kind()

        # Most providers name the same plugin as an entry point, too.
        if not any(known.name == entry.get("name") for known in found.loaded):
            yield from _guarded(find, path, found)


def _guarded(
    find: Callable[[], Iterable[AirflowPlugin]], where: str, found: Plugins
) -> Iterator[AirflowPlugin]:
    try:
        plugins = list(find())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing a plugin may do anything
        found.refuse(where, _described(error))
        return
    yield from plugins


def _module_of(path: Path) -> ModuleType:
    """The file as a module under its bare name, as other plugins and DAG files import it.

    A module of that name from elsewhere keeps its place: a plugin must not replace a library.
    """
    name = path.stem
    before = sys.modules.get(name)
    if before is not None and getattr(before, "__file__", None) == str(path):
        return before
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None, "a Python file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        if before is not None and not _is_of_folder(before):
            sys.modules[name] = before
    return module


def _is_of_folder(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(plugins_folder())


def _plugin_classes(module: ModuleType) -> list[type[AirflowPlugin]]:
    """Each once, whatever names it has."""
    return list(dict.fromkeys(value for value in vars(module).values() if is_valid_plugin(value)))


def _described(error: BaseException) -> str:
    """The error, and the line that it came from, in one line."""
    said = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        return said
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    return f"{said} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else said
