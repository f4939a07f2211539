"""`slipstream migrate from-airflow`: what an Airflow deployment has, brought over."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.migration.airflow_settings import airflow_settings
from slipstream.cli.output import Row, show_rows
from slipstream.model.sensitive import without_password
from slipstream.store.airflow import AirflowSource, open_source

if TYPE_CHECKING:
    from slipstream.store.interface import Store
    from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord

COLUMNS = ("part", "brought", "same", "kept", "left_out")
DEFAULT_POOL = "default_pool"
BATCH_SIZE = 500
"""Runs that are written in one transaction."""

R = TypeVar("R", bound="ConnectionRecord | VariableRecord | PoolRecord")


@dataclass(slots=True)
class Part:
    """What became of one kind of thing."""

    name: str
    brought: int = 0
    same: int = 0
    """There already, and equal."""
    kept: int = 0
    """There already, and different: ours was kept."""
    left_out: int = 0
    remarks: list[str] = field(default_factory=list)

    def row(self) -> Row:
        """The part as a row of the report."""
        return {
            "part": self.name,
            "brought": self.brought,
            "same": self.same,
            "kept": self.kept,
            "left_out": self.left_out,
        }


def migrate(deployment: Deployment, arguments: Namespace) -> int:
    """Bring everything over and report it; 1 where something could not be read."""
    settings = airflow_settings(
        database_url=arguments.database_url,
        airflow_home=arguments.airflow_home,
        fernet_key_file=arguments.fernet_key_file,
    )
    if settings.database_url == deployment.database_url:
        raise UsageError(
            f"{without_password(settings.database_url)} is this deployment's own database, because "
            "Airflow's settings are read here too. Set SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN for "
            "this deployment, and name Airflow's with --database-url or --airflow-home."
        )
    source = open_source(settings.database_url, settings.fernet_keys)
    try:
        move = _Move(source, deployment.store, arguments)
        parts = [move.part(name) for name in arguments.only]
    finally:
        source.close()
    show_rows([part.row() for part in parts], arguments.output, columns=COLUMNS)
    for part in parts:
        for remark in part.remarks:
            print(f"slipstream: {remark}", file=sys.stderr)
    if arguments.dry_run:
        print("slipstream: Nothing was brought over: this was a dry run.", file=sys.stderr)
    return 1 if move.has_failed else 0


class _Move:
    """From one source to one store."""

    def __init__(self, source: AirflowSource, store: Store, arguments: Namespace) -> None:
        self._source = source
        self._store = store
        self._is_dry = bool(arguments.dry_run)
        self._overwrites = bool(arguments.overwrite)
        self._since: str | None = arguments.since
        self.has_failed = False

    def part(self, name: str) -> Part:
        """Bring over one of `commands.PARTS`."""
        moves: dict[str, Callable[[Part], None]] = {
            "connections": self._connections,
            "variables": self._variables,
            "pools": self._pools,
            "paused": self._paused,
            "history": self._history,
        }
        part = Part(name)
        moves[name](part)
        return part

    def _connections(self, part: Part) -> None:
        found, skipped = self._source.connections()
        for one in found:
            there = self._store.get_connection(one.conn_id)
            self._put(part, one, there, self._store.set_connection, f"connection {one.conn_id}")
        self._skip(part, [f"{each.what}: {each.why}" for each in skipped])

    def _variables(self, part: Part) -> None:
        found, skipped = self._source.variables()
        for one in found:
            there = self._store.get_variable(one.key)
            same = there is not None and (there.value, there.description, there.team_name) == (
                one.value,
                one.description,
                one.team_name,
            )
            self._put(
                part, one, one if same else there, self._store.set_variable, f"variable {one.key}"
            )
        self._skip(part, [f"{each.what}: {each.why}" for each in skipped])

    def _pools(self, part: Part) -> None:
        for one in self._source.pools():
            there = self._store.get_pool(one.name)
            if one.name == DEFAULT_POOL and there is not None and there.slots == one.slots:
                # Every deployment has this pool, each with a description of its own.
                there = one
            self._put(part, one, there, self._store.set_pool, f"pool {one.name}")

    def _paused(self, part: Part) -> None:
        """Whether a DAG is paused is brought once: from then on it is decided here."""
        dags = self._source.dags()
        if self._is_dry:
            part.brought = len(dags)
            return
        new = self._store.import_dags(dags)
        for paused in (True, False):
            chosen = [
                one.spec.dag_id
                for one in dags
                if one.is_paused is paused and (self._overwrites or one.spec.dag_id in new)
            ]
            self._store.set_paused(chosen, paused)
        part.brought = len(dags) if self._overwrites else len(new)
        part.kept = len(dags) - part.brought

    def _history(self, part: Part) -> None:
        if not self._is_dry:
            # The flags of DAGs that are new are brought along: they have to be one or the other.
            self._store.import_dags(self._source.dags())
        instances = clashing = 0
        for batch in self._source.history(batch_size=BATCH_SIZE, since=self._since):
            known = self._store.known_run_ids([(one.run.dag_id, one.run.run_id) for one in batch])
            new = [one for one in batch if (one.run.dag_id, one.run.run_id) not in known]
            part.same += len(batch) - len(new)
            if self._is_dry:
                part.brought += len(new)
                continue
            count = self._store.import_runs(new)
            part.brought += count.runs
            instances += count.instances
            clashing += count.clashing
        part.left_out = clashing
        if not self._is_dry:
            part.remarks.append(f"{part.brought} runs came with {instances} task instances.")
        if clashing:
            part.remarks.append(
                f"{clashing} runs were left out: their DAGs have runs of the same logical date "
                "here."
            )
        unfinished = self._source.unfinished_runs()
        if unfinished:
            part.left_out += unfinished
            part.remarks.append(
                f"{unfinished} runs have not ended in Airflow and were left out; when they have, "
                "run this command again."
            )

    def _put(
        self, part: Part, one: R, there: R | None, store: Callable[[R], bool], name: str
    ) -> None:
        if there == one:
            part.same += 1
        elif there is not None and not self._overwrites:
            part.kept += 1
            part.remarks.append(
                f"{name}: is here already and differs; --overwrite takes Airflow's."
            )
        else:
            part.brought += 1
            if not self._is_dry:
                if one.team_name is not None:
                    self._store.add_teams([one.team_name])
                store(one)

    def _skip(self, part: Part, problems: Sequence[str]) -> None:
        part.left_out += len(problems)
        part.remarks += problems
        if problems:
            part.remarks.append(
                f"Name the Fernet keys that sealed these {part.name} (--fernet-key-file, or "
                "[core] fernet_key of airflow.cfg) and run this command again."
            )
        self.has_failed = self.has_failed or bool(problems)
