"""`slipstream dags test` and `slipstream tasks test`."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from slipstream.cli.dags.pictures import check_programs, show_picture
from slipstream.cli.dags.running import parse_conf
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.files import write_text
from slipstream.cli.moments import moment
from slipstream.cli.trial.drawing import check_dot, run_as_dot
from slipstream.cli.trial.finding import FoundDag, find_dag_to_try
from slipstream.cli.trial.logs import LogTail
from slipstream.cli.trial.specs import only_task, without_waiting
from slipstream.cli.trial.trial import Trial
from slipstream.cli.trial.view import PlainView, View, open_view
from slipstream.model.attempt import Attempt
from slipstream.model.dag import DagSpec
from slipstream.model.json import JsonValue
from slipstream.model.states import RunState, TriggeredBy
from slipstream.runtime.debugging import POST_MORTEM, TERMINAL
from slipstream.store.records import RunSnapshot
from slipstream.store.triggering import RunRequest


def try_dag(deployment: Deployment, arguments: Namespace) -> int:
    """Run a whole DAG; the exit code is 1 where the run failed."""
    is_done = _matches(arguments.mark_success_pattern)
    if arguments.save_dagrun:
        check_dot(arguments.save_dagrun)
    if arguments.imgcat_dagrun:
        check_programs()
    request = _request(deployment, arguments.logical_date, parse_conf(arguments.conf))
    with Trial(deployment) as trial:
        found = find_dag_to_try(
            deployment,
            trial.host,
            arguments.dag_id,
            arguments.dagfile_path,
            arguments.bundle_name,
        )
        run = _watch(trial, found, without_waiting(found.spec), request, is_done)
    if arguments.show_dagrun:
        print(run_as_dot(found.spec, run), end="")
    if arguments.save_dagrun:
        write_text(arguments.save_dagrun, run_as_dot(found.spec, run))
        print(f"File {arguments.save_dagrun} saved")
    if arguments.imgcat_dagrun:
        show_picture(run_as_dot(found.spec, run))
    return _code_of(run)


def try_task(deployment: Deployment, arguments: Namespace) -> int:
    """Run one task as if all before it were done; the exit code is 1 where it failed."""
    os.environ.update(_variables(arguments.env_vars))
    terminal = _terminal()
    if terminal is not None:
        os.environ[TERMINAL] = terminal
    if arguments.post_mortem:
        if terminal is None:
            raise UsageError(
                "--post-mortem opens pdb at the terminal, but standard input and output are none. "
                "Run the command at one (docker run -it, kubectl exec -it, ssh -t)."
            )
        os.environ[POST_MORTEM] = "1"
    request = _request(
        deployment,
        arguments.logical_date_or_run_id,
        parse_conf(arguments.task_params, "--task-params"),
    )
    index: int = arguments.map_index
    with Trial(deployment) as trial:
        found = find_dag_to_try(
            deployment, trial.host, arguments.dag_id, bundle_names=arguments.bundle_name
        )
        spec = only_task(found.spec, arguments.task_id, one_by_one=terminal is not None)
        return _code_of(
            _watch(
                trial,
                found,
                spec,
                request,
                lambda attempt: index >= 0 and attempt.map_index != index,
                view=PlainView() if terminal else None,
            )
        )


def _terminal() -> str | None:
    """The path of the terminal that tasks may speak with; None without one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    return os.ttyname(sys.stdin.fileno())


def _code_of(snapshot: RunSnapshot) -> int:
    return 0 if snapshot.run.state is RunState.SUCCESS else 1


def _watch(
    trial: Trial,
    found: FoundDag,
    spec: DagSpec,
    request: RunRequest,
    is_done: Callable[[Attempt], bool],
    view: View | None = None,
) -> RunSnapshot:
    view = view or open_view(spec)
    tail = LogTail(trial.logs_folder)
    try:
        for snapshot in trial.run(found, spec, request, is_done):
            view.show(snapshot, tail.new_lines(snapshot))
    finally:
        view.close()
    run = snapshot.run
    assert run.end_date is not None, "the run has ended"
    seconds = (run.end_date - (run.start_date or run.end_date)).total_seconds()
    print(f"{run.dag_id}: {run.state.value} after {seconds:.2f} s. {run.reason}")
    return snapshot


def _request(deployment: Deployment, text: str | None, conf: dict[str, JsonValue]) -> RunRequest:
    """The run to try: of that moment, or under that id, or of now."""
    date = datetime.now(UTC)
    run_id = None
    if text:
        try:
            date = moment(text, deployment.config)
        except UsageError:
            run_id = text
    return RunRequest(
        run_id=run_id,
        logical_date=date,
        conf=conf,
        triggered_by=TriggeredBy.TEST,
        reason="It is a trial from the command line.",
    )


def _matches(pattern: str | None) -> Callable[[Attempt], bool]:
    if pattern is None:
        return lambda _attempt: False
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise UsageError(f"{pattern!r} is not a regular expression: {error}.") from error
    return lambda attempt: search(attempt.task_id) is not None


def _variables(text: str) -> dict[str, str]:
    return {name: str(value) for name, value in parse_conf(text, "--env-vars").items()}
