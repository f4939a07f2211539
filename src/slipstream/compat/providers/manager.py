"""`ProvidersManager`: everything that provider packages bring, looked up when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from slipstream.compat.providers import forms
from slipstream.compat.providers.looking import (
    class_names,
    class_names_without_check,
    importable,
    later,
    named,
)
from slipstream.compat.providers.values import (
    ConnectionFormWidgetInfo,
    ConnectionTypeHookUIMetadata,
    DialectInfo,
    LazyDictWithCache,
    PluginInfo,
    ProviderInfo,
    RemoteLoggingInfo,
    TriggerInfo,
)
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._provider_info import provided_by, providers


def _reading(*names: str) -> Callable[[Any], None]:
    """A method that looks these up now, so that they are there later."""

    def read(self: Any) -> None:
        for name in names:
            getattr(self, name)

    return read


_made: dict[str, Any] = {}


class ProvidersManagerTaskRuntime(LoggingMixin):
    """What tasks use of the provider packages. There is one in a process."""

    resource_version = "0"

    def __new__(cls) -> Any:
        """The one that there is."""
        if cls.__qualname__ not in _made:
            _made[cls.__qualname__] = object.__new__(cls)
        return _made[cls.__qualname__]

    @cached_property
    def providers(self) -> dict[str, ProviderInfo]:
        """`{package: version and information}`."""
        return {one.package: ProviderInfo(one.version, dict(one.info)) for one in providers()}

    @cached_property
    def hooks(self) -> LazyDictWithCache:
        """`{connection type: HookInfo}`; None for a hook that cannot be imported."""
        found = LazyDictWithCache(forms.core_hooks())
        for provider, kind in provided_by("connection-types"):
            name, path = kind["connection-type"], kind["hook-class-name"]
            if name not in found:
                found[name] = _hook_of(name, path, provider.package)
        return found

    @cached_property
    def taskflow_decorators(self) -> LazyDictWithCache:
        """`{name: function}` of what follows `@task.`."""
        return LazyDictWithCache(
            {
                entry["name"]: later(entry["class-name"], provider.package)
                for provider, entry in provided_by("task-decorators")
            }
        )

    @cached_property
    def filesystem_module_names(self) -> list[str]:
        """The modules that open object stores."""
        return sorted({path for _package, path in named("filesystems")})

    @cached_property
    def asset_uri_handlers(self) -> dict[str, Callable[..., Any]]:
        """`{scheme: function that brings an asset's address into its form}`."""
        return self._of_asset_uris("handler", _as_it_is)

    @cached_property
    def asset_factories(self) -> dict[str, Callable[..., Any]]:
        """`{scheme: function that makes an asset}`."""
        return self._of_asset_uris("factory", None)

    @cached_property
    def asset_to_openlineage_converters(self) -> dict[str, Callable[..., Any]]:
        """`{scheme: function that makes an OpenLineage dataset}`."""
        return self._of_asset_uris("to_openlineage_converter", None)

    @cached_property
    def plugins(self) -> list[PluginInfo]:
        """The plugins that can be imported."""
        return [
            PluginInfo(entry["name"], entry["plugin-class"], provider.package)
            for provider, entry in provided_by("plugins")
            if importable(entry["plugin-class"], provider.package) is not None
        ]

    @cached_property
    def remote_logging_handlers(self) -> list[RemoteLoggingInfo]:
        """What keeps logs elsewhere."""
        return [
            RemoteLoggingInfo(entry["classpath"], entry.get("scheme"), provider.package)
            for provider, entry in provided_by("remote-logging")
        ]

    def remote_logging_handler_by_scheme(self, scheme: str) -> RemoteLoggingInfo | None:
        """What keeps logs at addresses of that scheme."""
        return next((one for one in self.remote_logging_handlers if one.scheme == scheme), None)

    @cached_property
    def provider_configs(self) -> list[tuple[str, dict[str, Any]]]:
        """`(package, {section: description})` of the settings that packages add."""
        return [
            (one.package, dict(one.info["config"])) for one in providers() if one.info.get("config")
        ]

    @property
    def already_initialized_provider_configs(self) -> list[tuple[str, dict[str, Any]]]:
        """The name that `provider_configs` had before."""
        return self.provider_configs

    @staticmethod
    def initialized() -> bool:
        """Whether the packages have been looked for."""
        return providers.cache_info().currsize > 0

    @staticmethod
    def initialization_stack_trace() -> str | None:
        """Where they were looked for first: it is not kept."""
        return None

    initialize_providers_list = _reading("providers")
    initialize_providers_hooks = _reading("hooks")
    initialize_providers_filesystems = _reading("filesystem_module_names")
    initialize_providers_asset_uri_resources = _reading("asset_uri_handlers", "asset_factories")
    initialize_providers_taskflow_decorator = _reading("taskflow_decorators")
    initialize_providers_plugins = _reading("plugins")
    initialize_providers_remote_logging = _reading("remote_logging_handlers")
    initialize_provider_configs = _reading("provider_configs")

    def _of_asset_uris(self, what: str, default: Any) -> dict[str, Callable[..., Any]]:
        found: dict[str, Callable[..., Any]] = {}
        for key in ("asset-uris", "dataset-uris"):
            for provider, entry in provided_by(key):
                path = entry.get(what)
                made = importable(path, provider.package) if path else default
                if made is not None:
                    found.update(
                        {scheme: made for scheme in entry["schemes"] if scheme not in found}
                    )
        return found


class ProvidersManager(ProvidersManagerTaskRuntime):
    """All of it, with what a server and its command line use."""

    @cached_property
    def connection_form_widgets(self) -> dict[str, ConnectionFormWidgetInfo]:
        """`{extra__TYPE__FIELD: field}`."""
        return forms.form_fields()

    @cached_property
    def field_behaviours(self) -> dict[str, dict[str, Any]]:
        """`{connection type: {"hidden_fields", "relabeling", "placeholders"}}`."""
        return forms.field_behaviours()

    def iter_connection_type_hook_ui_metadata(self) -> Iterator[ConnectionTypeHookUIMetadata]:
        """What a form needs of each connection type."""
        return forms.ui_metadata()

    @cached_property
    def extra_links_class_names(self) -> list[str]:
        """The links that operators bring."""
        return sorted({path for _package, path in named("extra-links")})

    @cached_property
    def logging_class_names(self) -> list[str]:
        """Log handlers."""
        return class_names("logging")

    @cached_property
    def secrets_backend_class_names(self) -> list[str]:
        """Secrets backends."""
        return class_names("secrets-backends")

    @cached_property
    def auth_managers(self) -> list[str]:
        """Auth managers."""
        return class_names("auth-managers")

    @cached_property
    def auth_manager_without_check(self) -> set[tuple[str, str]]:
        """`{(class, package)}` of the auth managers, none of them imported."""
        return class_names_without_check("auth-managers")

    @cached_property
    def executor_class_names(self) -> list[str]:
        """Executors."""
        return class_names("executors")

    @cached_property
    def executor_without_check(self) -> set[tuple[str, str]]:
        """`{(class, package)}` of the executors, none of them imported."""
        return class_names_without_check("executors")

    @cached_property
    def db_managers(self) -> list[str]:
        """What manages tables of its own."""
        return class_names("db-managers")

    @cached_property
    def queue_class_names(self) -> list[str]:
        """Message queues."""
        return class_names("queues")

    @cached_property
    def notification(self) -> list[str]:
        """Notifiers."""
        return class_names("notifications")

    @cached_property
    def dialects(self) -> dict[str, DialectInfo]:
        """`{name: dialect}` of SQL databases."""
        return {
            entry["dialect-type"]: DialectInfo(
                entry["dialect-type"], entry["dialect-class-name"], provider.package
            )
            for provider, entry in provided_by("dialects")
        }

    @cached_property
    def trigger(self) -> list[TriggerInfo]:
        """The modules of triggers, by name."""
        found = (
            TriggerInfo(module, provider.package, entry.get("integration-name", ""))
            for provider, entry in provided_by("triggers")
            for module in entry["python-modules"]
        )
        return sorted(found, key=lambda one: one.package_name)

    @cached_property
    def cli_command_functions(self) -> set[Callable[[], Any]]:
        """Functions that give groups of commands."""
        made = (importable(path, package) for package, path in named("cli"))
        return {function for function in made if function is not None}

    @cached_property
    def cli_command_providers(self) -> set[str]:
        """The packages that have commands."""
        return {package for package, _path in named("cli")}

    initialize_providers_configuration = _reading("provider_configs")
    initialize_providers_extra_links = _reading("extra_links_class_names")
    initialize_providers_logging = _reading("logging_class_names")
    initialize_providers_secrets_backends = _reading("secrets_backend_class_names")
    initialize_providers_auth_managers = _reading("auth_managers")
    initialize_providers_auth_managers_without_check = _reading("auth_manager_without_check")
    initialize_providers_executors = _reading("executor_class_names")
    initialize_providers_executors_without_check = _reading("executor_without_check")
    initialize_providers_db_managers = _reading("db_managers")
    initialize_providers_queues = _reading("queue_class_names")
    initialize_providers_notifications = _reading("notification")
    initialize_providers_triggers = _reading("trigger")
    initialize_providers_cli_command = _reading("cli_command_functions")


def providers_configuration_loaded(func: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is: settings of providers are looked up when they are asked for."""
    return func


def _hook_of(name: str, path: str, package: str) -> Callable[[], Any]:
    return lambda: forms.hook_info(name, path, package)


def _as_it_is(uri: Any) -> Any:
    """An address that needs no change."""
    return uri
