"""What parsing gives, as rows: files, their errors, their sources, DAGs and versions.

A batch of files costs about as many statements as one file: what is there already is looked up for
all of them at once, and every table is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Update, case, delete, insert, select, true, update

from slipstream.core.timetable_types import timetable_type
from slipstream.model.dag import DagSpec
from slipstream.model.ids import new_uuid7
from slipstream.model.states import RUN_FINISHED
from slipstream.model.version import DagVersion, ParsedFile, hash_sources
from slipstream.store.access_tables import dag_access
from slipstream.store.asset_registry import keep_references
from slipstream.store.database import Transaction
from slipstream.store.parts import StoreParts
from slipstream.store.records import NoticeKind
from slipstream.store.rows import to_json
from slipstream.store.sources import keep_sources
from slipstream.store.statements import Rows, RowsStatement, SqlTuple, types_of, upsert
from slipstream.store.tables import (
    dag,
    dag_file,
    dag_run,
    dag_tag,
    dag_task,
    dag_version,
    file_error,
)
from slipstream.store.times import to_micros
from slipstream.wire.dag import encode_dag

_DAG = (
    "dag_id",
    "is_paused",
    "is_stale",
    "fileloc",
    "relative_fileloc",
    "bundle_name",
    "latest_version_id",
    "display_name",
    "owners",
    "last_parsed_at",
    "last_parse_seconds",
    "timetable_type",
)
_VERSION = tuple(column.name for column in dag_version.c)
_TASK = tuple(column.name for column in dag_task.c)
_TAG = tuple(column.name for column in dag_tag.c)
_ACCESS = tuple(column.name for column in dag_access.c)
_FILE = tuple(column.name for column in dag_file.c)
_ERROR = ("fileloc", "bundle_name", "stack_trace", "timestamp")

_WRITE_DAG = RowsStatement(
    # Whether a DAG is paused is people's business from its first day on.
    lambda rows: rows.put_into(upsert(rows.dialect, dag, _DAG, ["dag_id"], kept=["is_paused"])),
    types_of(dag, _DAG),
)
_ADD_VERSION = RowsStatement(
    lambda rows: rows.put_into(insert(dag_version)), types_of(dag_version, _VERSION)
)
_ADD_TASK = RowsStatement(lambda rows: rows.put_into(insert(dag_task)), types_of(dag_task, _TASK))
_ADD_TAG = RowsStatement(lambda rows: rows.put_into(insert(dag_tag)), types_of(dag_tag, _TAG))
_REMOVE_TAGS = RowsStatement(
    lambda rows: delete(dag_tag).where(dag_tag.c.dag_id == rows["b_dag_id"]),
    types_of(dag_tag, ["b_dag_id"]),
)
_ADD_ACCESS = RowsStatement(
    lambda rows: rows.put_into(insert(dag_access)), types_of(dag_access, _ACCESS)
)
_REMOVE_ACCESS = RowsStatement(
    lambda rows: delete(dag_access).where(dag_access.c.dag_id == rows["b_dag_id"]),
    types_of(dag_access, ["b_dag_id"]),
)
_WRITE_FILE = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, dag_file, _FILE, ["fileloc"])),
    types_of(dag_file, _FILE),
)
_WRITE_ERROR = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, file_error, _ERROR, ["fileloc"])),
    types_of(file_error, _ERROR),
)
_REMOVE_ERROR = RowsStatement(
    lambda rows: delete(file_error).where(file_error.c.fileloc == rows["b_fileloc"]),
    types_of(file_error, ["b_fileloc"]),
)


def _mark_stale(rows: Rows) -> Update:
    return update(dag).where(dag.c.dag_id == rows["b_dag_id"]).values(is_stale=true())


_MARK_STALE = RowsStatement(_mark_stale, types_of(dag, ["b_dag_id"]))


@dataclass(frozen=True, slots=True)
class _Latest:
    """What the store has of a DAG."""

    version_id: str
    number: int
    content: tuple[bytes, str]
    """The encoded spec and the hash of the sources."""


@dataclass(slots=True)
class _Batch:
    """The rows to write. Of a DAG or a file that comes twice the last one counts."""

    new: dict[str, DagVersion] = field(default_factory=dict)
    dags: dict[str, SqlTuple] = field(default_factory=dict)
    versions: list[SqlTuple] = field(default_factory=list)
    tasks: list[SqlTuple] = field(default_factory=list)
    tags: dict[str, list[SqlTuple]] = field(default_factory=dict)
    access: dict[str, list[SqlTuple]] = field(default_factory=dict)


class ParsedVerbs(StoreParts):
    """Keeping DAGs in step with their files."""

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        """Store what parsing gave, in one transaction; `{dag_id: version}` of what is new."""
        encoded = [[(spec, encode_dag(spec)) for spec in file.dags] for file in parsed]
        hashes = [hash_sources(file.sources) for file in parsed]
        dag_ids = {spec.dag_id for file in parsed for spec in file.dags}
        with self._database.write() as transaction:
            latest = _find_latest(transaction, dag_ids)
            batch = _Batch()
            for file, specs, source_hash in zip(parsed, encoded, hashes, strict=True):
                for spec, data in specs:
                    self._add_dag(batch, latest, file, spec, (data, source_hash))
            _write_files(transaction, parsed, hashes)
            gone = _find_gone(transaction, parsed) - set(batch.dags)
            transaction.run_many(_MARK_STALE, [(dag_id,) for dag_id in sorted(gone)])
            keep_sources(
                transaction,
                {
                    source_hash: file.sources
                    for file, source_hash in zip(parsed, hashes, strict=True)
                    if file.dags
                },
            )
            fresh = _find_stale(transaction, set(batch.dags) - set(batch.new))
            _write_dags(transaction, batch)
            keep_references(
                transaction,
                self._database,
                self._clock(),
                [version.spec for version in batch.new.values()],
                gone | fresh,
            )
            transaction.leave_notice(NoticeKind.DAG_CHANGED, [*sorted(gone), *batch.new])
            transaction.leave_notice(NoticeKind.RUN_EDITED, _move_runs(transaction, batch))
        for version in batch.new.values():
            self._versions.put(version.version_id, version)
        return batch.new

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        """The DAGs of these files become stale; their import errors go."""
        with self._database.write() as transaction:
            gone = sorted(dag_id for dag_id, _ in _find_fresh(transaction, filelocs))
            transaction.run_many(_MARK_STALE, [(dag_id,) for dag_id in gone])
            for table in (dag_file, file_error):
                transaction.execute(delete(table).where(table.c.fileloc.in_(list(filelocs))))
            keep_references(transaction, self._database, self._clock(), [], gone)
            transaction.leave_notice(NoticeKind.DAG_CHANGED, gone)

    def known_files(self) -> Mapping[str, str]:
        """`{fileloc: source hash of its latest versions, or of its error}`."""
        with self._database.read() as transaction:
            return dict(transaction.rows(select(dag_file.c.fileloc, dag_file.c.source_hash)))

    def _add_dag(
        self,
        batch: _Batch,
        latest: dict[str, _Latest],
        file: ParsedFile,
        spec: DagSpec,
        content: tuple[bytes, str],
    ) -> None:
        known = latest.get(spec.dag_id)
        if known is None or known.content != content:
            number = 1 if known is None else known.number + 1
            known = _Latest(new_uuid7(), number, content)
            latest[spec.dag_id] = known
            version = DagVersion(
                version_id=known.version_id,
                dag_id=spec.dag_id,
                number=number,
                spec=spec,
                fileloc=file.fileloc,
                source_hash=content[1],
                created_at=file.parsed_at,
                bundle_name=file.bundle_name,
            )
            batch.new[spec.dag_id] = version
            _add_version(batch, version, content[0])
        batch.access[spec.dag_id] = list(_access_rows(spec))
        batch.dags[spec.dag_id] = (
            spec.dag_id,
            self._starts_paused(spec),
            False,
            file.fileloc,
            file.relative_fileloc,
            file.bundle_name,
            known.version_id,
            spec.display_name or spec.dag_id,
            to_json(sorted({task.owner for task in spec.tasks.values()})),
            to_micros(file.parsed_at),
            file.duration_seconds,
            timetable_type(spec.schedule),
        )

    def _starts_paused(self, spec: DagSpec) -> bool:
        if spec.is_paused_upon_creation is None:
            return self._dags_paused_at_creation
        return spec.is_paused_upon_creation


def _add_version(batch: _Batch, version: DagVersion, data: bytes) -> None:
    batch.versions.append(
        (
            version.version_id,
            version.dag_id,
            version.number,
            data,
            version.fileloc,
            version.source_hash,
            to_micros(version.created_at),
        )
    )
    batch.tasks += [
        (
            version.version_id,
            task.task_id,
            task.pool,
            task.pool_slots,
            task.queue,
            task.class_name,
            task.operator_name,
            task.executor,
            task.display_name,
        )
        for task in version.spec.tasks.values()
    ]
    batch.tags[version.dag_id] = [(version.dag_id, tag) for tag in sorted(set(version.spec.tags))]


def _access_rows(spec: DagSpec) -> Iterator[SqlTuple]:
    """What the file gives to roles, in its own words; of the whole DAG where it names nothing."""
    for role, allowed in sorted(spec.access_control.items()):
        if isinstance(allowed, Mapping):
            for resource, actions in sorted(allowed.items()):
                for action in sorted(set(map(str, actions if isinstance(actions, list) else ()))):
                    yield spec.dag_id, role, action, resource


def _find_latest(transaction: Transaction, dag_ids: Iterable[str]) -> dict[str, _Latest]:
    rows = transaction.rows(
        select(
            dag.c.dag_id,
            dag_version.c.version_id,
            dag_version.c.number,
            dag_version.c.spec,
            dag_version.c.source_hash,
        )
        .join(dag, dag.c.latest_version_id == dag_version.c.version_id)
        .where(dag.c.dag_id.in_(list(dag_ids)))
    )
    return {
        dag_id: _Latest(version_id, number, (spec, source_hash))
        for dag_id, version_id, number, spec, source_hash in rows
    }


def _find_fresh(transaction: Transaction, filelocs: Iterable[str]) -> list[tuple[str, str]]:
    """`(DAG, file)` of the DAGs of these files that are not stale."""
    query = select(dag.c.dag_id, dag.c.fileloc).where(
        dag.c.fileloc.in_(list(filelocs)), dag.c.is_stale.is_(False)
    )
    return [(dag_id, fileloc) for dag_id, fileloc in transaction.rows(query)]


def _find_stale(transaction: Transaction, dag_ids: Iterable[str]) -> set[str]:
    """Those of the DAGs that are stale."""
    query = select(dag.c.dag_id).where(dag.c.dag_id.in_(list(dag_ids)), dag.c.is_stale.is_(True))
    return set(transaction.column(query))


def _find_gone(transaction: Transaction, parsed: Sequence[ParsedFile]) -> set[str]:
    """The DAGs that were in these files and are not any more; of a broken file nobody knows."""
    found = {file.fileloc: {spec.dag_id for spec in file.dags} for file in parsed}
    whole = [file.fileloc for file in parsed if file.error is None]
    fresh = _find_fresh(transaction, whole)
    return {dag_id for dag_id, fileloc in fresh if dag_id not in found[fileloc]}


def _write_files(
    transaction: Transaction, parsed: Sequence[ParsedFile], hashes: Sequence[str]
) -> None:
    files: dict[str, SqlTuple] = {}
    errors: dict[str, SqlTuple | None] = {}
    for file, source_hash in zip(parsed, hashes, strict=True):
        parsed_at = to_micros(file.parsed_at)
        files[file.fileloc] = (
            file.fileloc,
            file.relative_fileloc,
            file.bundle_name,
            source_hash,
            to_json(list(file.warnings)),
            parsed_at,
        )
        errors[file.fileloc] = None
        if file.error is not None:
            # PostgreSQL's texts cannot hold the character zero; a traceback may quote one.
            trace = file.error.replace("\0", "\\0")
            errors[file.fileloc] = (file.fileloc, file.bundle_name, trace, parsed_at)
    transaction.run_many(_WRITE_FILE, list(files.values()))
    transaction.run_many(_WRITE_ERROR, [row for row in errors.values() if row is not None])
    well = [(fileloc,) for fileloc, row in errors.items() if row is None]
    transaction.run_many(_REMOVE_ERROR, well)


def _move_runs(transaction: Transaction, batch: _Batch) -> list[int]:
    """Let the unfinished runs of DAGs that want it so go on with the new version; gives them."""
    moved: list[int] = []
    for dag_id, version in batch.new.items():
        if version.spec.details.get("disable_bundle_versioning") is not True:
            continue
        created_at = to_micros(version.created_at)
        unfinished = (dag_run.c.dag_id == dag_id, dag_run.c.state.not_in(sorted(RUN_FINISHED)))
        moved += [pk for (pk,) in transaction.rows(select(dag_run.c.pk).where(*unfinished))]
        transaction.execute(
            update(dag_run)
            .where(*unfinished)
            .values(
                version_id=version.version_id,
                revision=dag_run.c.revision + 1,
                # A run that came while the file was read is not newer than its version: by that,
                # those are known that may have instances of tasks that are gone.
                queued_at=case(
                    (dag_run.c.queued_at > created_at, created_at), else_=dag_run.c.queued_at
                ),
            )
        )
    return moved


def _write_dags(transaction: Transaction, batch: _Batch) -> None:
    transaction.run_many(_WRITE_DAG, list(batch.dags.values()))
    transaction.run_many(_ADD_VERSION, batch.versions)
    transaction.run_many(_ADD_TASK, batch.tasks)
    transaction.run_many(_REMOVE_TAGS, [(dag_id,) for dag_id in batch.tags])
    transaction.run_many(_REMOVE_ACCESS, [(dag_id,) for dag_id in batch.access])
    transaction.run_many(_ADD_ACCESS, [row for rows in batch.access.values() for row in rows])
    transaction.run_many(_ADD_TAG, [row for rows in batch.tags.values() for row in rows])
