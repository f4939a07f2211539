"""Runs one task: context, templates, execute, callbacks, outcome. Knows nothing of processes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from slipstream.model.attempt import (
    Attempt,
    Failed,
    Outcome,
    Skipped,
    Succeeded,
    XComWrite,
)
from slipstream.model.errors import SlipstreamError
from slipstream.model.states import TaskState
from slipstream.runtime import (
    debugging,
    retry_policies,
    task_callbacks,
    task_endings,
    task_listeners,
)
from slipstream.runtime.interrupts import time_limit
from slipstream.runtime.operator_links import keep_links
from slipstream.runtime.task_callbacks import FollowUp
from slipstream.runtime.waited import seconds_before
from slipstream.sdk._asset_events import require_assets
from slipstream.sdk._conf import conf
from slipstream.sdk._context import build_context
from slipstream.sdk._context_variables import set_environment
from slipstream.sdk._links import links_of
from slipstream.sdk._mapping import check_result, unmap
from slipstream.sdk._policies import mutate_instance
from slipstream.sdk._running import running
from slipstream.sdk._template import rendered_fields
from slipstream.sdk._xcom_values import keeps_more, purge_xcom, write_xcom
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowTaskTerminated,
    AirflowTaskTimeout,
    DagRunTriggerException,
)
from slipstream.wire.values import decode_value, length_of

if TYPE_CHECKING:
    from slipstream.model.asset import AssetUpdate
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._operator import BaseOperator

_log = logging.getLogger("airflow.task")

_RETURN_KEY = "return_value"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ended. `callbacks` are to be called once the outcome is reported."""

    outcome: Outcome
    rendered: Mapping[str, Any] | None = None
    callbacks: FollowUp | None = None
    shows_result: bool = True
    """Whether the returned value may be logged."""
    was_terminated: bool = False
    """It was told to end, and no callback was called for that: who told it knows why."""
    error: BaseException | None = None
    """What the task's code raised, for who runs it in the same process."""


class TaskRun:
    """One task being run. `kill` may be called from a signal's handler.

    `lengths` is `{xcom key: items}` of what the task has pushed through the backend so far; it is
    read at the end.
    """

    def __init__(
        self,
        attempt: Attempt,
        dag: DAG,
        backend: Backend,
        lengths: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._attempt = attempt
        self._dag = dag
        self._backend = backend
        self._operator: BaseOperator | None = None
        self._rendered: Mapping[str, Any] | None = None
        self._lengths = lengths

    def kill(self) -> None:
        """Let the operator end what would go on without it."""
        if self._operator is None:
            return
        try:
            self._operator.on_kill()
        except Exception:  # noqa: BLE001 - the task ends whatever its operator makes of it
            _log.exception("on_kill failed")

    def run(self) -> TaskEnd:
        """Run it. Whatever the task's code raises becomes the outcome."""
        task_listeners.starting()
        try:
            task = self._dag.get_task(self._attempt.task_id)
            context = build_context(self._dag, task, self._attempt, self._backend)
        except Exception as error:  # noqa: BLE001 - a task that is not there has failed
            _log.exception("The task could not be set up")
            return TaskEnd(task_endings.failed(error))
        with running(context):
            outcome: Outcome
            raised: BaseException | None = None
            try:
                outcome = self._succeeded(context, self._execute(task, context))
            except AirflowTaskTerminated as error:
                outcome = self._ended_by(error, context)
                return TaskEnd(outcome, self._rendered, was_terminated=True)
            except BaseException as error:  # noqa: BLE001 - every end is an outcome
                outcome, raised = self._ended_by(error, context), error
                if isinstance(outcome, Failed):
                    debugging.look_into(error)
            if self._operator is not None:
                self._look_back(self._operator, context, outcome)
        operator = self._operator or task
        return TaskEnd(
            outcome,
            self._rendered,
            self._follow_up(
                context, outcome, task_callbacks.of_end(operator, context, outcome, self._attempt)
            ),
            getattr(operator, "show_return_value_in_logs", True),
            error=raised,
        )

    def _look_back(self, operator: BaseOperator, context: Context, outcome: Outcome) -> None:
        """What is kept of the operator as it is after it has run."""
        if operator.overwrite_rtif_after_execution:
            self._rendered = rendered_fields(operator) or None
        if links_of(operator):
            keep_links(operator, context, outcome)

    def _execute(self, task: Any, context: Context) -> Any:
        """Everything from the mapped task's arguments to what `execute` returned."""
        mutate_instance(context)
        operator = unmap(task, context).prepare_for_execution()
        context["task"] = context["ti"].task = self._operator = operator
        if self._attempt.is_rerun and self._attempt.next_method is None:
            self._remove_earlier_xcoms(context)
        set_environment(context)
        operator.render_template_fields(context)
        if operator.template_fields:
            self._rendered = rendered_fields(operator) or None
        task_listeners.running(context)
        if operator.inlets or operator.outlets:
            require_assets([*operator.inlets, *operator.outlets], self._backend)
        operator.pre_execute(context)
        task_callbacks.on_execute(operator, context)
        result = self._call_in_time(operator, context)
        operator.post_execute(context, result)
        return result

    def _remove_earlier_xcoms(self, context: Context) -> None:
        """An earlier try, or an earlier look of a sensor, may have pushed some."""
        taken = self._backend.take_xcoms(with_values=keeps_more())
        for key, text in taken.items():
            try:
                purge_xcom(text, context["ti"].place_of(key))
            except Exception:  # noqa: BLE001 - what is left elsewhere is not worth a task
                _log.warning("XCom %r of the earlier try could not be purged", key, exc_info=True)

    def _call_in_time(self, operator: BaseOperator, context: Context) -> Any:
        limit = operator.execution_timeout
        if limit is None:
            return self._call(operator, context)
        seconds = limit.total_seconds() - seconds_before(self._attempt)
        try:
            with time_limit(seconds, AirflowTaskTimeout(f"The task ran longer than {limit}.")):
                return self._call(operator, context)
        except AirflowTaskTimeout:
            self.kill()
            raise

    def _follow_up(
        self, context: Context, outcome: Outcome, callbacks: FollowUp | None
    ) -> FollowUp | None:
        """What is to be done once the outcome counts: the callbacks, and forgetting.

        A task's state is not forgotten earlier: should this process be lost, the next one needs it.
        """
        store = dict.get(context, "task_state_store")
        has_been_used = store is not None and store.is_written
        may_have_state = self._attempt.is_rerun or self._attempt.next_method is not None
        if not isinstance(outcome, Succeeded) or not (has_been_used or may_have_state):
            return callbacks
        if not conf.getboolean("state_store", "clear_on_success"):
            return callbacks

        def forget() -> str | None:
            try:
                context["task_state_store"].clear()
            except SlipstreamError:
                _log.warning("The state of the task could not be cleared", exc_info=True)
            return None if callbacks is None else callbacks()

        return forget

    def _call(self, operator: BaseOperator, context: Context) -> Any:
        try:
            if self._attempt.next_method is None:
                return operator.execute(context)
            return operator.resume_execution(
                self._attempt.next_method, self._next_kwargs(), context
            )
        except DagRunTriggerException as asked:
            order = asked
        except SystemExit as error:
            if error.code in {0, None}:
                return None
            raise
        from slipstream.runtime.task_trigger import trigger

        return trigger(order, context["ti"])

    def _next_kwargs(self) -> Any:
        """The arguments that the deferral named, and what the trigger gave."""
        kwargs = decode_value(self._attempt.next_kwargs or "{}")
        event = self._attempt.next_event
        return kwargs if event is None else {**kwargs, "event": decode_value(event)}

    def _succeeded(self, context: Context, result: Any) -> Succeeded:
        ti = context["ti"]
        xcoms = self._returned(context, result)
        updates = _updates(context)
        ti.state = TaskState.SUCCESS
        return Succeeded(
            xcoms=xcoms,
            lengths=self._all_lengths(xcoms),
            skip=tuple(ti.decisions.skip),
            skip_all_downstream=ti.decisions.skip_all_downstream,
            rendered_map_index=self._map_index_name(context),
            updates=updates,
        )

    def _returned(self, context: Context, result: Any) -> tuple[XComWrite, ...]:
        """What `execute` returned, as XComs."""
        operator = context["task"]
        check_result(operator, result if operator.do_xcom_push else None)
        if result is None or not operator.do_xcom_push:
            return ()
        values = {_RETURN_KEY: result}
        if operator.multiple_outputs:
            if not isinstance(result, Mapping):
                raise AirflowException(
                    f"multiple_outputs is set, so the task must return a dictionary; it returned "
                    f"a {type(result).__name__}."
                )
            for key in result:
                if not isinstance(key, str):
                    raise AirflowException(
                        f"multiple_outputs is set, so the keys of the returned dictionary must be "
                        f"texts; {key!r} is a {type(key).__name__}."
                    )
            values = {**result, **values}
        # A loop and not an expression, for which Python 3.11 would make a function; below, too.
        found = []
        for key, value in values.items():
            text = write_xcom(value, context["ti"].place_of(key))
            found.append(XComWrite(key, text, length_of(value)))
        return tuple(found)

    def _all_lengths(self, xcoms: tuple[XComWrite, ...]) -> Mapping[str, int]:
        found = dict(self._lengths)
        for write in xcoms:
            if write.length is not None:
                found[write.key] = write.length
        return found

    def _map_index_name(self, context: Context) -> str | None:
        """The instance's name by `map_index_template`; None where it has none or it fails."""
        template = context["task"].map_index_template
        if not template or self._attempt.map_index < 0:
            name: str | None = context["ti"].rendered_map_index
            return name
        try:
            return str(context["task"].render_template(template, context))
        except Exception:  # noqa: BLE001 - a name is not worth a task
            _log.warning("map_index_template could not be rendered", exc_info=True)
            return None

    def _ended_by(self, error: BaseException, context: Context) -> Outcome:
        """The outcome that an exception stands for."""
        outcome = task_endings.outcome_of(error, context["ti"].asked)
        if isinstance(outcome, (Failed, Skipped, Succeeded)):
            name = self._map_index_name(context) if self._operator is not None else None
            outcome = task_endings.with_details(outcome, self._lengths, name)
        if isinstance(outcome, Succeeded):
            outcome = replace(outcome, updates=_updates(context))
        if isinstance(outcome, Failed):
            context["exception"] = error
            _log.error("%s", outcome.message, exc_info=error)
            if not isinstance(error, AirflowTaskTerminated):
                task = context["task"]
                outcome = retry_policies.judge(outcome, error, task, self._attempt, context)
        context["ti"].state = task_endings.state_after(outcome, self._attempt)
        return outcome


def _updates(context: Context) -> tuple[AssetUpdate, ...]:
    """The assets that the task has updated, now that it has succeeded."""
    outlets = context["task"].outlets
    if not outlets:
        return ()
    updates: tuple[AssetUpdate, ...] = context["outlet_events"].updates(outlets)
    return updates
