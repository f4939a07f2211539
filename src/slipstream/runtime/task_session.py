"""An attempt in its process: surroundings up, the task run, one report sent."""

from __future__ import annotations

from slipstream.model.attempt import Failed, Outcome
from slipstream.runtime import task_log
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_runner import run_task
from slipstream.sdk._backend import current_backend
from slipstream.wire import messages


def run_attempt(start: messages.Start, file: LoadedFile, link: SupervisorLink) -> None:
    """Run the attempt and report its end."""
    attempt = start.attempt
    backend = SupervisorBackend(link)
    current_backend.set(backend)
    dag = file.dags.get(attempt.run.dag_id)
    outcome: Outcome
    if dag is None:
        outcome = Failed(message=f"the file {attempt.fileloc} has no DAG {attempt.run.dag_id!r}")
        rendered = None
    else:
        outcome, rendered = run_task(attempt, dag, backend)
    task_log.finish()
    if link.is_owner:
        link.send(messages.pack_outcome(outcome, rendered))
