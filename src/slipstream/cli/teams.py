"""`slipstream teams`: who shares the deployment."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_rows
from slipstream.config import ConfigError
from slipstream.model.errors import ConflictError, NotFoundError


def add_commands(group: Group) -> None:
    """The verbs of `teams`."""
    group.verb("list", list_teams, "List the teams").add_output()
    about = "Create a team: 3 to 50 letters, digits, hyphens and underscores"
    group.verb("create", create_team, about).add_argument("name")
    delete = group.verb("delete", delete_team, "Remove a team that nothing belongs to")
    delete.add_argument("name")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")
    group.verb("sync", sync_teams, "Create the teams that bundles of DAG files name")


def list_teams(deployment: Deployment, arguments: Namespace) -> None:
    """Print the names."""
    rows = ({"name": name} for name in deployment.store.list_teams())
    show_rows(rows, arguments.output, columns=("name",))


def create_team(deployment: Deployment, arguments: Namespace) -> None:
    """Make one. Raises `InvalidInputError`, `AlreadyExistsError`."""
    deployment.store.create_team(arguments.name)
    print(f"Team {arguments.name!r} created.")


def delete_team(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one. Raises `NotFoundError`, and `ConflictError` while something belongs to it."""
    from slipstream.cli.server.bundles import team_names

    name = arguments.name
    if name not in deployment.store.list_teams():
        raise NotFoundError(f"There is no team {name!r}; `slipstream teams list` shows all.")
    owned = [bundle for bundle, team in team_names(deployment).items() if team == name]
    if owned:
        raise ConflictError(
            f"The team {name!r} has the bundles {', '.join(owned)}: take team_name out of "
            "[dag_processor] dag_bundle_config_list first."
        )
    if not arguments.yes:
        answer = input(f"This removes the team {name!r}. Go on? (y/n) ")
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandFailedError("Nothing was removed.")
    deployment.store.delete_team(name)
    print(f"Team {name!r} deleted.")


def sync_teams(deployment: Deployment, _arguments: Namespace) -> None:
    """Make those that `[dag_processor] dag_bundle_config_list` names and that are not there."""
    from slipstream.cli.server.bundles import team_names

    made = deployment.store.add_teams(sorted(set(team_names(deployment).values())))
    print(f"{len(made)} teams added{': ' if made else ''}{', '.join(made)}.")


def team_of_entry(deployment: Deployment, name: str | None) -> str | None:
    """The team that an option or a file's entry names. Raises `ConfigError` where there are
    none."""
    if name is not None and not deployment.config.flag("core", "multi_team"):
        raise ConfigError(
            f"The team {name!r} is named, and [core] multi_team is off: leave it out, or turn "
            "that on."
        )
    return name
