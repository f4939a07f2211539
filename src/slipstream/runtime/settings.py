"""The process host's settings, as plain values."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path


def _default_memory_bytes() -> int:
    """A quarter of the machine's memory, at least 1 GiB and at most 4 GiB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(total // 4, 1 << 30), 4 << 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Where things lie, and the limits of processes."""

    log_dir: Path
    run_dir: Path
    """For the files of earlier versions; may be emptied while no host runs."""
    dags_folders: Sequence[Path] = ()
    """Put on the path of DAG files that lie in them."""
    keeps_logs_elsewhere: bool = False
    """Whether logs of attempts are to be carried elsewhere when they are complete."""
    hostname: str = field(default_factory=lambda: os.uname().nodename)

    load_parallelism: int = field(default_factory=lambda: os.cpu_count() or 1)
    load_timeout_seconds: float = 30.0
    load_memory_bytes: int | None = field(default_factory=_default_memory_bytes)
    """What a file may take while it loads, beyond what an empty one does; None: no limit."""

    new_interpreters: bool = False
    """Whether each task starts in an interpreter of its own, whatever its file allows."""
    warm_memory_bytes: int = 256 << 20
    """What loaded files without running tasks may hold in all; the least recently used go."""
    quick_load_seconds: float = 0.5
    """A file that loads within this time is not worth its memory while nothing happens …"""
    quick_idle_seconds: float = 30.0
    """… for so long; it is loaded again for the next attempt."""
    max_spares: int = field(default_factory=lambda: 4 * (os.cpu_count() or 1))
    """Task processes forked ahead for one file at most."""
    spare_idle_seconds: float = 5.0
    """After each such time without a start, half of a file's spares end."""

    kill_grace_seconds: float = 60.0
    """Between SIGTERM and SIGKILL."""
    linger_seconds: float = 10.0
    """What a process may take to exit after it has reported its end."""
    timeout_grace_seconds: float = 5.0
    """How long after `execution_timeout` the host steps in, if the task's own timer could not."""

    callback_timeout_seconds: float = 300.0
    """For callbacks that are called in a process of their own."""

    trigger_blocked_seconds: float = 0.2
    """A trigger that keeps its event loop for so long is told of …"""
    trigger_limit_seconds: float = 30.0
    """… and fails when it is so long."""
    trigger_on_kill_seconds: float = 30.0
    """What a trigger's `on_kill` and `cleanup` may take."""
    triggers_idle_seconds: float = 60.0
    """A process without triggers ends after so long."""

    sensitive_names: Sequence[str] = ()
    """Names of secrets beyond the usual ones."""
    min_secret_length: int = 5
    secrets: Collection[str] = field(default=(), repr=False)
    """What may stand in no log: the secrets of the settings."""
