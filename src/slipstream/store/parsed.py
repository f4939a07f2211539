"""What parsing gives, as rows: files, their errors, their sources, DAGs and versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from slipstream.model.dag import DagSpec
from slipstream.model.ids import new_uuid7
from slipstream.model.version import DagVersion, ParsedFile, hash_sources
from slipstream.store.database import Transaction
from slipstream.store.parts import StoreParts
from slipstream.store.records import NoticeKind
from slipstream.store.rows import to_json
from slipstream.store.statements import upsert
from slipstream.store.tables import (
    dag,
    dag_file,
    dag_source,
    dag_tag,
    dag_task,
    dag_version,
    file_error,
    source_text,
)
from slipstream.store.times import to_micros
from slipstream.wire.dag import encode_dag

_FACTS = (
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
)
_FILE = ("fileloc", "relative_fileloc", "bundle_name", "source_hash", "warnings", "parsed_at")
_ERROR = ("fileloc", "bundle_name", "stack_trace", "timestamp")


class ParsedVerbs(StoreParts):
    """Keeping DAGs in step with their files."""

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        """Store what parsing gave, in one transaction; `{dag_id: version}` of what is new."""
        new: dict[str, DagVersion] = {}
        encoded = [[(spec, encode_dag(spec)) for spec in file.dags] for file in parsed]
        with self._database.write() as transaction:
            for file, specs in zip(parsed, encoded, strict=True):
                source_hash = hash_sources(file.sources)
                self._record_file(transaction, file, source_hash)
                if file.error is None:
                    _mark_stale(transaction, [file.fileloc], {spec.dag_id for spec, _ in specs})
                if specs:
                    _keep_sources(transaction, source_hash, file.sources)
                for spec, data in specs:
                    version = self._record_dag(transaction, file, spec, data, source_hash)
                    if version is not None:
                        new[spec.dag_id] = version
            transaction.leave_notice(NoticeKind.DAG_CHANGED, new)
        for version in new.values():
            self._versions.put(version.version_id, version)
        return new

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        """The DAGs of these files become stale; their import errors go."""
        with self._database.write() as transaction:
            _mark_stale(transaction, filelocs, ())
            for table in (dag_file, file_error):
                transaction.execute(delete(table).where(table.c.fileloc.in_(filelocs)))

    def known_files(self) -> Mapping[str, str]:
        """`{fileloc: source hash of its latest versions, or of its error}`."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(dag_file.c.fileloc, dag_file.c.source_hash))
        return dict(rows)

    def _record_file(self, transaction: Transaction, file: ParsedFile, source_hash: str) -> None:
        dialect = self._database.dialect
        row = {
            "fileloc": file.fileloc,
            "relative_fileloc": file.relative_fileloc,
            "bundle_name": file.bundle_name,
            "source_hash": source_hash,
            "warnings": to_json(list(file.warnings)),
            "parsed_at": to_micros(file.parsed_at),
        }
        transaction.execute(upsert(dialect, dag_file, _FILE, ("fileloc",)), [row])
        if file.error is None:
            transaction.execute(delete(file_error).where(file_error.c.fileloc == file.fileloc))
            return
        failure = {
            "fileloc": file.fileloc,
            "bundle_name": file.bundle_name,
            # PostgreSQL's texts cannot hold the character zero; a traceback may quote one.
            "stack_trace": file.error.replace("\0", "\\0"),
            "timestamp": to_micros(file.parsed_at),
        }
        transaction.execute(upsert(dialect, file_error, _ERROR, ("fileloc",)), [failure])

    def _record_dag(
        self,
        transaction: Transaction,
        file: ParsedFile,
        spec: DagSpec,
        data: bytes,
        source_hash: str,
    ) -> DagVersion | None:
        """Write a DAG; gives its version where that is new."""
        found = transaction.rows(
            select(
                dag_version.c.version_id,
                dag_version.c.number,
                dag_version.c.spec,
                dag_version.c.source_hash,
            )
            .join(dag, dag.c.latest_version_id == dag_version.c.version_id)
            .where(dag.c.dag_id == spec.dag_id)
        )
        latest_id, number, *content = found[0] if found else (None, 0)
        is_same = content == [data, source_hash]
        version = DagVersion(
            version_id=latest_id if latest_id is not None and is_same else new_uuid7(),
            dag_id=spec.dag_id,
            number=number + (not is_same),
            spec=spec,
            fileloc=file.fileloc,
            source_hash=source_hash,
            created_at=file.parsed_at,
        )
        facts = _facts(file, spec, version, self._starts_paused(spec))
        statement = upsert(self._database.dialect, dag, _FACTS, ("dag_id",), kept=("is_paused",))
        transaction.execute(statement, [facts])
        if is_same:
            return None
        _add_version(transaction, version, data)
        _replace_tags(transaction, spec)
        return version

    def _starts_paused(self, spec: DagSpec) -> bool:
        if spec.is_paused_upon_creation is None:
            return self._dags_paused_at_creation
        return spec.is_paused_upon_creation


def _facts(
    file: ParsedFile, spec: DagSpec, version: DagVersion, is_paused: bool
) -> dict[str, object]:
    owners = {task.owner for task in spec.tasks.values()}
    return {
        "dag_id": spec.dag_id,
        "is_paused": is_paused,
        "is_stale": False,
        "fileloc": file.fileloc,
        "relative_fileloc": file.relative_fileloc,
        "bundle_name": file.bundle_name,
        "latest_version_id": version.version_id,
        "display_name": spec.display_name or spec.dag_id,
        "owners": to_json(sorted(owners)),
        "last_parsed_at": to_micros(file.parsed_at),
        "last_parse_seconds": file.duration_seconds,
    }


def _add_version(transaction: Transaction, version: DagVersion, data: bytes) -> None:
    row = {
        "version_id": version.version_id,
        "dag_id": version.dag_id,
        "number": version.number,
        "spec": data,
        "fileloc": version.fileloc,
        "source_hash": version.source_hash,
        "created_at": to_micros(version.created_at),
    }
    transaction.execute(insert(dag_version), [row])
    tasks = [
        {
            "version_id": version.version_id,
            "task_id": task.task_id,
            "pool": task.pool,
            "pool_slots": task.pool_slots,
            "queue": task.queue,
        }
        for task in version.spec.tasks.values()
    ]
    if tasks:
        transaction.execute(insert(dag_task), tasks)


def _replace_tags(transaction: Transaction, spec: DagSpec) -> None:
    transaction.execute(delete(dag_tag).where(dag_tag.c.dag_id == spec.dag_id))
    rows = [{"dag_id": spec.dag_id, "tag": tag} for tag in sorted(set(spec.tags))]
    if rows:
        transaction.execute(insert(dag_tag), rows)


def _mark_stale(transaction: Transaction, filelocs: Sequence[str], but: Iterable[str]) -> None:
    gone = (
        transaction.execute(
            update(dag)
            .where(
                dag.c.fileloc.in_(filelocs),
                dag.c.is_stale.is_(False),
                dag.c.dag_id.not_in(list(but)),
            )
            .values(is_stale=True)
            .returning(dag.c.dag_id)
        )
        .scalars()
        .all()
    )
    transaction.leave_notice(NoticeKind.DAG_CHANGED, gone)


def _keep_sources(transaction: Transaction, source_hash: str, sources: Mapping[str, str]) -> None:
    known = transaction.rows(
        select(dag_source.c.path).where(dag_source.c.source_hash == source_hash).limit(1)
    )
    if known or not sources:
        return
    texts = {hash_text(text): text for text in sources.values()}
    present = set(
        transaction.column(
            select(source_text.c.text_hash).where(source_text.c.text_hash.in_(list(texts)))
        )
    )
    missing = [
        {"text_hash": text_hash, "text": encode_source(text)}
        for text_hash, text in texts.items()
        if text_hash not in present
    ]
    if missing:
        transaction.execute(insert(source_text), missing)
    rows = [
        {
            "source_hash": source_hash,
            "position": position,
            "path": path,
            "text_hash": hash_text(text),
        }
        for position, (path, text) in enumerate(sources.items())
    ]
    transaction.execute(insert(dag_source), rows)


def hash_text(text: str) -> str:
    """What a source text is kept under."""
    return hashlib.sha256(encode_source(text)).hexdigest()


def encode_source(text: str) -> bytes:
    """A source text as bytes; bytes that are no UTF-8 came in as surrogates and go out again."""
    return text.encode("utf-8", "surrogateescape")


def decode_source(data: bytes) -> str:
    """The inverse of `encode_source`."""
    return data.decode("utf-8", "surrogateescape")
