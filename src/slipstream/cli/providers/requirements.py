"""What a provider package needs to work here, read from its wheel."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PROVIDER = "apache-airflow-providers-"
_OF_AIRFLOW = frozenset({"apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk"})

UNDECLARED = {
    "aiohttp": "aiohttp",
    "anyio": "anyio",
    "asgiref": "asgiref",
    "attrs": "attrs",
    "attr": "attrs",
    "cachetools": "cachetools",
    "dateutil": "python-dateutil",
    "deprecated": "deprecated",
    "dill": "dill",
    "httpx": "httpx",
    "itsdangerous": "itsdangerous",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "lazy_object_proxy": "lazy-object-proxy",
    "lockfile": "lockfile",
    "opentelemetry": "opentelemetry-api",
    "packaging": "packaging",
    "pendulum": "pendulum",
    "psutil": "psutil",
    "pydantic": "pydantic",
    "requests": "requests",
    "rich": "rich",
    "setproctitle": "setproctitle",
    "slugify": "python-slugify",
    "sqlalchemy": "sqlalchemy",
    "structlog": "structlog",
    "tabulate": "tabulate",
    "tenacity": "tenacity",
    "uuid6": "uuid6",
    "yaml": "pyyaml",
}
"""`{module: package}` of what Airflow itself needs: providers import them without a word."""

BOUNDS = {"celery": {"celery": "<5.7"}}
"""`{provider: {package: releases}}`: other releases lack what the provider imports, and it does not
say so."""


def is_of_airflow(name: str) -> bool:
    """Whether it is a part of Airflow itself, whose place we take."""
    return name in _OF_AIRFLOW


def is_provider(name: str) -> bool:
    """Whether it is a provider package."""
    return name.startswith(_PROVIDER)


def declared(package: Distribution, extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """What the package says it needs on this machine, and what those extras need."""
    from packaging.requirements import Requirement

    bounds = BOUNDS.get(package.metadata["Name"].removeprefix(_PROVIDER), {})
    wanted = [{"extra": extra} for extra in ("", *extras)]
    for text in package.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate(dict(one)) for one in wanted):
            if bound := bounds.get(requirement.name.lower()):
                _narrow(requirement, bound)
            yield requirement


def _narrow(requirement: Requirement, bound: str) -> None:
    """Keep to these releases, unless the provider has learned to want newer ones."""
    from packaging.specifiers import SpecifierSet

    known = SpecifierSet(bound)
    at_least = [one.version for one in requirement.specifier if one.operator in (">=", ">", "~=")]
    if all(known.contains(version) for version in at_least):
        requirement.specifier &= known


def undeclared(package: Distribution, root: Path) -> set[str]:
    """Packages that its modules import when they are loaded, and that Airflow brings."""
    found: set[str] = set()
    for file in package.files or ():
        path = root / file
        if file.suffix == ".py" and "example_dags" not in file.parts and path.is_file():
            found.update(_imported(path.read_text(encoding="utf-8")))
    return {UNDECLARED[name] for name in found if name in UNDECLARED}


def _imported(source: str) -> Iterator[str]:
    """The packages of the imports outside of functions; those for type checking do not count."""
    waiting: list[ast.stmt] = list(ast.parse(source).body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import(names=names):
                yield from (one.name.partition(".")[0] for one in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                waiting += node.orelse
            case ast.If() | ast.With() | ast.ClassDef():
                waiting += [*node.body, *getattr(node, "orelse", ())]
            case ast.Try():
                waiting += [*node.body, *node.orelse, *node.finalbody]
            case _:
                pass
