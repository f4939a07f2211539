"""A small provider distribution, as a folder that an interpreter may have on its path."""

from __future__ import annotations

import json
from pathlib import Path

INFO = {
    "package-name": "apache-airflow-providers-acme",
    "name": "Acme",
    "description": "A service that there is not.\n",
    "connection-types": [
        {
            "connection-type": "acme",
            "hook-name": "Acme",
            "hook-class-name": "airflow.providers.acme.hooks.AcmeHook",
            "ui-field-behaviour": {
                "hidden-fields": ["schema"],
                "relabeling": {"host": "Where"},
                "placeholders": {"login": "me", "retries": "5"},
            },
            "conn-fields": {
                "retries": {
                    "label": "Retries",
                    "schema": {"type": ["integer", "null"], "default": 5},
                    "description": "How often.",
                },
                "key": {
                    "label": "Key",
                    "schema": {"type": ["string", "null"], "format": "password"},
                },
            },
        },
        {
            "connection-type": "acme_lost",
            "hook-name": "Lost",
            "hook-class-name": "airflow.providers.acme.lost.LostHook",
        },
    ],
    "config": {
        "acme": {
            "description": "Settings of Acme.",
            "options": {
                "depth": {"type": "integer", "default": "7", "description": ""},
                "name": {"type": "string", "default": None, "description": ""},
            },
        },
        "providers.acme": {"options": {"allow": {"type": "boolean", "default": "False"}}},
    },
    "secrets-backends": [
        "airflow.providers.acme.hooks.AcmeBackend",
        "airflow.providers.acme.lost.LostBackend",
    ],
    "executors": ["airflow.providers.acme.lost.LostExecutor"],
    "notifications": ["airflow.providers.acme.hooks.AcmeNotifier"],
    "extra-links": ["airflow.providers.acme.hooks.AcmeLink"],
    "logging": ["airflow.providers.acme.hooks.AcmeHandler"],
    "remote-logging": [{"classpath": "airflow.providers.acme.hooks.AcmeLogs", "scheme": "acme"}],
    "queues": ["airflow.providers.acme.hooks.AcmeQueue"],
    "auth-managers": ["airflow.providers.acme.hooks.AcmeAuth"],
    "filesystems": ["airflow.providers.acme.hooks"],
    "task-decorators": [{"name": "acme", "class-name": "airflow.providers.acme.hooks.acme_task"}],
    "triggers": [
        {"integration-name": "Acme", "python-modules": ["airflow.providers.acme.triggers"]}
    ],
    "asset-uris": [
        {
            "schemes": ["acme"],
            "handler": "airflow.providers.acme.hooks.sanitize",
            "factory": "airflow.providers.acme.hooks.create",
        },
        {"schemes": ["plain"], "handler": None},
    ],
    "dialects": [
        {"dialect-type": "acmesql", "dialect-class-name": "airflow.providers.acme.hooks.Dialect"}
    ],
    "plugins": [{"name": "acme", "plugin-class": "airflow.providers.acme.hooks.AcmePlugin"}],
    "cli": ["airflow.providers.acme.hooks.commands"],
}
_HOOKS = """
from airflow.sdk import BaseHook

class AcmeHook(BaseHook):
    conn_name_attr = "acme_conn_id"
    default_conn_name = "acme_default"
    conn_type = "acme"
    hook_name = "Acme"

    def __init__(self, acme_conn_id="acme_default", depth=1):
        super().__init__()
        self.acme_conn_id, self.depth = acme_conn_id, depth

    def test_connection(self):
        return True, "well"

class AcmeBackend: ...
class AcmeNotifier: ...
class AcmeLink: ...
class AcmeHandler: ...
class AcmeLogs: ...
class AcmeQueue: ...
class AcmeAuth: ...
class Dialect: ...
class AcmePlugin: ...

def acme_task(function): return function
def sanitize(uri): return uri._replace(netloc="acme.example")
def create(**kwargs): return kwargs

def commands():
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

    depth = Arg(("--depth",), type=int, default=1, help="how deep")
    run = lazy_load_command("airflow.providers.acme.hooks.dig")
    dig = ActionCommand("dig", "Dig", run, (depth,))
    return [GroupCommand("acme", "What Acme does", (dig,)), dig._replace(name="pools")]

def dig(args):
    from airflow.configuration import conf
    from airflow.exceptions import AirflowException

    if args.depth > conf.getint("acme", "depth"):
        raise AirflowException(f"{args.depth} is too deep.")
    print("dug", args.depth, conf.get("core", "dags_folder"))
    raise SystemExit(0)
"""


def make_provider(folder: Path) -> Path:
    """Write the distribution into the folder, which is given back."""
    package = folder / "airflow" / "providers" / "acme"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.2.3'\n")
    (package / "hooks.py").write_text(_HOOKS)
    (package / "lost.py").write_text("import a_package_that_is_not_installed\n")
    info = f"import json\ndef get_provider_info():\n    return json.loads({json.dumps(INFO)!r})\n"
    (package / "get_provider_info.py").write_text(info)
    metadata = folder / "apache_airflow_providers_acme-1.2.3.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: apache-airflow-providers-acme\nVersion: 1.2.3\n"
        "Project-URL: Documentation, https://acme.example/docs\n"
        "Summary: Acme\n"
    )
    (metadata / "entry_points.txt").write_text(
        "[apache_airflow_provider]\n"
        "provider_info=airflow.providers.acme.get_provider_info:get_provider_info\n"
    )
    return folder
