"""`airflow.utils.process_utils`: other programs, and the environment that they see."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

log = logging.getLogger("airflow.utils.process_utils")


@contextmanager
def patch_environ(new_env_variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment, and put back what was there."""
    before = {name: os.environ.get(name) for name in new_env_variables}
    os.environ.update(new_env_variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def execute_in_subprocess(
    cmd: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run a program and log what it prints. Raises `CalledProcessError`."""
    execute_in_subprocess_with_kwargs(cmd, cwd=cwd, env=env)


def execute_in_subprocess_with_kwargs(cmd: Sequence[str], **kwargs: Any) -> None:
    """The same with arguments of `subprocess.Popen`."""
    log.info("Running %s", shlex.join(cmd))
    with subprocess.Popen(
        cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=True, **kwargs
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            log.info("%s", line.decode(errors="replace").rstrip())
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(cmd))


def execute_interactive(cmd: Sequence[str], **kwargs: Any) -> None:
    """Run a program on this process's terminal. Raises `CalledProcessError`."""
    subprocess.run(cmd, check=True, **kwargs)


def set_new_process_group() -> None:
    """Make this process the first of a process group, unless it leads a session."""
    if os.getpid() != os.getsid(0):
        os.setpgid(0, 0)


def set_component_mp_start_method(component: str) -> None:
    """Start processes of `multiprocessing` as `[<component>] mp_start_method` says."""
    from slipstream.sdk import conf

    wanted = conf.get(component, "mp_start_method", fallback=None) or conf.get(
        "core", "mp_start_method", fallback=None
    )
    if wanted:
        multiprocessing.set_start_method(wanted, force=True)
