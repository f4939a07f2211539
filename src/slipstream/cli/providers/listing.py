"""What the installed providers bring, kind by kind, under the field names of Airflow."""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.output import Row, show_rows
from slipstream.model.errors import NotFoundError

if TYPE_CHECKING:
    from slipstream.compat.providers.manager import ProvidersManager

PREFIX = "apache-airflow-providers-"


def packages(_deployment: Deployment, arguments: Namespace) -> None:
    """Name, description and version of each package."""
    rows = [
        {
            "package_name": package,
            "description": _plain(provider.data.get("description", "")),
            "version": provider.version,
        }
        for package, provider in _manager().providers.items()
    ]
    show_rows(rows, arguments.output, columns=("package_name", "description", "version"))


def get_provider(_deployment: Deployment, arguments: Namespace) -> None:
    """One package: its version, or all that it says."""
    name = full_name(arguments.provider_name)
    found = _manager().providers.get(name)
    if found is None:
        raise NotFoundError(
            f"The provider {name} is not installed here. "
            f"`slipstream providers install {short_name(name)}` installs it."
        )
    if arguments.full:
        data = {**found.data, "description": _plain(found.data.get("description", ""))}
        show_rows([data], arguments.output, columns=tuple(data))
    else:
        row = {"Provider": name, "Version": found.version}
        show_rows([row], arguments.output, columns=("Provider", "Version"))


def hooks(_deployment: Deployment, arguments: Namespace) -> None:
    """The hook of each connection type; a type whose hook cannot be imported says so."""
    rows = []
    for kind, info in _manager().hooks.items():
        rows.append(
            {
                "connection_type": kind,
                "class": info.hook_class_name if info else "cannot be imported",
                "conn_id_attribute_name": info.connection_id_attribute_name if info else None,
                "package_name": info.package_name if info else None,
                "hook_name": info.hook_name if info else None,
            }
        )
    show_rows(
        rows,
        arguments.output,
        columns=("connection_type", "class", "conn_id_attribute_name", "package_name", "hook_name"),
    )


def triggers(_deployment: Deployment, arguments: Namespace) -> None:
    """The modules of triggers."""
    rows = [
        {
            "package_name": one.package_name,
            "class": one.trigger_class_name,
            "integration_name": one.integration_name,
        }
        for one in _manager().trigger
    ]
    show_rows(rows, arguments.output, columns=("package_name", "class", "integration_name"))


def widgets(_deployment: Deployment, arguments: Namespace) -> None:
    """The extra fields of connection forms."""
    rows = [
        {
            "connection_parameter_name": name,
            "class": one.hook_class_name,
            "package_name": one.package_name,
            "field_type": _field_type(one.field),
        }
        for name, one in sorted(_manager().connection_form_widgets.items())
    ]
    columns = ("connection_parameter_name", "class", "package_name", "field_type")
    show_rows(rows, arguments.output, columns=columns)


def configs(_deployment: Deployment, arguments: Namespace) -> None:
    """The settings that providers add."""
    rows: list[Row] = [
        {"provider_config": [package, described]}
        for package, described in _manager().provider_configs
    ]
    show_rows(rows, arguments.output, columns=("provider_config",))


def behaviours(_deployment: Deployment, arguments: Namespace) -> None:
    """Connection types that change their form."""
    _show(arguments, "field_behaviours", _manager().field_behaviours)


def links(_deployment: Deployment, arguments: Namespace) -> None:
    """Links that operators bring."""
    _show(arguments, "extra_link_class_name", _manager().extra_links_class_names)


def notifications(_deployment: Deployment, arguments: Namespace) -> None:
    """Notifiers."""
    _show(arguments, "notification_class_name", _manager().notification)


def secrets(_deployment: Deployment, arguments: Namespace) -> None:
    """Secrets backends."""
    _show(arguments, "secrets_backend_class_name", _manager().secrets_backend_class_names)


def logging_handlers(_deployment: Deployment, arguments: Namespace) -> None:
    """Log handlers."""
    _show(arguments, "logging_class_name", _manager().logging_class_names)


def executors(_deployment: Deployment, arguments: Namespace) -> None:
    """Executors."""
    _show(arguments, "executor_class_names", _manager().executor_class_names)


def queues(_deployment: Deployment, arguments: Namespace) -> None:
    """Message queues."""
    _show(arguments, "queue_class_names", _manager().queue_class_names)


def auth_managers(_deployment: Deployment, arguments: Namespace) -> None:
    """Auth managers."""
    _show(arguments, "auth_managers_module", _manager().auth_managers)


_PROBE = """
import sys, slipstream.compat, slipstream.sdk
slipstream.compat.install()
import airflow.configuration
from slipstream.sdk._provider_info import providers
sys.exit(1 if providers.cache_info().currsize else 0)
"""


def check_lazy_loading(_deployment: Deployment, _arguments: Namespace) -> None:
    """Raise `CommandFailedError` where an import alone looks for provider packages."""
    done = subprocess.run([sys.executable, "-c", _PROBE], check=False)
    if done.returncode:
        raise CommandFailedError("Importing airflow looks for provider packages already.")
    print("Provider packages are looked for when they are needed.")


def full_name(name: str) -> str:
    """The package that a short name stands for: `cncf.kubernetes`, `cncf_kubernetes`."""
    plain = re.sub(r"[-_.]+", "-", name.strip()).lower()
    return plain if plain.startswith("apache-airflow") else PREFIX + plain


def short_name(package: str) -> str:
    """The package's name without what all of them begin with."""
    return package.removeprefix(PREFIX)


def _manager() -> ProvidersManager:
    from slipstream import compat

    compat.install()
    from slipstream.compat.providers.manager import ProvidersManager

    manager: ProvidersManager = ProvidersManager()
    return manager


def _show(arguments: Namespace, column: str, names: Iterable[str]) -> None:
    show_rows([{column: name} for name in names], arguments.output, columns=(column,))


def _field_type(field: Any) -> Any:
    if isinstance(field, dict):
        return field.get("schema", {}).get("type", "string")
    return type(field).__name__


def _plain(text: str) -> str:
    """A description in reStructuredText as one line: links as text and address."""
    linked = re.sub(r"`([^`<]*?)\s*<([^>]+)>`_{0,2}", r"\1 \2", text)
    return " ".join(linked.replace("`", "").split())
