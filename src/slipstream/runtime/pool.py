"""Which process runs what: hands work out, and forks ahead for what may come."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from slipstream.model.attempt import Failed, LoadingFile, Lost, Outcome
from slipstream.model.version import ParsedFile
from slipstream.runtime.conduct import AttemptConduct, describe_end, refuse_attempt
from slipstream.runtime.conversation import Surroundings, settled
from slipstream.runtime.errand import ErrandConduct
from slipstream.runtime.jobs import AttemptJob, ErrandJob, Job, QuestionJob
from slipstream.runtime.loads import LoadQueue
from slipstream.runtime.offspring import Offspring
from slipstream.runtime.question import QuestionConduct
from slipstream.runtime.root import RootProcess
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.version_loads import VersionLoads
from slipstream.runtime.warm import WarmFile
from slipstream.runtime.warm_files import Version, WarmFiles
from slipstream.wire import messages
from slipstream.wire.questions import Answered

_MOST_MISFIRES = 7
_PAUSE_SECONDS = 0.005
"""A zygote that has been killed takes a moment to be gone; each pause is twice as long."""
_STOPPING = Lost(message="the server is stopping")


class ProcessPool:
    """All zygotes and task processes of one host. All methods are the reactor's thread's."""

    def __init__(self, around: Surroundings, root: RootProcess) -> None:
        self._around = around
        self._reactor = around.reactor
        self._settings = around.settings
        self._root = root
        self._offspring = Offspring(around.reactor, self._on_process_gone)
        self._files = WarmFiles(around.reactor, around.settings)
        loads = LoadQueue(
            around.reactor,
            around.settings,
            root,
            new_number=self._offspring.new_number,
            adopt=self._offspring.adopt,
            on_message=self.on_message,
            on_ask=self._on_ask,
            on_gone=self._on_file_gone,
        )
        self._loads = VersionLoads(around, loads, self._files)
        self._waiting: dict[Version, list[Job]] = {}
        """For their version to be loaded."""
        self._delayed: deque[Job] = deque()
        """Waiting to be tried again: their zygote had ended."""
        self._conducts: dict[str, AttemptConduct | ErrandConduct | QuestionConduct] = {}
        self._parents: dict[TaskProcess, WarmFile] = {}
        self._stopping = False

    def parse(self, path: Path, folder: Path, result: Future[ParsedFile]) -> None:
        """Load the file as it is on the disk and tell what came of it; it stays warm."""
        if self._stopping:
            result.cancel()
        else:
            self._loads.parse(path, folder, result)

    def place(self, job: Job) -> None:
        """Find a process for the job: a warm one, or one that is made for it."""
        if self._stopping:
            self._refuse(job, _STOPPING)
            return
        version = self._files.version_of(job.source)
        file = self._files.find(version)
        if file is not None:
            file.jobs.append(job)
            self._pump(file)
        elif version in self._waiting:
            self._waiting[version].append(job)
        elif (spec := self._files.cold(version)) is not None:
            self._place_cold(job, version, spec)
        else:
            self._waiting[version] = [job]
            self._loads.load(job.source, lambda loaded: self._serve(version, loaded))

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

    def requeue(self, job: Job, reason: str) -> None:
        """The process was lost before it began with the job."""
        job.misfires += 1
        if self._stopping:
            self._refuse(job, _STOPPING)
        elif job.misfires > _MOST_MISFIRES:
            self._refuse(job, Lost(message=f"no process could be started: {reason}"))
        else:
            self._delayed.append(job)
            pause = _PAUSE_SECONDS * 2**job.misfires
            self._reactor.call_after(pause, lambda: self._place_delayed(job))

    def fork_triggers(self) -> TaskProcess:
        """A process for triggers, in which nothing of people's code has been loaded yet."""
        process = self._offspring.new_process()
        settings = self._settings
        order = messages.ForkTriggers(
            process=process.number,
            blocked_warning_seconds=settings.trigger_blocked_seconds,
            blocked_limit_seconds=settings.trigger_limit_seconds,
            on_kill_seconds=settings.trigger_on_kill_seconds,
        )
        self._root.send(order, process.child_descriptors)
        return process

    def fork_logs(self) -> TaskProcess:
        """A process that carries logs elsewhere."""
        process = self._offspring.new_process()
        self._root.send(messages.ForkLogs(process=process.number), process.child_descriptors)
        return process

    def on_message(self, message: messages.FromZygote) -> None:
        """A zygote said something about a child of its."""
        self._offspring.on_message(message)

    def knows(self, pid: int) -> bool:
        """Whether a process of that number is one of this pool's."""
        return self._offspring.knows(pid)

    def folder_of(self, path: Path) -> Path:
        """The DAGs folder that the file lies in; its own folder where it lies in none."""
        return self._loads.folder_of(path)

    @property
    def is_idle(self) -> bool:
        """Whether no attempt or errand is anywhere in it."""
        return not (
            self._conducts
            or self._waiting
            or self._delayed
            or any(file.is_busy for file in self._files)
        )

    def stop(self, grace_seconds: float) -> None:
        """Take no more work, and end what runs; `is_idle` says when it has."""
        self._stopping = True
        self._loads.close()
        for jobs in self._queues():
            while jobs:
                self._refuse(jobs.pop(), _STOPPING)
        self._waiting.clear()
        for conduct in list(self._conducts.values()):
            conduct.cancel(_STOPPING, grace_seconds)

    def close(self) -> None:
        """End every process. What the zygotes leave, the root ends after them."""
        self._offspring.end()

    def forget(self) -> None:
        """Every process is gone: let go of what is held for them."""
        self._offspring.forget()

    # Jobs

    def _queues(self) -> list[list[Job] | deque[Job]]:
        """Wherever jobs wait for a process."""
        return [self._delayed, *self._waiting.values(), *(file.jobs for file in self._files)]

    def _serve(self, version: Version, loaded: messages.Loaded) -> None:
        """Hand the jobs that waited for this version to its process, or tell what went wrong."""
        for job in self._waiting.pop(version, []):
            if loaded.error is None:
                self.place(job)
            else:
                self._refuse(job, Failed(message="the DAG file could not be loaded"), loaded.error)

    def _place_cold(self, job: Job, version: Version, spec: messages.LoadSpec) -> None:
        """Load the file in the task's own process, in the version that is asked for."""
        if spec.overlay is not None or not job.source.source_hash:
            self._occupy(self._fork_cold(spec), job)
            return

        def with_overlay(overlay: Path) -> None:
            self._files.set_overlay(version, str(overlay))
            self._serve(version, messages.Loaded())

        self._waiting[version] = [job]
        self._loads.lay_out(
            job.source,
            Path(spec.dags_folder),
            with_overlay,
            lambda failed: self._serve(version, failed),
        )

    def _place_delayed(self, job: Job) -> None:
        if job in self._delayed:
            self._delayed.remove(job)
            self.place(job)

    def _occupy(self, process: TaskProcess, job: Job) -> None:
        conduct: AttemptConduct | ErrandConduct | QuestionConduct
        match job:
            case AttemptJob():
                conduct = AttemptConduct(job, process, self._around)
            case ErrandJob():
                conduct = ErrandConduct(job, process, self._around)
            case QuestionJob():
                conduct = QuestionConduct(job, process, self._around)
        self._conducts[job.key] = conduct
        process.assign(conduct)

    def _refuse(self, job: Job, outcome: Outcome, detail: str = "") -> None:
        match job:
            case AttemptJob():
                refuse_attempt(job, outcome, detail, self._around)
            case ErrandJob():
                job.settle(detail or describe_end(outcome))
            case QuestionJob():
                job.settle(Answered(error=detail or describe_end(outcome)))

    # Files and processes

    def _on_ask(self, file: WarmFile, ask: messages.Ask) -> None:
        """A file that is being loaded wants to know something."""

        def answer() -> None:
            asker = LoadingFile(file.load.fileloc)
            found = settled(self._around.answer(asker, ask.request))
            file.reply(messages.Reply(number=ask.number, answer=found))

        self._around.pool.submit(answer)

    def _on_file_gone(self, file: WarmFile) -> None:
        """A zygote has ended: what waited for it finds another; tasks below it go on."""
        self._offspring.drop(file)
        self._files.drop(file)
        for process in list(file.spares):
            process.retire()
        file.spares.clear()
        jobs = list(file.jobs)
        file.jobs.clear()
        for job in jobs:
            self.place(job)

    def _pump(self, file: WarmFile) -> None:
        """Hand the waiting jobs to processes, and fork ahead for those that may come."""
        while file.jobs:
            job = file.jobs.popleft()
            file.last_used = time.monotonic()
            if file.spares and file.spares[0].is_ready:
                process = file.spares.popleft()
            else:
                file.wanted_spares = min(file.wanted_spares + 1, self._settings.max_spares)
                process = file.spares.popleft() if file.spares else self._fork(file, 1)[0]
            self._occupy(process, job)
        if len(file.spares) <= file.wanted_spares // 2:
            # Several at a time, which costs the zygote less than one by one.
            file.spares += self._fork(file, file.wanted_spares - len(file.spares))
        if file.wanted_spares and not file.has_idle_timer:
            file.start_idle_timer(self._settings.spare_idle_seconds, self._shrink)

    def _shrink(self, file: WarmFile) -> None:
        """Nothing was started for a while: half of the spares will do."""
        file.wanted_spares //= 2
        while len(file.spares) > file.wanted_spares:
            file.spares.pop().retire()

    def _fork(self, file: WarmFile, number: int) -> list[TaskProcess]:
        made = [self._offspring.new_process() for _ in range(number)]
        for process in made:
            self._parents[process] = file
        file.fork(made)
        return made

    def _fork_cold(self, spec: messages.LoadSpec) -> TaskProcess:
        process = self._offspring.new_process()
        order = messages.ForkTask(process=process.number, load=spec)
        self._root.send(order, process.child_descriptors)
        return process

    def _on_process_gone(self, process: TaskProcess) -> None:
        occupant = process.occupant
        if isinstance(occupant, (AttemptConduct, ErrandConduct, QuestionConduct)):
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
