"""uvicorn without its ten wake-ups a second: idle, it sleeps."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from uvicorn import Config, Server
from uvicorn.server import ServerState

from slipstream.api.timely_heads import timely_heads

if TYPE_CHECKING:
    from starlette.types import ASGIApp


_CLIENT_CERTIFICATES: Final = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class SleepingServer(Server):
    """Serves until `stop`. To be made inside a running event loop.

    `accepts_at_once` is how many connections it takes before it looks at anything else: who shares
    the socket with others takes one, so that they get some, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        grace_seconds: float,
        certificate_file: str | None,
        key_file: str | None,
        ca_file: str | None,
        client_certificates: str,
        keep_alive_seconds: float,
        accepts_at_once: int,
        on_started: Callable[[], None],
        head_timeout_seconds: float,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        super().__init__(
            Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                http=timely_heads(head_timeout_seconds),
                server_header=False,
                date_header=False,
                timeout_keep_alive=max(1, round(keep_alive_seconds)),
                timeout_graceful_shutdown=max(1, round(grace_seconds)),
                backlog=accepts_at_once,
                ssl_certfile=certificate_file,
                ssl_keyfile=key_file,
                ssl_ca_certs=ca_file,
                ssl_cert_reqs=_CLIENT_CERTIFICATES[client_certificates],
                # The library believes everybody on this machine, and so whatever clients send
                # through a proxy there that passes their headers on.
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=["*"] if "*" in trusted_proxies else list(trusted_proxies),
            )
        )
        self.server_state = _DatedState()
        self._on_started = on_started
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to end. To be called on the event loop."""
        self.should_exit = True
        self._stop.set()

    async def main_loop(self) -> None:
        """Instead of looking every 100 ms whether to end: wait to be told."""
        self._on_started()
        await self._stop.wait()


class _DatedState(ServerState):
    """Makes the `Date` header when it is asked for, instead of renewing it every second."""

    def __init__(self) -> None:
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._headers = [(b"date", formatdate(now, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, _: list[tuple[bytes, bytes]]) -> None:
        """The base class begins with none."""
