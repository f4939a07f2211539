"""Runs one workload in a container: `… --json-path FILE` or `… --json-string TEXT`.

As the entry point of an image it takes the command that executors put there, too:
`python -m airflow.sdk.execution_time.execute_workload --json-string TEXT`.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path


def execute_workload(workload: object) -> int:
    """Run it to its end; gives 0, or 1 where it did not go well.

    Raises `AirflowException` where the server does not want it run, or cannot be reached.
    """
    from slipstream.executors.provided.base_executor import BaseExecutor
    from slipstream.executors.provided.workloads import ExecuteTask

    assert isinstance(workload, ExecuteTask)
    return BaseExecutor.run_workload(workload, subprocess_logs_to_stdout=True)


def main() -> None:
    """Exits with 0 where the server knows how the task ended, however that was.

    Executors take another code for a container that did not do its work, and start it again.
    """
    parser = argparse.ArgumentParser(description="Run a task that an executor was given.")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--json-path", help="a file with the workload as JSON")
    given.add_argument("--json-string", help="the workload as JSON")
    words = sys.argv[1:]
    if words[1:3] == ["-m", "airflow.sdk.execution_time.execute_workload"]:
        words = words[3:]
    arguments = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    from slipstream import compat

    compat.install()
    from slipstream.executors.provided.workloads import ExecuteTask
    from slipstream.sdk.exceptions import AirflowException

    try:
        text = arguments.json_string or Path(arguments.json_path).read_text(encoding="utf-8")
        workload = ExecuteTask.model_validate_json(text)
    except (OSError, ValueError) as error:
        sys.exit(f"The workload cannot be read: {error}")
    try:
        execute_workload(workload)
    except AirflowException as error:
        sys.exit(str(error))
    sys.exit(0)


if __name__ == "__main__":
    main()
