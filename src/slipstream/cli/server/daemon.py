"""`--daemon` and the files that go with it, of every command that runs until it is ended."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.config import Config, ConfigError

if TYPE_CHECKING:
    from slipstream.cli.grammar import Parser
    from slipstream.sdk._background import Places

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

Ready: TypeAlias = "Callable[[], None]"
"""To be called once what was started works."""


def add_daemon_options(parser: Parser) -> None:
    """`--daemon`, `--pid`, `--stdout`, `--stderr` and `--log-file`."""
    parser.add_argument(
        "-D", "--daemon", action="store_true", help="go on in the background once it is ready"
    )
    kept = "of the home with --daemon"
    parser.add_argument(
        "--pid",
        type=Path,
        metavar="FILE",
        help=f"where its process id is; by default a file {kept}",
    )
    parser.add_argument(
        "--stdout", type=Path, metavar="FILE", help=f"what it prints; by default a file {kept}"
    )
    parser.add_argument(
        "--stderr",
        type=Path,
        metavar="FILE",
        help=f"what is printed as an error; by default a file {kept}",
    )
    parser.add_argument(
        "-l",
        "--log-file",
        type=Path,
        metavar="FILE",
        help=f"what it logs, also after the file was moved away; by default a file {kept}",
    )


@contextmanager
def as_asked(
    deployment: Deployment, arguments: Namespace, name: str, log_config: Path | None = None
) -> Iterator[Ready]:
    """Within the block, the process is where the command line wants it, its logging set up, by the
    file `log_config` where there is one.

    `name` is that of the command. In the background, whoever called is let go by `Ready`.
    """
    from slipstream.sdk._background import background, foreground

    umask = _umask(deployment)
    what = f"slipstream {name}"
    files, log = _files(deployment, arguments, name)
    if log_config is not None and arguments.log_file is not None:
        raise UsageError(
            f"Both --log-file and {log_config} say where to log: leave one of them out."
        )
    if not arguments.daemon:
        with foreground(what, files):
            set_up_logging(deployment.config, log, log_config)
            yield _nothing
        return
    deployment.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with background(what, files, umask) as process:
        set_up_logging(deployment.config, log, log_config)
        logs = f"Its log is {log}." if log_config is None else f"It logs as {log_config} says."

        def ready() -> None:
            pid = os.getpid()
            print(f"It goes on as process {pid}; `kill {pid}` ends it. {logs}")
            process.ready()

        yield ready


def _nothing() -> None:
    """Nobody waits."""


def _files(deployment: Deployment, arguments: Namespace, name: str) -> tuple[Places, Path | None]:
    """The files of the process, and that of its log; None for what was not asked for."""
    from slipstream.sdk._background import Places

    def file(given: Path | None, ending: str) -> Path | None:
        if given is None and not arguments.daemon:
            return None
        own = deployment.home / f"slipstream-{name}.{ending}"
        return (given.expanduser() if given else own).absolute()

    places = Places(
        pid=file(arguments.pid, "pid"),
        stdout=file(arguments.stdout, "out"),
        stderr=file(arguments.stderr, "err"),
    )
    return places, file(arguments.log_file, "log")


def _umask(deployment: Deployment) -> int:
    setting = deployment.config.setting("core", "daemon_umask")
    try:
        found = int(setting.value or "", 8)
    except ValueError:
        found = -1
    if not 0 <= found <= 0o777:
        raise ConfigError(
            f"{setting.source}: [core] daemon_umask is {setting.value!r}; expected an octal number "
            "such as 0o077."
        )
    return found


def set_up_logging(config: Config, file: Path | None, log_config: Path | None = None) -> None:
    """Log to the file, or else to standard error, from `[logging] logging_level` on; or all as
    `log_config` says.

    SIGUSR1 prints all stacks to standard error.
    """
    if log_config is None:
        level = config.text("logging", "logging_level").upper()
        logging.basicConfig(level=level, format=LOG_FORMAT, handlers=[_handler(file)])
    else:
        from slipstream.cli.server.log_config import log_as_it_says

        log_as_it_says(log_config)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)


def _handler(file: Path | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # It notices when somebody has moved the file away, as logrotate does.
        return WatchedFileHandler(file, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}. Name another --log-file."
        ) from error
