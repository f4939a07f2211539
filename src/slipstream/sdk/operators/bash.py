"""An operator that runs a command of the shell."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property
from shutil import which
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._context_variables import context_to_airflow_vars
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._types import SetDuringExecution, UserValue
from slipstream.sdk.exceptions import AirflowException, AirflowSkipException
from slipstream.sdk.hooks.subprocess import SubprocessHook, SubprocessResult

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class BashOperator(BaseOperator):
    """Runs `bash_command` in bash; its output goes to the log, the last line is the XCom.

    Whatever the command started is ended with the task. `env` replaces the
    environment, with `append_env` it adds to it. It starts in `cwd`, or else in a folder that is
    removed afterwards. An exit code in `skip_on_exit_code` skips the task, any other but 0 fails
    it. `output_processor` is put on the last line before it is pushed.
    """

    template_fields: Sequence[str] = ("bash_command", "env", "cwd")
    template_fields_renderers: ClassVar[Mapping[str, str]] = {
        "bash_command": "bash",
        "env": "json",
    }
    template_ext: Sequence[str] = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str | SetDuringExecution,
        env: dict[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code: Container[int] = (
            skip_on_exit_code
            if isinstance(skip_on_exit_code, Container)
            else ([] if skip_on_exit_code is None else [skip_on_exit_code])
        )
        self.cwd = cwd
        self.output_processor = output_processor or _as_it_is
        self._runs_a_file = isinstance(bash_command, str) and bash_command.endswith(
            tuple(self.template_ext)
        )

    @cached_property
    def subprocess_hook(self) -> SubprocessHook:
        """What runs the command."""
        return SubprocessHook()

    def execute(self, context: Context) -> UserValue:
        """Run the command."""
        if not isinstance(self.bash_command, str):
            raise AirflowException(
                f"Task {self.task_id!r} has no bash_command to run: expected a text, found "
                f"{self.bash_command!r}."
            )
        if self.cwd is not None:
            self._check_folder(self.cwd)
        environment = self.get_env(context)
        result = self._run(self.bash_command, environment)
        if result.exit_code in self.skip_on_exit_code:
            raise AirflowSkipException(
                f"The command ended with exit code {result.exit_code}: skipped."
            )
        if result.exit_code != 0:
            raise AirflowException(f"The command failed with exit code {result.exit_code}.")
        return self.output_processor(result.output)

    def get_env(self, context: Context) -> dict[str, str]:
        """The environment of the command: `env`, and variables that name the task and its run."""
        if self.env is None:
            environment = dict(os.environ)
        else:
            environment = {**os.environ, **self.env} if self.append_env else dict(self.env)
        environment.update(context_to_airflow_vars(context, in_env_var_format=True))
        return environment

    def _check_folder(self, folder: str) -> None:
        if not os.path.isdir(folder):
            found = "is no folder" if os.path.exists(folder) else "does not exist"
            raise AirflowException(f"cwd {folder!r} of task {self.task_id!r} {found}.")

    def _run(self, command: str, environment: Mapping[str, str]) -> SubprocessResult:
        bash = which("bash") or "bash"
        if not self._runs_a_file:
            return self._run_words([bash, "-c", command], environment)
        with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as script:
            # An argument cannot hold a long script, a file can.
            script.write(command)
            script.flush()
            return self._run_words([bash, script.name], environment)

    def _run_words(self, words: list[str], environment: Mapping[str, str]) -> SubprocessResult:
        return self.subprocess_hook.run_command(
            words, env=environment, output_encoding=self.output_encoding, cwd=self.cwd
        )

    def on_kill(self) -> None:
        """End the command with everything that it started."""
        self.subprocess_hook.send_sigterm()


def _as_it_is(line: str) -> str:
    return line
