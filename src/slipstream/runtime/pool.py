"""Which process runs what: keeps loaded files warm, forks ahead, hands work out."""

from __future__ import annotations

import itertools
import logging
import time
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from slipstream.model.attempt import Failed, Lost, Outcome
from slipstream.model.version import ParsedFile, hash_sources
from slipstream.runtime.conduct import AttemptConduct, Surroundings, refuse
from slipstream.runtime.jobs import Job, Source
from slipstream.runtime.loads import Load, LoadQueue
from slipstream.runtime.overlay import materialise
from slipstream.runtime.parsing import parsed_file
from slipstream.runtime.root import RootProcess
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.warm import Phase, WarmFile
from slipstream.wire import messages

_log = logging.getLogger(__name__)

_MOST_MISFIRES = 3

Version: TypeAlias = tuple[str, str]
"""`(fileloc, source hash)`."""


class ProcessPool:
    """All zygotes and task processes of one host. All methods are the reactor's thread's."""

    def __init__(self, around: Surroundings, root: RootProcess) -> None:
        self._around = around
        self._reactor = around.reactor
        self._settings = around.settings
        self._root = root
        self._numbers = itertools.count(1)
        self._loads = LoadQueue(
            around.reactor,
            around.settings,
            root,
            new_number=lambda: next(self._numbers),
            adopt=self._adopt,
            on_message=self.on_message,
            on_gone=self._on_file_gone,
        )
        self._warm: dict[Version, WarmFile] = {}
        self._newest: dict[str, Version] = {}
        self._cold: dict[Version, messages.LoadSpec] = {}
        """Files that must not be forked once they are loaded."""
        self._waiting: dict[Version, list[Job]] = {}
        self._by_number: dict[int, TaskProcess | WarmFile] = {}
        self._by_pid: dict[int, TaskProcess | WarmFile] = {}
        self._conducts: dict[str, AttemptConduct] = {}
        self._parents: dict[TaskProcess, WarmFile] = {}
        self._stopping = False

    def parse(self, path: Path, folder: Path, result: Future[ParsedFile]) -> None:
        """Load the file as it is on the disk and tell what came of it; it stays warm."""
        if not result.set_running_or_notify_cancel():
            return
        started = datetime.now(UTC)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            self._keep(file, loaded, hash_sources(loaded.sources), newest=True)
            result.set_result(parsed_file(path, folder, started, loaded))

        self._loads.add(Load(spec=self._spec(path, folder), on_loaded=on_loaded))

    def place(self, job: Job) -> None:
        """Find a process for the job: a warm one, or one that is made for it."""
        if self._stopping:
            self._refuse(job, Lost(message="the server is stopping"))
            return
        version = (job.source.fileloc, job.source.source_hash)
        if not job.source.source_hash:
            version = self._newest.get(job.source.fileloc, version)
        file = self._warm.get(version)
        if file is not None:
            file.jobs.append(job)
            self._pump(file)
        elif version in self._waiting:
            self._waiting[version].append(job)
        elif version in self._cold:
            self._occupy(self._fork_cold(self._cold[version]), job)
        else:
            self._waiting[version] = [job]
            self._load_version(job.source)

    def cancel(self, attempt_id: str, verdict: Outcome, grace_seconds: float) -> None:
        """End an attempt, wherever it is; unknown ones are ignored."""
        conduct = self._conducts.get(attempt_id)
        if conduct is not None:
            conduct.cancel(verdict, grace_seconds)
            return
        for jobs in [*self._waiting.values(), *(file.jobs for file in self._warm.values())]:
            for job in jobs:
                if job.attempt.attempt_id == attempt_id:
                    jobs.remove(job)
                    self._refuse(job, verdict)
                    return

    def on_message(self, message: messages.FromZygote) -> None:
        """A zygote said something about a child of its."""
        match message:
            case messages.Forked():
                child = self._by_number.get(message.process)
                if child is not None:
                    self._by_pid[message.pid] = child
                    child.on_forked(message.pid)
            case messages.ForkFailed():
                child = self._by_number.get(message.process)
                if isinstance(child, TaskProcess):
                    child.give_up(message.message)
            case messages.ChildExited():
                child = self._by_pid.pop(message.pid, None)
                if child is not None:
                    child.on_exited(message.status)
            case messages.Ready() | messages.Loaded():
                return

    @property
    def is_idle(self) -> bool:
        """Whether no attempt or errand is anywhere in it."""
        return not (
            self._conducts or self._waiting or any(file.is_busy for file in self._warm.values())
        )

    def stop(self, grace_seconds: float) -> None:
        """Take no more work, and end what runs; `is_idle` says when it has."""
        self._stopping = True
        self._loads.clear()
        verdict = Lost(message="the server is stopping")
        for jobs in [*self._waiting.values(), *(file.jobs for file in self._warm.values())]:
            while jobs:
                self._refuse(jobs.pop(), verdict)
        self._waiting.clear()
        for conduct in list(self._conducts.values()):
            conduct.cancel(verdict, grace_seconds)

    def close(self) -> None:
        """End every zygote and spare."""
        for process in [c for c in self._by_number.values() if isinstance(c, TaskProcess)]:
            process.kill()
        for file in [c for c in self._by_number.values() if isinstance(c, WarmFile)]:
            file.retire()

    # Files

    def _load_version(self, source: Source) -> None:
        """Load the file for jobs that wait: from the disk if that still is their version."""
        path = Path(source.fileloc)
        folder = self._folder_of(path)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            found = hash_sources(loaded.sources)
            if source.source_hash in {"", found}:
                self._keep(file, loaded, found, newest=True)
                self._serve((source.fileloc, source.source_hash), loaded)
                return
            if loaded.error is None:
                file.retire()
            self._around.pool.submit(self._materialise, source, folder)

        self._loads.add(Load(spec=self._spec(path, folder), on_loaded=on_loaded), urgent=True)

    def _materialise(self, source: Source, folder: Path) -> None:
        """In a thread of the pool: lay an earlier version's files out, and load them."""
        try:
            overlay = materialise(source, folder, self._settings.run_dir)
        except Exception as error:  # noqa: BLE001 - the jobs that wait must hear of it
            _log.exception("cannot lay out version %s", source.source_hash)
            failed = messages.Loaded(error=f"the version's files cannot be had: {error}\n")
            self._reactor.call(lambda: self._serve((source.fileloc, source.source_hash), failed))
            return
        self._reactor.call(lambda: self._load_overlay(source, folder, overlay))

    def _load_overlay(self, source: Source, folder: Path, overlay: Path) -> None:
        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            self._keep(file, loaded, source.source_hash, newest=False)
            self._serve((source.fileloc, source.source_hash), loaded)

        spec = self._spec(Path(source.fileloc), folder, overlay)
        self._loads.add(Load(spec=spec, on_loaded=on_loaded), urgent=True)

    def _keep(
        self, file: WarmFile, loaded: messages.Loaded, source_hash: str, *, newest: bool
    ) -> None:
        """Remember what was loaded, and make room for it."""
        version = (file.load.fileloc, source_hash)
        file.source_hash = source_hash
        if newest:
            self._newest[file.load.fileloc] = version
        if loaded.unsafe is not None:
            self._cold[version] = file.load
        if file.phase is not Phase.WARM:
            return
        before = self._warm.get(version)
        self._warm[version] = file
        if before is not None:
            file.jobs.extend(before.jobs)
            before.jobs.clear()
            before.retire()
        self._make_room()

    def _serve(self, version: Version, loaded: messages.Loaded) -> None:
        """Hand the jobs that waited for this version to its process, or tell what went wrong."""
        for job in self._waiting.pop(version, []):
            if loaded.error is None:
                self.place(job)
            else:
                self._refuse(job, Failed(message="the DAG file could not be loaded"), loaded.error)

    def _make_room(self) -> None:
        """End the files that were not used for longest until the rest fits the memory budget."""
        idle = sorted(
            (file for file in self._warm.values() if not file.is_busy),
            key=lambda file: file.last_used,
        )
        held = sum(file.private_bytes for file in self._warm.values())
        for file in idle[:-1]:
            if held <= self._settings.warm_memory_bytes:
                return
            held -= file.private_bytes
            file.retire()

    def _adopt(self, file: WarmFile) -> None:
        self._by_number[file.number] = file

    def _on_file_gone(self, file: WarmFile) -> None:
        """A zygote has ended: what waited for it finds another; tasks below it go on."""
        self._by_number.pop(file.number, None)
        version = (file.load.fileloc, file.source_hash)
        if self._warm.get(version) is file:
            del self._warm[version]
        for process in list(file.spares):
            process.retire()
        file.spares.clear()
        jobs = list(file.jobs)
        file.jobs.clear()
        for job in jobs:
            self.place(job)

    # Processes

    def _pump(self, file: WarmFile) -> None:
        """Hand the waiting jobs to processes, and fork ahead for those that may come."""
        while file.jobs:
            job = file.jobs.popleft()
            file.last_used = time.monotonic()
            if file.spares and file.spares[0].pid is not None:
                process = file.spares.popleft()
            else:
                file.wanted_spares = min(file.wanted_spares + 1, self._settings.max_spares)
                process = file.spares.popleft() if file.spares else self._fork(file)
            self._occupy(process, job)
        while len(file.spares) < file.wanted_spares:
            file.spares.append(self._fork(file))
        if file.wanted_spares and not file.has_idle_timer:
            file.start_idle_timer(self._settings.spare_idle_seconds, self._shrink)

    def _shrink(self, file: WarmFile) -> None:
        """Nothing was started for a while: half of the spares will do."""
        file.wanted_spares //= 2
        while len(file.spares) > file.wanted_spares:
            file.spares.pop().retire()

    def _fork(self, file: WarmFile) -> TaskProcess:
        process = self._new_process()
        self._parents[process] = file
        file.fork(process)
        return process

    def _fork_cold(self, spec: messages.LoadSpec) -> TaskProcess:
        process = self._new_process()
        order = messages.ForkTask(process=process.number, load=spec)
        self._root.send(order, process.child_descriptors)
        return process

    def _new_process(self) -> TaskProcess:
        process = TaskProcess(next(self._numbers), self._reactor, self._on_process_gone)
        self._by_number[process.number] = process
        process.open()
        return process

    def _on_process_gone(self, process: TaskProcess) -> None:
        del self._by_number[process.number]
        if process.pid is not None:
            self._by_pid.pop(process.pid, None)
        if isinstance(process.occupant, AttemptConduct):
            conduct = process.occupant
            if self._conducts.get(conduct.attempt.attempt_id) is conduct:
                del self._conducts[conduct.attempt.attempt_id]
        file = self._parents.pop(process, None)
        if file is not None:
            file.live.discard(process)
            if process in file.spares:
                file.spares.remove(process)

    # Jobs

    def _occupy(self, process: TaskProcess, job: Job) -> None:
        conduct = AttemptConduct(job, process, self._around)
        self._conducts[job.attempt.attempt_id] = conduct
        process.assign(conduct)

    def requeue(self, job: Job, reason: str) -> None:
        """The process was lost before it began with the job."""
        job.misfires += 1
        if job.misfires > _MOST_MISFIRES:
            self._refuse(job, Lost(message=f"no process could be started: {reason}"))
        else:
            self._reactor.call(lambda: self.place(job))

    def _refuse(self, job: Job, outcome: Outcome, detail: str = "") -> None:
        refuse(job, outcome, detail, self._around)

    # Files on the disk

    def _spec(self, path: Path, folder: Path, overlay: Path | None = None) -> messages.LoadSpec:
        return messages.LoadSpec(
            fileloc=str(path),
            dags_folder=str(folder),
            overlay=None if overlay is None else str(overlay),
            timeout_seconds=self._settings.load_timeout_seconds,
            memory_bytes=self._settings.load_memory_bytes,
        )

    def _folder_of(self, path: Path) -> Path:
        """The DAGs folder that the file lies in; its own folder where it lies in none."""
        for folder in self._settings.dags_folders:
            if path.is_relative_to(folder):
                return folder
        return path.parent
