"""What the standard provider says about itself, which is a part of Slipstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slipstream.sdk._types import UserValue

PACKAGE: Final = "apache-airflow-providers-standard"
VERSION: Final = "1.21.0"
_ROOT = "airflow.providers.standard"


def _modules(kind: str, names: str) -> list[dict[str, UserValue]]:
    return [
        {
            "integration-name": "Standard",
            "python-modules": [f"{_ROOT}.{kind}.{name}" for name in names.split()],
        }
    ]


_DECORATORS: Final = (
    *((name, name, f"{name}_task") for name in ("python", "bash", "branch_external_python")),
    ("branch", "branch_python", "branch_task"),
    *((name, name, f"{name}_task") for name in ("branch_virtualenv", "external_python")),
    ("virtualenv", "python_virtualenv", "virtualenv_task"),
    *((name, name, f"{name}_task") for name in ("sensor", "short_circuit")),
    ("stub", "stub", "stub"),
)
"""Names after `@task.`, and where their functions are."""

INFO: Final[Mapping[str, UserValue]] = {
    "package-name": PACKAGE,
    "name": "Standard",
    "description": "Operators, sensors, triggers and hooks that are a part of Slipstream.\n",
    "operators": _modules(
        "operators",
        "bash branch datetime empty latest_only python smooth trigger_dagrun weekday",
    ),
    "sensors": _modules(
        "sensors", "bash date_time external_task filesystem python time time_delta weekday"
    ),
    "hooks": _modules("hooks", "filesystem package_index subprocess"),
    "triggers": _modules("triggers", "external_task file hitl temporal"),
    "task-decorators": [
        {"name": name, "class-name": f"{_ROOT}.decorators.{module}.{function}"}
        for name, module, function in _DECORATORS
    ],
    "config": {
        "standard": {
            "description": "Settings of the standard provider's operators.",
            "options": {
                "venv_install_method": {
                    "description": "What makes virtual environments: auto, uv or pip.",
                    "version_added": None,
                    "type": "string",
                    "example": "uv",
                    "default": "auto",
                }
            },
        }
    },
    "extra-links": [
        f"{_ROOT}.operators.trigger_dagrun.TriggerDagRunLink",
        f"{_ROOT}.sensors.external_task.ExternalDagLink",
    ],
    "connection-types": [
        {
            "connection-type": "fs",
            "hook-name": "File (path)",
            "hook-class-name": f"{_ROOT}.hooks.filesystem.FSHook",
            "ui-field-behaviour": {
                "hidden-fields": ["host", "schema", "port", "login", "password", "extra"],
            },
            "conn-fields": {"path": {"label": "Path", "schema": {"type": ["string", "null"]}}},
        },
        {
            "connection-type": "package_index",
            "hook-name": "Package Index (Python)",
            "hook-class-name": f"{_ROOT}.hooks.package_index.PackageIndexHook",
            "ui-field-behaviour": {
                "hidden-fields": ["schema", "port", "extra"],
                "relabeling": {"host": "Package Index URL"},
                "placeholders": {
                    "host": "https://packages.example.org/simple",
                    "login": "the user's name, if the index asks for one",
                    "password": "the password or token, if the index asks for one",
                },
            },
        },
    ],
}
