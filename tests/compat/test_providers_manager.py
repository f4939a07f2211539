"""`ProvidersManager` and the settings of providers, over a small distribution."""

import json
from pathlib import Path

import pytest

from .fake_provider import INFO, make_provider
from .interpreter import run

SHOWN = """
import json
from airflow.providers_manager import ProvidersManager
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime
m = ProvidersManager()
shown = {
    "one": m is ProvidersManager(),
    "version": m.providers["apache-airflow-providers-acme"].version,
    "data": m.providers["apache-airflow-providers-acme"].data,
    "hook": m.hooks["acme"]._asdict(),
    "lost hook": m.hooks["acme_lost"],
    "generic": m.hooks["generic"].hook_name,
    "behaviour": m.field_behaviours["acme"],
    "widgets": {k: [w.field, w.field_name, w.is_sensitive]
                for k, w in m.connection_form_widgets.items() if "acme" in k},
    "types": [(t.connection_type, t.hook_name)
              for t in m.iter_connection_type_hook_ui_metadata()],
    "secrets": m.secrets_backend_class_names,
    "executors": m.executor_class_names,
    "executors unchecked": sorted(m.executor_without_check),
    "notifiers": m.notification,
    "links": [one for one in m.extra_links_class_names if "acme" in one],
    "logging": m.logging_class_names,
    "queues": m.queue_class_names,
    "auth": m.auth_managers,
    "remote": m.remote_logging_handler_by_scheme("acme")._asdict(),
    "no remote": m.remote_logging_handler_by_scheme("nope"),
    "decorator": m.taskflow_decorators["acme"].__name__,
    "decorators": sorted(m.taskflow_decorators),
    "filesystems": m.filesystem_module_names,
    "triggers": [t._asdict() for t in m.trigger if "acme" in t.package_name],
    "dialects": m.dialects["acmesql"]._asdict(),
    "plugins": [p._asdict() for p in m.plugins],
    "commands": [f.__name__ for f in m.cli_command_functions],
    "command providers": sorted(m.cli_command_providers),
    "configs": [package for package, _ in m.provider_configs],
    "uris": sorted(m.asset_uri_handlers),
    "plain": m.asset_uri_handlers["plain"]("plain://x"),
    "factories": sorted(m.asset_factories),
    "runtime hook": ProvidersManagerTaskRuntime().hooks["acme"].connection_type,
}
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return json.loads(run(SHOWN, path=make_provider(tmp_path_factory.mktemp("acme"))))


def test_packages_are_found_with_what_they_say(shown: dict[str, object]) -> None:
    assert shown["one"] is True
    assert (shown["version"], shown["data"]) == (
        "1.2.3",
        {**INFO, "documentation-url": "https://acme.example/docs"},
    )


def test_a_hook_is_imported_when_it_is_asked_for(shown: dict[str, object]) -> None:
    assert shown["hook"] == {
        "hook_class_name": "airflow.providers.acme.hooks.AcmeHook",
        "connection_id_attribute_name": "acme_conn_id",
        "package_name": "apache-airflow-providers-acme",
        "hook_name": "Acme",
        "connection_type": "acme",
        "connection_testable": True,
        "dialects": [],
    }
    assert shown["lost hook"] is None
    assert shown["generic"] == "Generic"
    assert shown["runtime hook"] == "acme"


def test_forms_know_hidden_and_extra_fields(shown: dict[str, object]) -> None:
    assert shown["behaviour"] == {
        "hidden_fields": ["schema"],
        "relabeling": {"host": "Where"},
        "placeholders": {"login": "me", "extra__acme__retries": "5"},
    }
    schema = {"type": ["integer", "null"], "default": 5, "title": "Retries"}
    retries = {"value": 5, "schema": schema, "description": "How often.", "source": None}
    widgets = shown["widgets"]
    assert isinstance(widgets, dict)
    assert widgets["extra__acme__retries"] == [retries, "retries", False]
    assert widgets["extra__acme__key"][2] is True
    assert shown["types"] == [
        ["acme", "Acme"],
        ["acme_lost", "Lost"],
        ["email", "Email"],
        ["fs", "File (path)"],
        ["generic", "Generic"],
        ["package_index", "Package Index (Python)"],
    ]


def test_the_standard_providers_decorators_are_among_the_others(shown: dict[str, object]) -> None:
    assert shown["decorators"] == [
        "acme",
        "bash",
        "branch",
        "branch_external_python",
        "branch_virtualenv",
        "external_python",
        "python",
        "sensor",
        "short_circuit",
        "stub",
        "virtualenv",
    ]


def test_what_cannot_be_imported_is_left_out(shown: dict[str, object]) -> None:
    assert shown["secrets"] == ["airflow.providers.acme.hooks.AcmeBackend"]
    assert shown["executors"] == []
    assert shown["executors unchecked"] == [
        ["airflow.providers.acme.lost.LostExecutor", "apache-airflow-providers-acme"]
    ]


def test_every_other_kind_is_listed(shown: dict[str, object]) -> None:
    package = "apache-airflow-providers-acme"
    hooks = "airflow.providers.acme.hooks"
    assert shown["notifiers"] == [f"{hooks}.AcmeNotifier"]
    assert shown["links"] == [f"{hooks}.AcmeLink"]
    assert shown["logging"] == [f"{hooks}.AcmeHandler"]
    assert shown["queues"] == [f"{hooks}.AcmeQueue"]
    assert shown["auth"] == [f"{hooks}.AcmeAuth"]
    assert shown["remote"] == {
        "classpath": f"{hooks}.AcmeLogs",
        "scheme": "acme",
        "package_name": package,
    }
    assert shown["no remote"] is None
    assert (shown["decorator"], shown["filesystems"]) == ("acme_task", [hooks])
    assert shown["triggers"] == [
        {
            "trigger_class_name": "airflow.providers.acme.triggers",
            "package_name": package,
            "integration_name": "Acme",
        }
    ]
    assert shown["dialects"] == {
        "name": "acmesql",
        "dialect_class_name": f"{hooks}.Dialect",
        "provider_name": package,
    }
    assert shown["plugins"] == [
        {"name": "acme", "plugin_class": f"{hooks}.AcmePlugin", "provider_name": package}
    ]
    assert (shown["commands"], shown["command providers"]) == (["commands"], [package])
    assert shown["configs"] == [package, "apache-airflow-providers-standard"]
    assert (shown["uris"], shown["plain"]) == (["acme", "plain"], "plain://x")
    assert shown["factories"] == ["acme"]


def test_a_connection_gives_its_hook_and_settings_have_the_providers_defaults(
    tmp_path: Path,
) -> None:
    code = """
    from airflow.sdk import BaseHook
    from airflow.sdk.configuration import conf
    hook = BaseHook.get_hook("here", hook_params={"depth": 3})
    print(type(hook).__name__, hook.acme_conn_id, hook.depth)
    print(conf.getint("acme", "depth"), conf.has_option("acme", "depth"))
    print(conf.get("acme", "name", fallback="other"), conf.has_option("acme", "name"))
    print(conf.getboolean("providers.acme", "allow"))
    print(conf.getsection("acme"))
    try:
        conf.get("acme", "nothing")
    except Exception as error:
        print(type(error).__name__, error)
    """
    here = {"AIRFLOW_CONN_HERE": "acme://", "AIRFLOW__PROVIDERS_ACME__ALLOW": "True"}
    assert run(code, path=make_provider(tmp_path), environment=here).splitlines() == [
        "AcmeHook here 3",
        "7 True",
        "other False",
        "True",
        "{'depth': 7}",
        "AirflowConfigException There is no setting [acme] nothing, and no installed provider "
        "has one.",
    ]
    over = {**here, "AIRFLOW__ACME__DEPTH": "9"}
    lines = run(code, path=tmp_path, environment=over).splitlines()
    assert (lines[1], lines[4]) == ("9 True", "{'depth': 9}")
