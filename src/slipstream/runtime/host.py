"""The process host: loads DAG files and runs attempts, each in a warm process of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from slipstream.model.attempt import Attempt, Cancelled, Outcome
from slipstream.model.deferral import Deferral
from slipstream.model.events import AttemptEnded, AttemptStarted, TriggerEnded
from slipstream.model.version import ParsedFile
from slipstream.runtime import processes
from slipstream.runtime.conversation import Answerer, Surroundings
from slipstream.runtime.environment import lineage_of, task_environment
from slipstream.runtime.jobs import (
    AttemptJob,
    ErrandJob,
    Job,
    Listener,
    QuestionJob,
    Source,
    TriggerListener,
)
from slipstream.runtime.leftovers import end_leftovers
from slipstream.runtime.lifeline import Lifeline
from slipstream.runtime.log_carrier import LogCarrier
from slipstream.runtime.log_files import LogFile, errand_log_path, questions_log_path
from slipstream.runtime.orphans import Orphans
from slipstream.runtime.pool import ProcessPool
from slipstream.runtime.reactor import Reactor
from slipstream.runtime.root import RootProcess
from slipstream.runtime.settings import HostSettings
from slipstream.runtime.trigger_host import TriggerHost
from slipstream.wire import messages
from slipstream.wire.questions import Answered, Question

_log = logging.getLogger(__name__)

_ANSWERING_THREADS = 4
_STOP_MARGIN_SECONDS = 10.0
_LOGS_SECONDS = 10.0
"""What carrying the last logs away may take when the host stops."""
_TRIGGERS_SECONDS = 3.0
"""What triggers may at least take to tidy up when the host stops."""


class ProcessHost:
    """Owns every process that runs people's code. All methods are safe from any thread.

    `answer` carries out what tasks ask (see `wire.execution`); it is called in threads of its own,
    several at a time.
    """

    def __init__(self, settings: HostSettings, answer: Answerer) -> None:
        self._settings = settings
        self._reactor = Reactor("process-host")
        self._lifeline = Lifeline()
        self._threads = ThreadPoolExecutor(_ANSWERING_THREADS, thread_name_prefix="answering")
        self._events: list[tuple[Attempt, AttemptStarted | AttemptEnded]] = []
        self._dirty: dict[LogFile, None] = {}
        self._trigger_events: list[tuple[Attempt, TriggerEnded]] = []
        self._listener: Listener | None = None
        self._trigger_listener: TriggerListener | None = None
        self._idle = threading.Event()
        self._awaiting_idle: list[threading.Event] = []
        self._logs_are_kept = threading.Event()
        self._stopping = False
        self._stopped = False
        around = Surroundings(
            reactor=self._reactor,
            settings=settings,
            answer=answer,
            pool=self._threads,
            emit=self._emit,
            requeue=self._requeue,
            call_back=self._call_back,
            log_complete=self._log_complete,
            mark_dirty=self._mark_dirty,
        )
        lineage = lineage_of(settings.run_dir, os.getpid(), processes.start_time(os.getpid()) or 0)
        self._root = RootProcess(
            self._reactor,
            self._lifeline,
            task_environment(os.environ, lineage),
            self._on_message,
            self._on_root_death,
        )
        self._pool = ProcessPool(around, self._root)
        self._triggers = TriggerHost(
            around,
            occupy=lambda group: group.occupy(self._pool.fork_triggers()),
            folder_of=self._pool.folder_of,
            emit=self._emit_trigger,
        )
        self._logs = LogCarrier(around, self._pool.fork_logs)
        self._orphans = Orphans(
            self._reactor,
            lineage,
            root=lambda: self._root.pid,
            is_known=self._pool.knows,
            on_exit=self._on_orphan_exit,
        )

    def start(self, listener: Listener | None = None) -> None:
        """Start the thread and the root zygote; what becomes of attempts goes to the listener."""
        self._listener = listener
        left = end_leftovers(self._settings.run_dir)
        if left:
            _log.warning("ended %d processes that an earlier server had left", len(left))
        processes.become_subreaper()
        self._reactor.start(self._after_round)
        self._reactor.call(self._start_root)

    @property
    def root_pid(self) -> int | None:
        """The root zygote's process number; None while there is none."""
        return self._root.pid

    def set_listener(self, listener: Listener) -> None:
        """From now on, what becomes of attempts goes there."""
        self._listener = listener

    def set_trigger_listener(self, listener: TriggerListener) -> None:
        """From now on, what triggers come to goes there."""
        self._trigger_listener = listener

    def run_triggers(self, waiters: Sequence[tuple[Attempt, Deferral]]) -> None:
        """Run what these deferred attempts wait on. Each is answered by one `TriggerEnded`, unless
        it is dropped before. One that runs already goes on; one that has ended runs anew."""
        self._reactor.call(lambda: self._triggers.run(waiters))

    def drop_trigger(self, attempt_id: str) -> None:
        """Nothing waits on that trigger any more: its end was kept, or it has to end now."""
        self._reactor.call(lambda: self._triggers.drop(attempt_id))

    def run_watchers(self, waiters: Sequence[tuple[Attempt, Deferral]]) -> None:
        """Run these triggers, which no task waits on: each is answered by one `TriggerEnded` for
        every event, and goes on when `keep_trigger` is called. A `Broken` end is its last."""
        self._reactor.call(lambda: self._triggers.run(waiters, watches=True))

    def keep_trigger(self, attempt_id: str) -> None:
        """The last event of that watcher was kept."""
        self._reactor.call(lambda: self._triggers.keep(attempt_id))

    def call_after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run `callback` in the host's own thread, after so many seconds."""

        def later() -> None:
            self._reactor.call_after(seconds, callback)

        self._reactor.call(later)

    @property
    def trigger_pids(self) -> Sequence[int]:
        """The processes that run triggers."""
        return self._triggers.pids

    def call(self, callback: Callable[[], None]) -> None:
        """Run `callback` in the host's own thread, soon."""
        self._reactor.call(callback)

    def parse(self, path: Path, folder: Path) -> Future[ParsedFile]:
        """Load a DAG file of that DAGs folder; it stays warm for attempts of this version.

        What is wrong with the file is in the result. Several are loaded at a time, in the order of
        the requests; the future is cancelled if the host stops before.
        """
        result: Future[ParsedFile] = Future()
        if self._stopped:
            result.cancel()
            return result
        self._reactor.call(lambda: self._pool.parse(path, folder, result))
        return result

    def run(self, attempt: Attempt, source: Source) -> None:
        """Start an attempt with the code of `source`; it is answered by one `AttemptEnded`."""
        job = AttemptJob(attempt=attempt, source=source)
        self._reactor.call(lambda: self._pool.place(job))

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt; its end is then `Cancelled`. An unknown id is ignored."""
        self._cancel(attempt_id, Cancelled(message=reason))

    def call_back(self, callback: messages.Errand, source: Source) -> Future[None]:
        """Have a DAG's or a task's callbacks called, with the code of `source`.

        The result fails with `ErrandFailedError` where one raised, or took longer than
        `callback_timeout_seconds`. What they print and log goes to a log of the run's.
        """
        job = ErrandJob(
            errand=callback,
            source=source,
            timeout_seconds=self._settings.callback_timeout_seconds,
            log_path=errand_log_path(callback),
        )
        self._reactor.call(lambda: self._pool.place(job))
        return job.result

    def ask(self, question: Question, source: Source) -> Future[Answered]:
        """Put a question to a DAG's own code, of `source`. What goes wrong is an answer, too."""
        job = QuestionJob(
            question=question,
            source=source,
            timeout_seconds=self._settings.load_timeout_seconds,
            log_path=questions_log_path(question.dag_id),
        )
        if self._stopped:
            job.settle(Answered(error="the server is stopping"))
        else:
            self._reactor.call(lambda: self._pool.place(job))
        return job.result

    def read_log(self, attempt: Attempt, end_date: datetime | None) -> Future[messages.LogRead]:
        """The attempt's log as it is kept elsewhere. The result fails with `RemoteLogError`."""
        result: Future[messages.LogRead] = Future()
        self._reactor.call(lambda: self._logs.read(attempt, end_date, result))
        return result

    def await_idle(self, seconds: float) -> bool:
        """Let what runs, and callbacks that it owes, come to their ends; whether they have in that
        time."""
        is_idle = threading.Event()
        self._reactor.call(lambda: self._awaiting_idle.append(is_idle))
        return is_idle.wait(seconds)

    def end_attempts(self, grace_seconds: float) -> None:
        """Take no more attempts and end those that run; waits until all have been reported.

        Those that had to be ended are `Lost`.
        """
        self._reactor.call(lambda: self._begin_stop(grace_seconds))
        self._idle.wait(grace_seconds + _STOP_MARGIN_SECONDS)

    def stop(self, grace_seconds: float) -> None:
        """End everything: SIGTERM to the tasks, SIGKILL after the grace; then the zygotes."""
        if self._stopped:
            return
        self._stopped = True
        self.end_attempts(grace_seconds)
        self._reactor.call(lambda: self._logs.stop(_LOGS_SECONDS))
        if self._settings.keeps_logs_elsewhere:
            self._logs_are_kept.wait(_LOGS_SECONDS)
        self._reactor.call(self._close)
        self._reactor.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._lifeline.cut()

    def _cancel(self, attempt_id: str, verdict: Outcome) -> None:
        grace = self._settings.kill_grace_seconds
        self._reactor.call(lambda: self._pool.cancel(attempt_id, verdict, grace))

    def _start_root(self) -> None:
        self._root.ensure()

    def _emit(self, attempt: Attempt, event: AttemptStarted | AttemptEnded) -> None:
        self._events.append((attempt, event))

    def _emit_trigger(self, attempt: Attempt, event: TriggerEnded) -> None:
        self._trigger_events.append((attempt, event))

    def _requeue(self, job: Job, reason: str) -> None:
        self._pool.requeue(job, reason)

    def _call_back(self, job: AttemptJob, reason: str) -> None:
        errand = messages.Errand(
            kind=messages.CallbackKind.TASK,
            attempt=replace(job.attempt, is_over=True),
            succeeded=False,
            reason=reason,
        )
        self.call_back(errand, job.source)

    def _on_message(self, message: messages.FromZygote) -> None:
        self._pool.on_message(message)

    def _on_root_death(self) -> None:
        _log.warning("the root zygote has died; another one is started when it is needed")
        self._orphans.adopt()

    def _on_orphan_exit(self, pid: int, status: int) -> None:
        self._pool.on_message(messages.ChildExited(pid=pid, status=status))

    def _log_complete(self, attempt: Attempt) -> None:
        if self._settings.keeps_logs_elsewhere:
            self._logs.ship(attempt)

    def _mark_dirty(self, log: LogFile) -> None:
        self._dirty.setdefault(log)

    def _begin_stop(self, grace_seconds: float) -> None:
        self._stopping = True
        self._pool.stop(grace_seconds)
        self._triggers.stop(max(grace_seconds, _TRIGGERS_SECONDS))

    def _close(self) -> None:
        self._pool.close()
        self._root.stop()
        self._orphans.end()
        self._pool.forget()

    def _after_round(self) -> None:
        """Logs first: who hears of an end may read the log of it."""
        if self._dirty:
            self._flush_logs()
        if self._events:
            events, self._events = self._events, []
            if self._listener is not None:
                self._listener(events)
        if self._trigger_events:
            ends, self._trigger_events = self._trigger_events, []
            if self._trigger_listener is not None:
                self._trigger_listener(ends)
        if self._logs.has_ended:
            self._logs_are_kept.set()
        if self._awaiting_idle and self._pool.is_idle:
            while self._awaiting_idle:
                self._awaiting_idle.pop().set()
        if self._stopping and self._pool.is_idle and self._triggers.is_idle:
            self._idle.set()

    def _flush_logs(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for log in dirty:
            try:
                log.flush()
            except OSError as error:
                _log.error("log lines are lost: %s", error)
