"""A sensor that waits for a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from slipstream.sdk._deferral import is_deferrable
from slipstream.sdk._triggers import StartTriggerArgs
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.hooks.filesystem import FSHook
from slipstream.sdk.sensors.base import BaseSensorOperator
from slipstream.sdk.triggers.file import FileTrigger, find_file

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class FileSensor(BaseSensorOperator):
    """Waits until a file matches `filepath`, a glob pattern below the connection's path.

    A folder counts when a file lies below it. `recursive` lets `**` match any number of folders.
    `start_from_trigger` is accepted; the first step is made by a process all the same.
    """

    template_fields: Sequence[str] = ("filepath", "fs_conn_id")
    ui_color = "#91818a"
    start_trigger_args: StartTriggerArgs | None = StartTriggerArgs(
        trigger_cls=f"{FileTrigger.__module__}.{FileTrigger.__qualname__}",
        trigger_kwargs={},
        next_method="execute_complete",
    )
    start_from_trigger = False

    def __init__(
        self,
        *,
        filepath: str,
        fs_conn_id: str = "fs_default",
        recursive: bool = False,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        trigger_kwargs: dict[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath = filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive
        self.deferrable = is_deferrable(deferrable)
        self.start_from_trigger = start_from_trigger
        if start_from_trigger:
            # The connection's path and templates are known to a process alone.
            self.start_trigger_args = None
        self.trigger_kwargs = trigger_kwargs

    @cached_property
    def path(self) -> str:
        """The whole pattern."""
        return os.path.join(FSHook(self.fs_conn_id).get_path(), self.filepath)

    def poke(self, context: Context) -> bool:
        """Whether there is such a file."""
        self.log.info("Poking for file %s", self.path)
        found = find_file(self.path, recursive=self.recursive)
        if found is not None:
            self.log.info("Found File %s", found)
        return found is not None

    def execute(self, context: Context) -> UserValue:
        """Wait, here or in the triggerer."""
        if self.deferrable and not self.poke(context):
            self.defer(
                trigger=FileTrigger(
                    filepath=self.path, recursive=self.recursive, poke_interval=self.poke_interval
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout),
            )
        return None if self.deferrable else super().execute(context)

    def execute_complete(self, context: Context, event: bool | None = None) -> None:
        """Go on once the trigger has fired."""
        if not event:
            raise AirflowException(f"{self.task_id} task failed as {self.filepath} not found.")
        self.log.info("%s completed successfully as %s found.", self.task_id, self.filepath)
