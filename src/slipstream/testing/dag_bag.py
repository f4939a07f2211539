"""`DagBag`: every DAG of a folder, loaded into the current process, for the tests of DAG authors.

The server does not use it: it loads each file in a process of its own.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, NoReturn

from slipstream import compat
from slipstream.model.errors import NotFoundError
from slipstream.runtime import archives
from slipstream.runtime.dag_modules import dags_of_file
from slipstream.runtime.discovery import looks_like_a_dag_file
from slipstream.runtime.interrupts import time_limit
from slipstream.runtime.tracebacks import format_for_user
from slipstream.sdk import conf
from slipstream.sdk._conf import settings_folders
from slipstream.sdk._dag import DAG
from slipstream.sdk._policies import apply_policies, import_timeout
from slipstream.sdk._spec import build_spec
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk.exceptions import AirflowDagDuplicatedIdException, AirflowException
from slipstream.services.dag_files import DagFolder, IgnoreSyntax
from slipstream.testing.examples import example_folder

_log = logging.getLogger(__name__)


class FileLoadStat(NamedTuple):
    """What loading one file took and gave."""

    file: str
    """Relative to the folder."""
    duration: timedelta
    dag_num: int
    task_num: int
    dags: str
    warning_num: int
    bundle_path: Path | None = None
    bundle_name: str | None = None


class LoadTimeoutError(AirflowException):
    """A file took longer to load than it may."""


class DagBag:
    """The DAGs of a folder or of one file; those of `[core] dags_folder` where none is named.

    `dags` is `{dag_id: DAG}`, `import_errors` `{path: what is wrong}` (paths relative to
    `bundle_path` where that is given), `dagbag_stats` what each file took, the slowest first.
    `include_examples`, of Airflow 2, brings in the example DAGs; `[core] load_examples` decides
    where it is left out. There is no database behind it: `read_dags_from_db` is refused. Makes
    `airflow.*` importable in this process.
    """

    def __init__(
        self,
        dag_folder: str | Path | None = None,
        include_examples: bool | ArgNotSet = NOTSET,
        safe_mode: bool | ArgNotSet = NOTSET,
        read_dags_from_db: bool = False,
        load_op_links: bool = True,
        collect_dags: bool = True,
        known_pools: set[str] | None = None,
        bundle_path: Path | None = None,
        bundle_name: str | None = None,
        store_serialized_dags: bool = False,
    ) -> None:
        if read_dags_from_db or store_serialized_dags:
            _refuse("DagBag(read_dags_from_db=True)")
        compat.install()
        self.dag_folder = str(dag_folder or conf.get("core", "dags_folder"))
        self.load_op_links = load_op_links
        self.known_pools = known_pools
        self.bundle_path = bundle_path
        self.bundle_name = bundle_name
        self.dags: dict[str, DAG] = {}
        self.import_errors: dict[str, str] = {}
        self.captured_warnings: dict[str, tuple[str, ...]] = {}
        self.file_last_changed: dict[str, datetime] = {}
        self.dagbag_stats: list[FileLoadStat] = []
        self._is_safe = (
            conf.getboolean("core", "dag_discovery_safe_mode")
            if isinstance(safe_mode, ArgNotSet)
            else safe_mode
        )
        if collect_dags:
            self.collect_dags()
            if (
                conf.getboolean("core", "load_examples")
                if isinstance(include_examples, ArgNotSet)
                else include_examples
            ):
                self.collect_dags(example_folder())

    # ------------------------------------------------------------------ what is in it

    def size(self) -> int:
        """How many DAGs there are."""
        return len(self.dags)

    @property
    def dag_ids(self) -> list[str]:
        """The ids of the DAGs."""
        return list(self.dags)

    def get_dag(self, dag_id: str, session: UserValue = None) -> DAG | None:
        """The DAG of that id, or None."""
        del session  # There is no database behind it.
        return self.dags.get(dag_id)

    @property
    def dag_warnings(self) -> set[str]:
        """A sentence for each DAG that names pools that are not among `known_pools`."""
        found: set[str] = set()
        for dag in self.dags.values() if self.known_pools is not None else ():
            missing = {task.pool for task in dag.tasks} - (self.known_pools or set())
            if missing:
                found.add(f"DAG {dag.dag_id!r} names pools that are not there: {sorted(missing)}")
        return found

    def dagbag_report(self) -> str:
        """What loading took, as a table."""
        lines = [
            f"DAGs loaded: {self.size()}, files with errors: {len(self.import_errors)}",
            f"{'seconds':>8}  {'dags':>4}  {'tasks':>5}  {'warnings':>8}  file",
        ]
        lines += [
            f"{stat.duration.total_seconds():8.3f}  {stat.dag_num:4}  {stat.task_num:5}  "
            f"{stat.warning_num:8}  {stat.file}"
            for stat in self.dagbag_stats
        ]
        return "\n".join(lines)

    # ------------------------------------------------------------------ filling it

    def collect_dags(
        self,
        dag_folder: str | Path | None = None,
        only_if_updated: bool = True,
        include_examples: bool = False,
        safe_mode: bool | ArgNotSet = NOTSET,
    ) -> None:
        """Load every DAG file of a folder, as `.airflowignore` and the safe mode choose them.

        Raises `NotFoundError` where there is no such folder or file.
        """
        path = Path(dag_folder or self.dag_folder).absolute()
        if not path.exists():
            raise NotFoundError(f"There is no folder or file {path}; a DagBag is made of one.")
        safe = self._is_safe if isinstance(safe_mode, ArgNotSet) else safe_mode
        syntax = IgnoreSyntax(str(conf.get("core", "dag_ignore_file_syntax")).lower())
        folder = DagFolder(path, syntax, safe)
        for file in folder.find():
            began = time.monotonic()
            made = self.process_file(str(file), only_if_updated, safe)
            self.dagbag_stats.append(
                FileLoadStat(
                    file=os.path.relpath(file, folder.root),
                    duration=timedelta(seconds=time.monotonic() - began),
                    dag_num=len(made),
                    task_num=sum(len(dag.tasks) for dag in made),
                    dags=str([dag.dag_id for dag in made]),
                    warning_num=len(self.captured_warnings.get(str(file), ())),
                    bundle_path=self.bundle_path,
                    bundle_name=self.bundle_name,
                )
            )
        self.dagbag_stats.sort(key=lambda stat: stat.duration, reverse=True)
        if include_examples:
            self.collect_dags(example_folder(), only_if_updated, safe_mode=safe)

    def process_file(
        self, filepath: str, only_if_updated: bool = True, safe_mode: bool = True
    ) -> list[DAG]:
        """Load one file; its DAGs. What is wrong with it is in `import_errors`.

        A file that has not changed since it was loaded gives an empty list, `only_if_updated`.
        """
        path = Path(filepath).absolute()
        if not path.is_file() or (safe_mode and not looks_like_a_dag_file(path)):
            return []
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if only_if_updated and self.file_last_changed.get(filepath) == changed:
            return []
        self.file_last_changed[filepath] = changed
        self.import_errors.pop(self._name(path), None)
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("default")
            made = self._load(path)
        self.captured_warnings[filepath] = tuple(map(_described, recorded))
        for warning in recorded:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        return made

    def bag_dag(self, dag: DAG) -> None:
        """Check a DAG, apply the cluster policies to it and put it in.

        Raises `AirflowDagCycleException`, `AirflowDagDuplicatedIdException` and what else
        `build_spec` and the policies raise.
        """
        self._put_in(dag)

    def sync_to_db(self, *_args: UserValue, **_kwargs: UserValue) -> NoReturn:
        """Refused: the server records DAG files by itself."""
        _refuse("DagBag.sync_to_db()")

    def _put_in(self, dag: DAG) -> bool:
        if not apply_policies(dag):
            return False
        build_spec(dag)
        known = self.dags.get(dag.dag_id)
        if known is not None and known.fileloc != dag.fileloc:
            raise AirflowDagDuplicatedIdException(
                f"{dag.fileloc} has a DAG {dag.dag_id!r}, and so has {known.fileloc}. Give each "
                f"DAG an id of its own."
            )
        self.dags[dag.dag_id] = dag
        return True

    def _load(self, path: Path) -> list[DAG]:
        _extend_path(path.parent if Path(self.dag_folder).is_file() else Path(self.dag_folder))
        found: Mapping[str, DAG] = {}
        try:
            seconds = import_timeout(str(path), conf.getfloat("core", "dagbag_import_timeout"))
            found = _in_time(seconds, path, lambda: dags_of_file(path, path))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a file may raise anything, SystemExit too
            self._note_error(path, error)
        made = []
        for dag in found.values():
            try:
                if self._put_in(dag):
                    made.append(dag)
            except Exception as error:  # noqa: BLE001 - a DAG's own code may raise anything
                self._note_error(path, error)
        return made

    def _note_error(self, path: Path, error: BaseException) -> None:
        if conf.getboolean("core", "dagbag_import_error_tracebacks"):
            said = format_for_user(error)
        else:
            said = "".join(traceback.format_exception_only(error))
        name = self._name(path)
        before = self.import_errors.get(name)
        self.import_errors[name] = said if before is None else f"{before}\n{said}"
        _log.error("%s does not load:\n%s", path, said)

    def _name(self, path: Path) -> str:
        if self.bundle_path is None:
            return str(path)
        return os.path.relpath(path, self.bundle_path)


def _in_time(
    seconds: float, path: Path, load: Callable[[], Mapping[str, DAG]]
) -> Mapping[str, DAG]:
    if archives.is_archive(path):
        archives.forget(path)
    if seconds <= 0:
        return load()
    error = LoadTimeoutError(
        f"{path} took longer than {seconds:g} s to load. Move slow work from the top level into "
        f"tasks, or raise [core] dagbag_import_timeout."
    )
    with time_limit(seconds, error):
        return load()


def _extend_path(folder: Path) -> None:
    for entry in (str(folder.absolute()), *settings_folders()):
        if entry not in sys.path and os.path.isdir(entry):
            sys.path.append(entry)


def _described(warning: warnings.WarningMessage) -> str:
    kind = warning.category.__name__
    return f"{warning.filename}:{warning.lineno}: {kind}: {warning.message}"


def _refuse(what: str) -> NoReturn:
    raise AirflowException(
        f"{what} is not there: a DagBag has no database behind it. The server records DAG files "
        f"by itself; `slipstream dags reserialize` has it done at once."
    )
