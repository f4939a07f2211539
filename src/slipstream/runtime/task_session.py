"""An attempt in its process: surroundings up, the task run, its end reported, the rest tidied."""

from __future__ import annotations

import _thread
import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable
from functools import partial

from slipstream.model.attempt import Attempt, Failed, Skipped, Succeeded
from slipstream.model.errors import NotFoundError, SlipstreamError
from slipstream.runtime import debugging, interrupts, task_log
from slipstream.runtime.errand_runner import call_for
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_runner import TaskEnd, TaskRun
from slipstream.sdk import DAG
from slipstream.sdk._backend import current_backend
from slipstream.sdk.exceptions import AirflowTaskTerminated
from slipstream.wire import messages
from slipstream.wire.frames import FrameTooLargeError
from slipstream.wire.questions import Answered, PartitionQuestion, Question, TimetableQuestion

_log = logging.getLogger("airflow.task")


def run_attempt(
    start: messages.Start, file: LoadedFile, link: SupervisorLink, *, refusal: str | None = None
) -> None:
    """Run the attempt, report its end, and do what is left to do.

    `refusal`: why it cannot run at all, which then is its failure.
    """
    backend = SupervisorBackend(link)
    debugging.break_at_terminal()
    if refusal is None:
        end = _run(start, file, backend)
    else:
        _log.error("%s", refusal)
        end = TaskEnd(Failed(message=refusal))
    if not link.is_owner:
        # A child that the task forked came out of the task's code: it is not the one to report.
        os._exit(1)
    task_log.finish()
    _report(end, link)
    if end.callbacks is not None:
        if isinstance(end.outcome, Succeeded | Failed | Skipped):
            backend.has_reported(start.attempt, end.outcome.xcoms)
        error = end.callbacks()
        if error is not None:
            _tell_of_alert(error, backend)
        task_log.finish()
        link.send(messages.Finished())


def _tell_of_alert(error: str, backend: SupervisorBackend) -> None:
    try:
        backend.note_failed_alert(error)
    except SlipstreamError as problem:
        # It is in the log of the try, whatever becomes of this.
        _log.warning("That an alert has failed could not be told: %s", problem)


def run_errand(
    errand: messages.Errand, file: LoadedFile, link: SupervisorLink, *, refusal: str | None = None
) -> None:
    """Call the callbacks that are asked for, and say how that went.

    `refusal`: why they cannot be called at all.
    """
    backend = SupervisorBackend(link)
    error = refusal
    try:
        current_backend.set(backend)
        if refusal is None:
            error = call_for(errand, _find_dag(errand.attempt, file), backend)
            if error is not None and errand.kind is messages.CallbackKind.TASK:
                _tell_of_alert(error, backend)
    except Exception as problem:  # noqa: BLE001 - what cannot be called has failed
        _log.exception("The callbacks could not be called")
        error = f"{type(problem).__name__}: {problem}"
    if not link.is_owner:
        os._exit(1)
    task_log.finish()
    link.send(messages.ErrandDone(error=error))


def answer_question(question: Question, file: LoadedFile, link: SupervisorLink) -> None:
    """Ask the DAG's own code, and say what it said."""
    try:
        current_backend.set(SupervisorBackend(link))
        answer = _answer(question, _dag_of(question.dag_id, file))
    except Exception as problem:  # noqa: BLE001 - what a DAG's own code raises is told
        _log.exception("The DAG's own code could not answer")
        answer = Answered(error=f"{type(problem).__name__}: {problem}")
    if not link.is_owner:
        os._exit(1)
    task_log.finish()
    link.send(answer)


def _answer(question: Question, dag: DAG) -> Answered:
    # Imported where they are needed: few DAGs have code of their own to ask.
    if isinstance(question, TimetableQuestion):
        from slipstream.runtime import timetable_asking

        return timetable_asking.ask(question, dag)
    if isinstance(question, PartitionQuestion):
        from slipstream.runtime import partition_asking

        return partition_asking.ask(question, dag)
    from slipstream.runtime import deadline_asking

    return deadline_asking.ask(question, dag)


def _run(start: messages.Start, file: LoadedFile, backend: SupervisorBackend) -> TaskEnd:
    attempt = start.attempt
    try:
        dag = _find_dag(attempt, file)
    except NotFoundError as error:
        return TaskEnd(Failed(message=str(error)))
    run = TaskRun(attempt, dag, backend, backend.lengths)
    interrupts.on_signal(signal.SIGTERM, partial(_terminate, run))
    return run.run()


def _find_dag(attempt: Attempt, file: LoadedFile) -> DAG:
    return _dag_of(attempt.run.dag_id, file)


def _dag_of(dag_id: str, file: LoadedFile) -> DAG:
    if file.error is not None:
        raise NotFoundError("the DAG file cannot be loaded")
    found = file.dags.get(dag_id)
    if found is None:
        known = ", ".join(file.dags) or "none"
        raise NotFoundError(f"{file.spec.fileloc} defines no DAG {dag_id!r} (its DAGs: {known})")
    return found


def _terminate(run: TaskRun) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _log.error("The task was told to end (SIGTERM)")
    run.kill()
    raise AirflowTaskTerminated("the task was told to end (SIGTERM)")


def _report(end: TaskEnd, link: SupervisorLink) -> None:
    report = messages.pack_outcome(
        end.outcome,
        rendered=end.rendered,
        is_last=end.callbacks is None,
        shows_result=end.shows_result,
        owes_callbacks=end.was_terminated,
    )
    try:
        link.send(report)
    except FrameTooLargeError as error:
        _log.exception("The task's result cannot be reported")
        link.send(messages.pack_outcome(Failed(message=str(error))))


def wind_down() -> None:
    """What the interpreter does at its end: wait for threads, call what is registered."""
    if _thread._count():
        _shut_down_threads()
    atexit._run_exitfuncs()
    task_log.shut_down()


def _shut_down_threads() -> None:
    shutdown: Callable[[], None] = threading._shutdown  # type: ignore[attr-defined]  # no public name
    shutdown()
