"""Which process runs what: keeps loaded files warm, forks ahead, hands work out."""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from slipstream.model.attempt import Failed, Lost, Outcome
from slipstream.model.version import ParsedFile, hash_sources
from slipstream.runtime.conduct import AttemptConduct, describe_end, refuse_attempt
from slipstream.runtime.conversation import Surroundings, settled
from slipstream.runtime.errand import ErrandConduct
from slipstream.runtime.jobs import AttemptJob, ErrandJob, Job, Source
from slipstream.runtime.loads import Load, LoadQueue
from slipstream.runtime.overlay import materialise
from slipstream.runtime.parsing import parsed_file
from slipstream.runtime.root import RootProcess
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.warm import Phase, WarmFile
from slipstream.wire import messages

_log = logging.getLogger(__name__)

_MOST_MISFIRES = 7
_PAUSE_SECONDS = 0.005
"""A zygote that has been killed takes a moment to be gone; each pause is twice as long."""

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
            on_ask=self._on_ask,
            on_gone=self._on_file_gone,
        )
        self._warm: dict[Version, WarmFile] = {}
        self._newest: dict[str, Version] = {}
        self._cold: dict[Version, messages.LoadSpec] = {}
        """Files that must not be forked once they are loaded."""
        self._waiting: dict[Version, list[Job]] = {}
        self._by_number: dict[int, TaskProcess | WarmFile] = {}
        self._by_pid: dict[int, TaskProcess | WarmFile] = {}
        self._conducts: dict[str, AttemptConduct | ErrandConduct] = {}
        self._parents: dict[TaskProcess, WarmFile] = {}
        self._delayed: deque[Job] = deque()
        """Waiting to be tried again: their zygote had ended."""
        self._stopping = False

    def parse(self, path: Path, folder: Path, result: Future[ParsedFile]) -> None:
        """Load the file as it is on the disk and tell what came of it; it stays warm."""
        if self._stopping:
            result.cancel()
            return
        started = datetime.now(UTC)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            self._keep(file, loaded, hash_sources(loaded.sources), newest=True)
            if not result.cancelled():
                result.set_result(parsed_file(path, folder, started, loaded))

        load = Load(spec=self._spec(path, folder), on_loaded=on_loaded, on_dropped=result.cancel)
        self._loads.add(load)

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
            self._place_cold(job, version)
        else:
            self._waiting[version] = [job]
            self._load_version(job.source)

    def cancel(self, attempt_id: str, verdict: Outcome, grace_seconds: float) -> None:
        """End an attempt, wherever it is; unknown ones are ignored."""
        conduct = self._conducts.get(attempt_id)
        if conduct is not None:
            conduct.cancel(verdict, grace_seconds)
            return
        for jobs in self._queues():
            for job in jobs:
                if job.key == attempt_id:
                    jobs.remove(job)
                    self._refuse(job, verdict)
                    return

    def on_message(self, message: messages.FromZygote) -> None:
        """A zygote said something about a child of its."""
        match message:
            case messages.Forked():
                child = self._by_number.get(message.process)
                if child is not None:
                    self._on_pid(child, message.pid)
                    child.on_forked(message.pid)
            case messages.ForkFailed():
                child = self._by_number.get(message.process)
                if isinstance(child, TaskProcess):
                    child.give_up(message.message)
            case messages.ChildExited():
                child = self._by_pid.pop(message.pid, None)
                if child is not None:
                    child.on_exited(message.status)
            case messages.Ready(unsafe=str() as reason):
                _log.warning("every task starts in a new interpreter, for %s", reason)
            case messages.Ready() | messages.Loaded() | messages.LoadTimeout() | messages.Ask():
                return

    def _on_ask(self, file: WarmFile, ask: messages.Ask) -> None:
        """A file that is being loaded wants to know something."""

        def answer() -> None:
            found = settled(self._around.answer(None, ask.request))
            file.reply(messages.Reply(number=ask.number, answer=found))

        self._around.pool.submit(answer)

    def knows(self, pid: int) -> bool:
        """Whether a process of that number is one of this pool's."""
        return pid in self._by_pid

    def _queues(self) -> list[list[Job] | deque[Job]]:
        """Wherever jobs wait for a process."""
        waiting = self._waiting.values()
        return [self._delayed, *waiting, *(file.jobs for file in self._warm.values())]

    @property
    def is_idle(self) -> bool:
        """Whether no attempt or errand is anywhere in it."""
        return not (
            self._conducts
            or self._waiting
            or self._delayed
            or any(file.is_busy for file in self._warm.values())
        )

    def stop(self, grace_seconds: float) -> None:
        """Take no more work, and end what runs; `is_idle` says when it has."""
        self._stopping = True
        self._loads.close()
        verdict = Lost(message="the server is stopping")
        for jobs in self._queues():
            while jobs:
                self._refuse(jobs.pop(), verdict)
        self._waiting.clear()
        for conduct in list(self._conducts.values()):
            conduct.cancel(verdict, grace_seconds)

    def close(self) -> None:
        """End every process. What the zygotes leave, the root ends after them."""
        for process in self._task_processes():
            process.kill()
        for child in list(self._by_number.values()):
            if isinstance(child, WarmFile):
                child.retire()

    def forget(self) -> None:
        """Every process is gone: let go of what is held for them."""
        for process in self._task_processes():
            process.on_exited(None)

    def _task_processes(self) -> list[TaskProcess]:
        return [child for child in self._by_number.values() if isinstance(child, TaskProcess)]

    # Files

    def _load_version(self, source: Source) -> None:
        """Load the file for jobs that wait: from the disk if that still is their version."""
        path = Path(source.fileloc)
        folder = self.folder_of(path)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            found = hash_sources(loaded.sources)
            if source.source_hash in {"", found}:
                self._keep(file, loaded, found, newest=True)
                self._serve((source.fileloc, source.source_hash), loaded)
                return
            if loaded.error is None:
                file.retire()
            self._lay_out(
                source, folder, lambda overlay: self._load_overlay(source, folder, overlay)
            )

        self._loads.add(Load(spec=self._spec(path, folder), on_loaded=on_loaded), urgent=True)

    def _place_cold(self, job: Job, version: Version) -> None:
        """Load the file in the task's own process, in the version that is asked for."""
        spec = self._cold[version]
        if spec.overlay is not None or not job.source.source_hash:
            self._occupy(self._fork_cold(spec), job)
            return

        def with_overlay(overlay: Path) -> None:
            self._cold[version] = msgspec.structs.replace(spec, overlay=str(overlay))
            self._serve(version, messages.Loaded())

        self._waiting[version] = [job]
        self._lay_out(job.source, Path(spec.dags_folder), with_overlay)

    def _lay_out(self, source: Source, folder: Path, then: Callable[[Path], None]) -> None:
        """Put the version's files on the disk, in a thread of the pool, and go on with them."""
        version = (source.fileloc, source.source_hash)

        def work() -> None:
            try:
                overlay = materialise(source, folder, self._settings.run_dir)
            except Exception as error:  # noqa: BLE001 - the jobs that wait must hear of it
                _log.exception("cannot lay out version %s", source.source_hash)
                failed = messages.Loaded(error=f"the version's files cannot be had: {error}\n")
                self._reactor.call(lambda: self._serve(version, failed))
            else:
                self._reactor.call(lambda: then(overlay))

        self._around.pool.submit(work)

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
        if self._settings.new_interpreters:
            reason = "the settings ask for a new interpreter for each task"
            self._cold[version] = msgspec.structs.replace(file.load, fresh_for=reason)
            file.retire()
        elif loaded.unsafe is not None:
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
        if file.load_seconds <= self._settings.quick_load_seconds:
            self._let_go_when_idle(file)

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

    def _let_go_when_idle(self, file: WarmFile) -> None:
        """End the file once nothing has been started from it for a while."""
        limit = self._settings.quick_idle_seconds

        def look() -> None:
            if file.phase is not Phase.WARM:
                return
            unused = time.monotonic() - file.last_used
            if unused >= limit and not file.is_busy:
                file.retire()
                return
            wait = limit if file.is_busy else limit - unused
            self._reactor.call_after(wait, look)

        self._reactor.call_after(limit, look)

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
            if file.spares and file.spares[0].is_ready:
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

    def fork_triggers(self) -> TaskProcess:
        """A process for triggers, in which nothing of people's code has been loaded yet."""
        process = self._new_process()
        settings = self._settings
        order = messages.ForkTriggers(
            process=process.number,
            blocked_warning_seconds=settings.trigger_blocked_seconds,
            blocked_limit_seconds=settings.trigger_limit_seconds,
            on_kill_seconds=settings.trigger_on_kill_seconds,
        )
        self._root.send(order, process.child_descriptors)
        return process

    def _new_process(self) -> TaskProcess:
        process = TaskProcess(
            next(self._numbers),
            self._reactor,
            on_pid=self._on_pid,
            on_gone=self._on_process_gone,
        )
        self._by_number[process.number] = process
        process.open()
        return process

    def _on_pid(self, child: TaskProcess | WarmFile, pid: int) -> None:
        self._by_pid[pid] = child

    def _on_process_gone(self, process: TaskProcess) -> None:
        del self._by_number[process.number]
        if process.pid is not None:
            self._by_pid.pop(process.pid, None)
        occupant = process.occupant
        if isinstance(occupant, (AttemptConduct, ErrandConduct)):
            key = occupant.job.key
            if self._conducts.get(key) is occupant:
                del self._conducts[key]
        file = self._parents.pop(process, None)
        if file is not None:
            if not process.is_ready:
                file.probe()
            file.live.discard(process)
            if process in file.spares:
                file.spares.remove(process)

    # Jobs

    def _occupy(self, process: TaskProcess, job: Job) -> None:
        conduct: AttemptConduct | ErrandConduct
        match job:
            case AttemptJob():
                conduct = AttemptConduct(job, process, self._around)
            case ErrandJob():
                conduct = ErrandConduct(job, process, self._around)
        self._conducts[job.key] = conduct
        process.assign(conduct)

    def requeue(self, job: Job, reason: str) -> None:
        """The process was lost before it began with the job."""
        job.misfires += 1
        if self._stopping:
            self._refuse(job, Lost(message="the server is stopping"))
        elif job.misfires > _MOST_MISFIRES:
            self._refuse(job, Lost(message=f"no process could be started: {reason}"))
        else:
            self._delayed.append(job)
            pause = _PAUSE_SECONDS * 2**job.misfires
            self._reactor.call_after(pause, lambda: self._place_delayed(job))

    def _place_delayed(self, job: Job) -> None:
        if job in self._delayed:
            self._delayed.remove(job)
            self.place(job)

    def _refuse(self, job: Job, outcome: Outcome, detail: str = "") -> None:
        match job:
            case AttemptJob():
                refuse_attempt(job, outcome, detail, self._around)
            case ErrandJob():
                job.settle(detail or describe_end(outcome))

    # Files on the disk

    def _spec(self, path: Path, folder: Path, overlay: Path | None = None) -> messages.LoadSpec:
        return messages.LoadSpec(
            fileloc=str(path),
            dags_folder=str(folder),
            overlay=None if overlay is None else str(overlay),
            timeout_seconds=self._settings.load_timeout_seconds,
            grace_seconds=self._settings.timeout_grace_seconds,
            memory_bytes=self._settings.load_memory_bytes,
        )

    def folder_of(self, path: Path) -> Path:
        """The DAGs folder that the file lies in; its own folder where it lies in none."""
        for folder in self._settings.dags_folders:
            if path.is_relative_to(folder):
                return folder
        return path.parent
