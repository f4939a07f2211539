"""Plugins: where they are found, what they add, and what a broken one costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.plugin_home import PluginHome, plugin_home

from slipstream.sdk import DAG, BaseOperator
from slipstream.sdk._links import links_of
from slipstream.sdk._plugins import parts
from slipstream.sdk._plugins.description import plugin_info
from slipstream.sdk._plugins.loading import plugins
from slipstream.sdk._plugins.places import may_be_plugins, without_plugins
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHome]:
    with plugin_home(tmp_path / "home", monkeypatch) as home:
        yield home


def names() -> list[str | None]:
    return [plugin.name for plugin in plugins().loaded]


def test_without_any_plugin_there_is_nothing_to_load(home: PluginHome) -> None:
    assert not may_be_plugins()
    assert plugins().loaded == []
    home.write("one.py", "")
    assert may_be_plugins()
    with without_plugins():
        assert not may_be_plugins()


def test_plugins_of_all_folders_are_loaded_but_for_what_is_ignored(home: PluginHome) -> None:
    for file, name in (("one.py", "a"), ("deep/two.py", "b"), ("drafts/three.py", "c")):
        home.write(file, f"class P(AirflowPlugin): name = {name!r}")
    (home.folder / ".airflowignore").write_text("drafts/\n")
    assert names() == ["b", "a"]
    assert [str(plugin.source) for plugin in plugins().loaded] == [
        "$PLUGINS_FOLDER/deep/two.py",
        "$PLUGINS_FOLDER/one.py",
    ]


def test_what_is_wrong_with_one_plugin_is_kept_and_costs_only_that_one(home: PluginHome) -> None:
    broken = home.write("broken.py", "import no_such_library")
    raising = home.write("raising.py", "1 / 0")
    wrong = home.write("wrong.py", "def f(:")
    leaving = home.write("leaving.py", "import sys; sys.exit(3)")
    nameless = home.write("nameless.py", "class P(AirflowPlugin): pass")
    home.write("again.py", "class P(AirflowPlugin): name = 'good'")
    home.write("good.py", "class P(AirflowPlugin): name = 'good'")
    home.write(
        "unloadable.py",
        """
        class P(AirflowPlugin):
            name = "unloadable"
            @classmethod
            def on_load(cls): raise RuntimeError("no licence")
        """,
    )
    assert names() == ["good"]
    errors = plugins().import_errors
    assert "No module named 'no_such_library'" in errors[str(broken)]
    assert "ZeroDivisionError" in errors[str(raising)]
    assert f"{raising}, line 2" in errors[str(raising)]
    assert "SyntaxError" in errors[str(wrong)]
    assert "SystemExit" in errors[str(leaving)]
    assert "needs a name" in errors[str(nameless)]
    assert "there already" in errors["$PLUGINS_FOLDER/good.py"]
    assert "no licence" in errors["$PLUGINS_FOLDER/unloadable.py"]
    assert len(errors) == 7


def test_an_installed_package_names_its_plugin(
    home: PluginHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "sails-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sails\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[airflow.plugins]\nsails = sails_plugin:Sails\n")
    (site / "sails_plugin.py").write_text(
        "from airflow.sdk.plugins_manager import AirflowPlugin\n"
        "class Sails(AirflowPlugin):\n    name = 'sails'\n"
    )
    monkeypatch.syspath_prepend(str(site))
    home.write("one.py", "class P(AirflowPlugin): name = 'mine'")
    assert names() == ["mine", "sails"]
    assert str(plugins().loaded[1].source).startswith("sails==1.2: ")
    monkeypatch.delitem(sys.modules, "sails_plugin")


def test_a_plugin_takes_the_place_of_no_library(home: PluginHome) -> None:
    home.write("json.py", "class P(AirflowPlugin): name = 'json'")
    assert names() == ["json"]
    assert sys.modules["json"] is json


def test_a_file_that_another_one_has_imported_is_not_run_again(home: PluginHome) -> None:
    home.write("a.py", "import zeta\nclass P(AirflowPlugin): name = 'a'")
    home.write(
        "zeta.py",
        "import builtins\nbuiltins.zeta = getattr(builtins, 'zeta', 0) + 1\n"
        "class Z(AirflowPlugin): name = f'z{builtins.zeta}'",
    )
    assert names() == ["a", "z1"]
    import builtins

    del builtins.zeta


def test_templates_find_macros_and_files_import_them(home: PluginHome) -> None:
    home.write(
        "p.py",
        """
        def shout(text): return text.upper()
        class P(AirflowPlugin):
            name = "voice"
            macros = [shout]
        """,
    )
    with DAG("d"):
        task = BashOperator(task_id="t", bash_command="{{ macros.voice.shout('hey') }}")
    from slipstream.sdk import macros

    assert task.render_template(task.bash_command, {"macros": macros}) == "HEY"
    from airflow.macros.voice import shout

    assert shout("a") == "A"
    with pytest.raises(AttributeError, match="no attribute 'nobody'"):
        macros.nobody  # noqa: B018


def test_a_weight_rule_is_named_by_its_plugin(home: PluginHome) -> None:
    home.write(
        "rules.py",
        """
        from airflow.task.priority_strategy import PriorityWeightStrategy
        class Seven(PriorityWeightStrategy):
            def get_weight(self, ti): return 7
        class P(AirflowPlugin):
            name = "rules"
            priority_weight_strategies = [Seven]
        """,
    )
    with DAG("d") as dag:
        EmptyOperator(task_id="t", weight_rule="rules.Seven")
    assert build_spec(dag).tasks["t"].total_weight == 7


def test_links_of_plugins_stand_beside_the_operators_own(home: PluginHome) -> None:
    home.write(
        "links.py",
        """
        from airflow.sdk import BaseOperatorLink
        from airflow.providers.standard.operators.bash import BashOperator
        class Wiki(BaseOperatorLink):
            name = "wiki"
            def get_link(self, operator, *, ti_key): return "http://wiki"
        class Shell(BaseOperatorLink):
            name = "shell"
            operators = [BashOperator]
            def get_link(self, operator, *, ti_key): return "http://shell"
        class P(AirflowPlugin):
            name = "links"
            global_operator_extra_links = [Wiki()]
            operator_extra_links = [Shell()]
        """,
    )
    with DAG("d") as dag:
        shell = BashOperator(task_id="shell", bash_command="true")
        other = EmptyOperator(task_id="other")
    assert [link.name for link in links_of(shell)] == ["wiki", "shell"]
    assert shell.extra_links == ["shell", "wiki"]
    assert [link.name for link in links_of(other)] == ["wiki"]
    details = build_spec(dag).tasks["shell"].details
    assert details["extra_link_keys"] == {"wiki": "_link_Wiki", "shell": "_link_Shell"}


def test_without_plugins_an_operators_links_are_its_own(home: PluginHome) -> None:
    class Own(BaseOperator):
        operator_extra_links = ("one",)

    assert links_of(Own(task_id="t")) == ("one",)


def test_the_description_names_code_and_hides_arguments(home: PluginHome) -> None:
    home.write(
        "p.py",
        """
        class Middleware: pass
        class App: pass
        def macro(): pass
        class P(AirflowPlugin):
            name = "p"
            macros = [macro]
            fastapi_apps = [{"app": App(), "url_prefix": "/p", "name": "P"}]
            fastapi_root_middlewares = [
                {"middleware": Middleware, "name": "M", "args": [], "kwargs": {"key": "s3cret"}}
            ]
            external_views = [
                {"name": "A", "href": "http://a", "url_route": "a"},
                {"name": "B", "href": "http://b", "url_route": "a"},
                "no view",
            ]
            appbuilder_menu_items = [{"name": "N", "href": "http://n"}]
        """,
    )
    (told,) = plugin_info()
    assert told["macros"] == ["p.macro"]
    assert told["fastapi_apps"] == [{"app": "p.App", "url_prefix": "/p", "name": "P"}]
    assert told["fastapi_root_middlewares"] == [{"middleware": "p.Middleware", "name": "M"}]
    assert [view["name"] for view in told["external_views"]] == ["A"]
    assert plugin_info(["macros"]) == [{"name": "p", "macros": ["p.macro"]}]


def test_parts_that_nobody_adds_are_empty() -> None:
    for part in (parts.timetables, parts.windows, parts.partition_mappers, parts.listeners):
        assert not part()
