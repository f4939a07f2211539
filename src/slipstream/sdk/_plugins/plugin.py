"""The class that plugins subclass, and where one came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from inspect import isclass
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class AirflowPluginException(Exception):
    """A plugin that cannot be used, such as one without a name."""


class AirflowPluginSource:
    """Where a plugin came from; its text is what people are shown."""

    def __str__(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} does not say where it is.")

    def __html__(self) -> str:
        """The same for a web page."""
        raise NotImplementedError(f"{type(self).__name__} does not say where it is.")


class PluginsDirectorySource(AirflowPluginSource):
    """A file of the plugins folder."""

    def __init__(self, path: str | os.PathLike[str], plugins_folder: str) -> None:
        self.path = os.path.relpath(path, plugins_folder)

    def __str__(self) -> str:
        return f"$PLUGINS_FOLDER/{self.path}"

    def __html__(self) -> str:
        return f"<em>$PLUGINS_FOLDER/</em>{self.path}"


class EntryPointSource(AirflowPluginSource):
    """An entry point of an installed package."""

    def __init__(self, entrypoint: EntryPoint) -> None:
        dist = entrypoint.dist
        self.dist = "unknown" if dist is None else dist.metadata["Name"]
        self.version = "unknown" if dist is None else dist.version
        self.entrypoint = str(entrypoint)

    def __str__(self) -> str:
        return f"{self.dist}=={self.version}: {self.entrypoint}"

    def __html__(self) -> str:
        return f"<em>{self.dist}=={self.version}:</em> {self.entrypoint}"


class AirflowPlugin:
    """Subclass it in a file of the plugins folder, or in a package with an entry point of the
    group `airflow.plugins`; each attribute lists what the plugin adds."""

    name: str | None = None
    source: AirflowPluginSource | None = None

    macros: ClassVar[Sequence[UserValue]] = []
    """Functions for templates, as `{{ macros.<plugin's name>.<function> }}`."""
    admin_views: ClassVar[Sequence[UserValue]] = []
    flask_blueprints: ClassVar[Sequence[UserValue]] = []
    fastapi_apps: ClassVar[Sequence[UserValue]] = []
    """`{"app": …, "url_prefix": "/…", "name": …}` of each application to serve."""
    fastapi_root_middlewares: ClassVar[Sequence[UserValue]] = []
    """`{"middleware": class, "args": […], "kwargs": {…}, "name": …}` around every request."""
    external_views: ClassVar[Sequence[UserValue]] = []
    react_apps: ClassVar[Sequence[UserValue]] = []
    menu_links: ClassVar[Sequence[UserValue]] = []
    appbuilder_views: ClassVar[Sequence[UserValue]] = []
    appbuilder_menu_items: ClassVar[Sequence[UserValue]] = []
    global_operator_extra_links: ClassVar[Sequence[UserValue]] = []
    """Links beside every task instance."""
    operator_extra_links: ClassVar[Sequence[UserValue]] = []
    """Links beside the instances of the operators that each names in `operators`."""
    timetables: ClassVar[Sequence[UserValue]] = []
    partition_mappers: ClassVar[Sequence[UserValue]] = []
    windows: ClassVar[Sequence[UserValue]] = []
    deadline_references: ClassVar[Sequence[UserValue]] = []
    listeners: ClassVar[Sequence[UserValue]] = []
    """Modules or objects with functions marked by `hookimpl`."""
    hook_lineage_readers: ClassVar[Sequence[UserValue]] = []
    priority_weight_strategies: ClassVar[Sequence[UserValue]] = []

    @classmethod
    def validate(cls) -> None:
        """Raises `AirflowPluginException` where the plugin has no name."""
        if not cls.name:
            raise AirflowPluginException("Your plugin needs a name.")

    @classmethod
    def on_load(cls, *args: UserValue, **kwargs: UserValue) -> None:
        """Called once in each process that loads the plugin."""


def is_valid_plugin(candidate: object) -> bool:
    """Whether it is a plugin's class. Raises `AirflowPluginException` for one without a name."""
    if not isclass(candidate) or candidate is AirflowPlugin:
        return False
    if not issubclass(candidate, AirflowPlugin):
        return False
    validate: Callable[[], None] = candidate.validate
    validate()
    return True
