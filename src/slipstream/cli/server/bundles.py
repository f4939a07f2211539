"""Bundles: the folders that DAG files lie in, by name, and the teams that they belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.config import ConfigError

if TYPE_CHECKING:
    from slipstream.model.team import TeamOf
    from slipstream.store.interface import Store

LOCAL_BUNDLE = "LocalDagBundle"
_DEFAULT = "dags-folder"
_EXAMPLES = "example_dags"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder of DAG files. `team` is None where its DAGs belong to none."""

    name: str
    folder: Path
    team: str | None = None


def bundles(deployment: Deployment) -> list[Bundle]:
    """Those of `[dag_processor] dag_bundle_config_list`, and the examples with `[core]
    load_examples`.

    Raises `ConfigError` for a bundle that is no local folder, and for teams where there are none.
    """
    found = _configured(deployment)
    if deployment.config.flag("core", "load_examples"):
        from slipstream.testing.examples import example_folder

        found = [*found, Bundle(_EXAMPLES, example_folder())]
    return found


def dags_folders(deployment: Deployment) -> list[Path]:
    """Where DAG files lie. Raises `ConfigError` as `bundles` does."""
    return [bundle.folder for bundle in bundles(deployment)]


def team_of(deployment: Deployment) -> TeamOf | None:
    """Gives the team of a DAG file: that of its bundle. None where `[core] multi_team` is off."""
    if not deployment.config.flag("core", "multi_team"):
        return None
    known = bundles(deployment)

    def team(fileloc: str) -> str | None:
        path = Path(fileloc)
        return next((one.team for one in known if path.is_relative_to(one.folder)), None)

    return team


def team_names(deployment: Deployment) -> dict[str, str]:
    """`{bundle: its team}` of those that have one."""
    return {one.name: one.team for one in bundles(deployment) if one.team is not None}


def require_teams(deployment: Deployment, store: Store) -> None:
    """Raises `ConfigError` where a bundle belongs to a team that there is not."""
    wanted = team_names(deployment)
    missing = sorted(set(wanted.values()).difference(store.list_teams() if wanted else ()))
    if missing:
        raise ConfigError(
            f"{_named(deployment)} names teams that there are not: {', '.join(missing)}. "
            "`slipstream teams sync` creates them."
        )


def _named(deployment: Deployment) -> str:
    setting = deployment.config.setting("dag_processor", "dag_bundle_config_list")
    return f"{setting.source}: [dag_processor] dag_bundle_config_list"


def _configured(deployment: Deployment) -> list[Bundle]:
    setting = deployment.config.setting("dag_processor", "dag_bundle_config_list")
    if setting.is_default or not setting.value:
        return [Bundle(_DEFAULT, deployment.dags_folder)]
    name = _named(deployment)
    try:
        entries = json.loads(setting.value)
        found = [_bundle(deployment, entry, name) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{name} is not a JSON list of bundles: {error}.") from error
    _require_apart(found, name)
    return found


def _bundle(deployment: Deployment, entry: dict[str, object], name: str) -> Bundle:
    classpath = str(entry["classpath"])
    if classpath.rpartition(".")[2] != LOCAL_BUNDLE:
        raise ConfigError(
            f"{name} has a bundle of class {classpath!r}; expected {LOCAL_BUNDLE}, a local folder."
        )
    kwargs = entry.get("kwargs") or {}
    path = kwargs.get("path") if isinstance(kwargs, dict) else None
    team = entry.get("team_name") or None
    if team is not None and not deployment.config.flag("core", "multi_team"):
        raise ConfigError(
            f"{name} gives a bundle to the team {team!r}, and [core] multi_team is off: turn it "
            "on, or leave team_name out."
        )
    return Bundle(
        str(entry.get("name") or _DEFAULT),
        deployment.home / str(path) if path else deployment.dags_folder,
        None if team is None else str(team),
    )


def _require_apart(found: list[Bundle], name: str) -> None:
    """Raises `ConfigError` where a file would belong to two teams."""
    for outer in found:
        for inner in found:
            if outer.team != inner.team and inner.folder.is_relative_to(outer.folder):
                raise ConfigError(
                    f"{name}: the folder of the bundle {inner.name!r} lies in that of "
                    f"{outer.name!r}, which is not of the same team. Give them separate folders."
                )
