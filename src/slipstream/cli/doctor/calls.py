"""What calls and classes in a file ask for that is not here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slipstream.cli.doctor.findings import Finding, Level

_ARGUMENTS = {
    "sla": (
        "service level agreements are gone since Airflow 3; sla has no effect",
        "give the DAG a deadline (airflow.sdk.DeadlineAlert)",
    ),
    "sla_miss_callback": (
        "service level agreements are gone since Airflow 3; the callback is never called",
        "give the DAG a deadline (airflow.sdk.DeadlineAlert)",
    ),
    "subdag": ("SubDAGs do not exist", "put the tasks into a TaskGroup"),
}
_METHODS = {
    "cli": ("dag.cli() is gone since Airflow 3", "slipstream dags test FILE, or dag.test()"),
    "run": ("dag.run() is gone since Airflow 3", "slipstream dags test FILE, or dag.test()"),
    "clear": ("dag.clear() is gone since Airflow 3", "slipstream tasks clear DAG_ID"),
}
_FLASK = {
    "flask_blueprints": "fastapi_apps",
    "appbuilder_views": "external_views or fastapi_apps",
    "appbuilder_menu_items": "external_views",
    "admin_views": "external_views",
    "menu_links": "external_views",
}


def in_calls(tree: ast.Module, path: Path) -> Iterator[Finding]:
    """Arguments without effect, and methods of DAGs that worked on the database."""
    dags = _names_of_dags(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg in _ARGUMENTS and not _is_none(keyword.value):
                found, remedy = _ARGUMENTS[keyword.arg]
                yield _warning(path, keyword.value.lineno, "removed-argument", found, remedy)
        called = node.func
        if (
            isinstance(called, ast.Attribute)
            and called.attr in _METHODS
            and isinstance(called.value, ast.Name)
            and called.value.id in dags
        ):
            found, remedy = _METHODS[called.attr]
            yield _warning(path, node.lineno, "removed-method", found, remedy)


def in_classes(tree: ast.Module, path: Path) -> Iterator[Finding]:
    """Executors and views of a web app of one's own."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        if any(base.endswith("Executor") for base in bases):
            yield _warning(
                path,
                node.lineno,
                "custom-executor",
                f"{node.name} is an executor of its own, which was written for Airflow's scheduler",
                "see whether an executor that is here does: name it in [core] executor",
            )
        if "AirflowPlugin" in bases:
            yield from _in_plugin(node, path)


def _in_plugin(node: ast.ClassDef, path: Path) -> Iterator[Finding]:
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else []
        for target in targets:
            name = target.id if isinstance(target, ast.Name) else ""
            if name in _FLASK and not _is_empty(one):
                yield _warning(
                    path,
                    one.lineno,
                    "flask-view",
                    f"{name} belonged to the web app of Airflow 2",
                    f"give the plugin {_FLASK[name]}",
                )


def _names_of_dags(tree: ast.Module) -> set[str]:
    """Variables that a DAG is bound to: `dag = DAG(…)`, `with DAG(…) as dag`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _makes_dag(node.value):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        if isinstance(node, ast.With):
            for item in node.items:
                if _makes_dag(item.context_expr) and isinstance(item.optional_vars, ast.Name):
                    found.add(item.optional_vars.id)
    return found


def _makes_dag(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "DAG"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_empty(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, ast.List) and not value.elts


def _warning(path: Path, line: int, rule: str, found: str, remedy: str) -> Finding:
    return Finding(
        file=str(path), line=line, level=Level.WARNING, rule=rule, found=found, remedy=remedy
    )
