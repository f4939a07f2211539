"""Methods of DAGs and tasks that older releases had and that a DAG file cannot have here.

They worked on the metadata database, which only the server reaches. Calling one says what to use.
"""

from __future__ import annotations

import re
from typing import NoReturn

from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException


class FormerDagMethods:
    """What `DAG` no longer does."""

    def cli(self, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: a command line for one DAG."""
        _refuse("dag.cli()", "Call dag.test(), or run `slipstream dags test FILE`.")

    def run(self, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: a backfill in the current process."""
        _refuse("dag.run()", "Call dag.test(), or run `slipstream backfill create`.")

    def clear(self, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: it cleared task instances in the database."""
        _refuse("dag.clear()", "Run `slipstream tasks clear DAG_ID`; dag.test() needs no clearing.")

    def sub_dag(
        self, task_regex: str, include_downstream: bool = False, include_upstream: bool = True
    ) -> UserValue:
        """The former name of `partial_subset`, with a regular expression."""
        warn_deprecated("dag.sub_dag()", "Use dag.partial_subset().")
        part: UserValue = self
        return part.partial_subset(re.compile(task_regex), include_downstream, include_upstream)


class FormerTaskMethods:
    """What tasks no longer do."""

    def run(self, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: it ran the task for a range of dates."""
        _refuse("task.run()", "Call task.execute(context), dag.test(), or `slipstream tasks test`.")

    def clear(self, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: it cleared task instances in the database."""
        _refuse("task.clear()", "Run `slipstream tasks clear DAG_ID --task-regex REGEX`.")


class FormerRunMethods:
    """What `DagRun` no longer does."""

    @classmethod
    def find(cls, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused: it looked for runs in the database."""
        _refuse("DagRun.find()", _OF_RUNS)

    @classmethod
    def find_duplicate(cls, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused, as `find`."""
        _refuse("DagRun.find_duplicate()", _OF_RUNS)

    @classmethod
    def get_latest_runs(cls, *args: UserValue, **kwargs: UserValue) -> NoReturn:
        """Refused, as `find`."""
        _refuse("DagRun.get_latest_runs()", _OF_RUNS)


_OF_RUNS = (
    "In a task, ti.get_dr_count(), ti.get_dagrun_state(), ti.get_previous_dagrun() and "
    "ti.get_task_states() ask the server; elsewhere, the REST API lists runs at "
    "/api/v2/dags/DAG_ID/dagRuns."
)


def _refuse(what: str, instead: str) -> NoReturn:
    raise AirflowException(
        f"{what} is not there: it worked on the metadata database, which DAG files and tasks do "
        f"not reach. {instead}"
    )
