"""A sensor that asks a command of the shell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowFailException
from slipstream.sdk.hooks.subprocess import SubprocessHook
from slipstream.sdk.sensors.base import BaseSensorOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class BashSensor(BaseSensorOperator):
    """Waits until `bash_command` ends with exit code 0.

    Any other code means not yet; with `retry_exit_code` only that one does, and others fail the
    task. `env` replaces the environment. The command starts in a folder that is removed afterwards.
    """

    template_fields: Sequence[str] = ("bash_command", "env")

    def __init__(
        self,
        *,
        bash_command: str,
        env: Mapping[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.output_encoding = output_encoding
        self.retry_exit_code = retry_exit_code
        self._hook = SubprocessHook()

    def poke(self, context: Context) -> bool:
        """Run the command."""
        result = self._hook.run_command(
            ["bash", "-c", self.bash_command],
            env=dict(os.environ) if self.env is None else dict(self.env),
            output_encoding=self.output_encoding,
        )
        if result.exit_code in (0, self.retry_exit_code) or self.retry_exit_code is None:
            return result.exit_code == 0
        raise AirflowFailException(f"Command exited with return code {result.exit_code}")

    def on_kill(self) -> None:
        """End the command with everything that it started."""
        self._hook.send_sigterm()
