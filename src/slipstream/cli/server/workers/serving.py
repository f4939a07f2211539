"""`slipstream api-server --workers N`: bind once, then have workers serve."""

from __future__ import annotations

import gc
import os
from argparse import Namespace
from functools import partial
from importlib import import_module
from typing import NoReturn

from slipstream.api.auth.throttle import Guesses, limits_of
from slipstream.cli.deployment import Deployment
from slipstream.cli.server import wiring
from slipstream.cli.server.daemon import as_asked
from slipstream.cli.server.run import export_settings, log_config, say
from slipstream.cli.server.server import Part, Server
from slipstream.cli.server.shares import ApiShare, Shares
from slipstream.cli.server.signals import end_signals
from slipstream.cli.server.workers.supervisor import Supervisor
from slipstream.cli.server.workers.worker import Tether

_SHARED_MODULES = (
    "slipstream.api.app",
    "slipstream.api.listener",
    "slipstream.services.janitor",
    "slipstream.services.timetables",
)
"""What every worker needs: imported once, before they are forked."""


def serve_by_workers(
    deployment: Deployment, arguments: Namespace, number: int, proxies: tuple[str, ...]
) -> None:
    """Have so many processes serve the API until a signal comes.

    Raises what keeps them from serving, once.
    """
    # What is imported now stays, and is shared by all workers as long as nobody writes to it.
    gc.disable()
    export_settings(deployment, arguments)
    config = deployment.config
    with as_asked(deployment, arguments, arguments.noun, log_config(deployment)) as is_ready:
        bound = wiring.api_server(config, _never, proxies=proxies)
        bound.bind()
        url, fd = bound.url, bound.detach()
        deployment.store.check()
        deployment.close()
        for module in _SHARED_MODULES:
            import_module(module)
        gc.freeze()
        with end_signals() as ending:
            supervisor = Supervisor(
                number,
                partial(_work, deployment, fd, proxies),
                ending,
                limits=limits_of(int(wiring.at_least(config, "login_attempts_per_minute", 0))),
                timeout_seconds=config.number("api", "worker_timeout"),
                stop_seconds=wiring.stop_seconds(config),
            )
            try:
                if supervisor.start():
                    say(f"Slipstream is ready at {url}, with {number} workers.")
                    is_ready()
                    supervisor.run()
                say("Slipstream is stopping; requests have a moment to end.")
            finally:
                supervisor.stop()
    say("Slipstream has stopped.")


def _work(deployment: Deployment, fd: int, proxies: tuple[str, ...], tether: Tether) -> None:
    """Serve until a signal comes, in a process of its own."""
    share = ApiShare(proxies=proxies, fd=os.dup(fd), guesses=Guesses(tether.limits()))
    with (
        end_signals() as ending,
        deployment,
        Server(deployment, {Part.API}, shares=Shares(api=share)) as server,
    ):
        gc.freeze()
        gc.enable()
        tether.ready(server.beat)
        ending.wait()


def _never() -> NoReturn:
    raise AssertionError("the supervisor serves nothing")
