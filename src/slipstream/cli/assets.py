"""`slipstream assets`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, datetime

from slipstream.cli.dags.asking import asker
from slipstream.cli.dags.listing import run_row
from slipstream.cli.dags.running import user_name
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import find_dag
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, show_rows
from slipstream.cli.paging import every
from slipstream.model.asset import AssetAliasRecord, AssetRecord
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.states import RunType, TriggeredBy
from slipstream.runtime.masking import redact
from slipstream.store.interface import Store
from slipstream.store.records import AssetFilter
from slipstream.store.triggering import RunRequest, requested_run

COLUMNS = ("name", "uri", "group", "extra")
ALIAS_COLUMNS = ("name", "group")
DETAILS = (
    *COLUMNS,
    "id",
    "is_active",
    "created_at",
    "updated_at",
    "scheduled_dags",
    "producing_tasks",
    "consuming_tasks",
    "aliases",
    "watchers",
    "last_event",
)


def add_commands(group: Group) -> None:
    """The verbs of `assets`."""
    listing = group.verb("list", list_assets, "List assets")
    listing.add_argument("--alias", action="store_true", help="list aliases instead")
    listing.add_argument("--columns", help="which columns, between commas")
    listing.add_output()
    details = group.verb("details", show_details, "Show an asset, or an alias")
    details.add_argument("--alias", action="store_true", help="it is an alias")
    details.add_argument("--name")
    details.add_argument("--uri")
    details.add_output()
    making = group.verb("materialize", materialize, "Run the DAG that makes an asset")
    making.add_argument("--name")
    making.add_argument("--uri")
    making.add_output()


def list_assets(deployment: Deployment, arguments: Namespace) -> None:
    """Print the assets that DAGs mention, or the aliases."""
    rows: list[Row]
    columns: tuple[str, ...]
    if arguments.alias:
        rows = [{"name": alias.name, "group": alias.group} for alias in _aliases(deployment.store)]
        columns = ALIAS_COLUMNS
    else:
        rows = [_row(record) for record in _assets(deployment.store, AssetFilter())]
        columns = COLUMNS
    if arguments.columns:
        columns = tuple(name.strip() for name in arguments.columns.split(","))
        unknown = [name for name in columns if rows and name not in rows[0]]
        if unknown:
            raise UsageError(
                f"There is no column {unknown[0]!r}; choose among {', '.join(rows[0])}."
            )
    show_rows(rows, arguments.output, columns=columns)


def show_details(deployment: Deployment, arguments: Namespace) -> None:
    """Print everything that is known of an asset, or of an alias."""
    if arguments.alias:
        alias = _alias(deployment.store, arguments.name)
        row: Row = {"name": alias.name, "group": alias.group, "id": alias.pk}
        show_rows([row], arguments.output, columns=(*ALIAS_COLUMNS, "id"))
        return
    record = _asset(deployment.store, arguments)
    show_rows([_row(record)], arguments.output, columns=DETAILS)


def materialize(deployment: Deployment, arguments: Namespace) -> None:
    """Create a run of the one DAG that makes the asset; a running server starts it at once."""
    record = _asset(deployment.store, arguments)
    dag = find_dag(deployment.store, _producer(record))
    new = requested_run(
        dag,
        RunRequest(triggered_by=TriggeredBy.CLI, user=user_name()),
        datetime.now(UTC),
        run_type=RunType.ASSET_MATERIALIZATION,
        ask=asker(deployment),
    )
    show_rows(
        [run_row(deployment.store.create_run(new))],
        arguments.output,
        columns=("dag_id", "dag_run_id", "run_type", "state", "run_after"),
    )


def _assets(store: Store, which: AssetFilter) -> Iterable[AssetRecord]:
    return every(lambda window: store.list_assets(which, window))


def _aliases(store: Store) -> Iterable[AssetAliasRecord]:
    return every(lambda window: store.list_asset_aliases(None, window))


def _asset(store: Store, arguments: Namespace) -> AssetRecord:
    """The one asset of that name or URI. Raises `UsageError`, or `NotFoundError`."""
    if not arguments.name and not arguments.uri:
        raise UsageError("Say which asset: --name, --uri or both.")
    which = AssetFilter(name=arguments.name, uri=arguments.uri, only_active=False)
    found = list(_assets(store, which))
    active = [record for record in found if record.is_active] or found
    if not active:
        given = arguments.name if arguments.name else arguments.uri
        raise NotFoundError(f"There is no asset {given!r}; `slipstream assets list` shows all.")
    if len(active) > 1:
        uris = ", ".join(record.uri for record in active)
        raise UsageError(f"Several assets have that name: {uris}. Say which one by --uri.")
    return active[0]


def _alias(store: Store, name: str | None) -> AssetAliasRecord:
    if not name:
        raise UsageError("Say which alias by --name.")
    for alias in _aliases(store):
        if alias.name == name:
            return alias
    raise NotFoundError(f"There is no alias {name!r}; `slipstream assets list --alias` shows all.")


def _producer(record: AssetRecord) -> str:
    dag_ids = sorted({mention.dag_id for mention in record.producing})
    if not dag_ids:
        raise NotFoundError(f"No DAG makes the asset {record.name!r}: it is no task's outlet.")
    if len(dag_ids) > 1:
        raise ConflictError(
            f"Several DAGs make the asset {record.name!r}: {', '.join(dag_ids)}. Start the one "
            "that you mean by `slipstream dags trigger`."
        )
    return dag_ids[0]


def _row(record: AssetRecord) -> Row:
    last = record.last_event_at
    return {
        "name": record.name,
        "uri": record.uri,
        "group": record.group,
        "extra": redact(record.extra),
        "id": record.pk,
        "is_active": record.is_active,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "scheduled_dags": [one.dag_id for one in record.scheduled],
        "producing_tasks": [f"{one.dag_id}.{one.task_id}" for one in record.producing],
        "consuming_tasks": [f"{one.dag_id}.{one.task_id}" for one in record.consuming],
        "aliases": [one.name for one in record.aliases],
        "watchers": [
            f"{one.name}: {one.problem}" if one.problem else one.name for one in record.watchers
        ],
        "last_event": last.isoformat() if last else None,
    }
