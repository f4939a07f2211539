"""Telling plugins' listeners what happens. Where nobody listens, this costs next to nothing."""

from __future__ import annotations

import logging
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from slipstream.sdk._plugins.places import may_be_plugins
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    import pluggy

_log = logging.getLogger("airflow.task")


class TaskRunnerMarker:
    """The component that `on_starting` and `before_stopping` are given in a task's process."""


class ListenerManager:
    """Holds listeners, and calls them. `hook.<name>(…)` calls all that have that function."""

    def __init__(self) -> None:
        import pluggy

        from slipstream.sdk._listener_specs import PROJECT

        self.pm: pluggy.PluginManager = pluggy.PluginManager(PROJECT)

    def add_hookspecs(self, spec_module: ModuleType) -> None:
        """Know the hooks of a module."""
        self.pm.add_hookspecs(spec_module)

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens."""
        return bool(self.pm.get_plugins())

    @property
    def hook(self) -> pluggy.HookRelay:
        """The hooks to call."""
        return self.pm.hook

    def add_listener(self, listener: object) -> None:
        """Let a module or an object listen; a second time changes nothing."""
        if not self.pm.is_registered(listener):
            self.pm.register(listener)

    def clear(self) -> None:
        """Let nobody listen any more."""
        for listener in self.pm.get_plugins():
            self.pm.unregister(listener)


@cache
def get_listener_manager() -> ListenerManager:
    """The listeners of this deployment's plugins."""
    from slipstream.sdk import _listener_specs
    from slipstream.sdk._plugins.parts import listeners

    manager = ListenerManager()
    manager.add_hookspecs(_listener_specs)
    for listener in listeners():
        manager.add_listener(listener)
    return manager


def is_anybody_listening(hook: str | None = None) -> bool:
    """Whether a plugin listens, to that hook where one is named."""
    if not may_be_plugins():
        return False
    manager = get_listener_manager()
    if hook is None:
        return manager.has_listeners
    return bool(getattr(manager.hook, hook).get_hookimpls())


def tell(hook: str, **arguments: UserValue) -> str | None:
    """Call everybody who listens to the hook. The error of one that raises is logged, and given in
    one line."""
    if not is_anybody_listening(hook):
        return None
    try:
        getattr(get_listener_manager().hook, hook)(**arguments)
    except Exception as error:  # noqa: BLE001 - who listens decides nothing
        _log.exception("A listener of %s failed", hook)
        return f"{type(error).__name__}: {error}"
    return None
