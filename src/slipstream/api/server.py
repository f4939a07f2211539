"""Serves an ASGI app from a thread of this process."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, TypeAlias

from slipstream.model.errors import ConflictError, InvalidInputError, SlipstreamError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from slipstream.api.listener import SleepingServer

    AppFactory: TypeAlias = Callable[[], ASGIApp]

_log = logging.getLogger(__name__)
_BACKLOG: Final = 2048
_THREADS: Final = 40
"""In which requests are answered that wait for something; an idle one costs next to nothing."""


class AddressTakenError(ConflictError):
    """The server's address cannot be had: another program listens there, or it is not ours."""


class CertificateError(InvalidInputError):
    """The files that https is to be served with cannot be used."""


class ApiServer:
    """Listens at once, and answers as soon as the app has been made.

    The port is bound in `bind` (or `start`), before anything heavy is imported: a client that
    connects early waits in the socket's backlog instead of being refused. The app is made in the
    server's own thread.
    """

    def __init__(
        self,
        make_app: AppFactory,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        fd: int | None = None,
        grace_seconds: float = 3.0,
        certificate_file: str | None = None,
        key_file: str | None = None,
        ca_file: str | None = None,
        client_certificates: str = "none",
        keep_alive_seconds: float = 5.0,
        head_timeout_seconds: float = 30.0,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        """`port` 0 takes any free one; `fd` is a socket that already listens, which other
        processes may have, too, and is used instead of host and port; `grace_seconds` is what
        requests have to end in on `stop`; `client_certificates` is `none`, `optional` or
        `required`, and they are checked by the authorities in `ca_file`; `keep_alive_seconds` is
        how long a connection may rest between two requests, `head_timeout_seconds` what a client
        has to send a request's headers in; `trusted_proxies` are addresses and networks whose word
        counts for where a request came from, or `*`."""
        self._make_app = make_app
        self._host, self._port, self._fd = host, port, fd
        self._grace_seconds = grace_seconds
        self._certificate_file, self._key_file = certificate_file, key_file
        self._ca_file, self._client_certificates = ca_file, client_certificates
        self._keep_alive_seconds = keep_alive_seconds
        self._head_timeout_seconds = head_timeout_seconds
        self._trusted_proxies = tuple(trusted_proxies)
        self._socket: socket.socket | None = None
        self._thread: Thread | None = None
        self._server: SleepingServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = Event()
        self._settled = Event()
        self.ready = Event()
        """Set once requests are answered."""
        self.failure: BaseException | None = None
        """What kept the server from serving, or ended it."""

    def bind(self) -> tuple[str, int]:
        """Take the address; gives host and port. Raises `AddressTakenError`, `CertificateError`."""
        if self._socket is None:
            _check_certificate(self._certificate_file, self._key_file)
            check_authorities(
                self._ca_file, self._client_certificates, is_https=bool(self._certificate_file)
            )
            self._socket = self._listening()
        name = self._socket.getsockname()
        if isinstance(name, tuple):
            self._host, self._port = name[0], name[1]
        return self._host, self._port

    @property
    def url(self) -> str:
        """Where the server is; the real port once it is bound."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        scheme = "https" if self._certificate_file else "http"
        return f"{scheme}://{host}:{self._port}"

    def start(self) -> None:
        """Serve from a new thread; returns at once. Wait for `ready`, or call `wait_ready`."""
        self.bind()
        self._thread = Thread(target=self._run, name="slipstream-http", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout_seconds: float | None = None) -> bool:
        """Whether it serves by then. Raises what kept it from that."""
        self._settled.wait(timeout_seconds)
        if self.failure is not None:
            raise self.failure
        return self.ready.is_set()

    def detach(self) -> int:
        """The bound socket's descriptor, for others to serve: this one will not."""
        assert self._socket is not None, "it is to be bound before"
        bound, self._socket = self._socket, None
        return bound.detach()

    def call(self, function: Callable[[], None]) -> None:
        """Run it on the event loop, soon; never where that has ended."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """End: accept nothing more, let running requests end within the grace, close."""
        self._stopping.set()
        loop, server = self._loop, self._server
        if loop is not None and server is not None:
            try:
                loop.call_soon_threadsafe(server.stop)
            except RuntimeError:
                _log.debug("The HTTP server had ended already.")
        if self._thread is not None:
            self._thread.join(self._grace_seconds + 5)
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.ready.clear()

    def _listening(self) -> socket.socket:
        if self._fd is not None:
            return _SharedSocket(fileno=self._fd)
        try:
            return _listening_socket(self._host, self._port)
        except OSError as error:
            raise AddressTakenError(
                f"Cannot listen on {self._host}:{self._port} ({error.strerror}). "
                "End the program that does, or choose another port."
            ) from error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, SystemExit) as error:  # noqa: BLE001  # kept for `wait_ready`
            self.failure = error
            if not isinstance(error, SlipstreamError):
                _log.exception("The HTTP server ended.")
        finally:
            self.ready.clear()
            self._settled.set()

    async def _serve(self) -> None:
        from slipstream.api.listener import SleepingServer

        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="answers"))
        self._server = SleepingServer(
            self._make_app(),
            grace_seconds=self._grace_seconds,
            certificate_file=self._certificate_file,
            key_file=self._key_file,
            ca_file=self._ca_file,
            client_certificates=self._client_certificates,
            keep_alive_seconds=self._keep_alive_seconds,
            accepts_at_once=_BACKLOG if self._fd is None else 1,
            on_started=self._on_started,
            head_timeout_seconds=self._head_timeout_seconds,
            trusted_proxies=self._trusted_proxies,
        )
        if self._stopping.is_set() or self._socket is None:
            return
        await self._server.serve(sockets=[self._socket])

    def _on_started(self) -> None:
        self.ready.set()
        self._settled.set()


class _SharedSocket(socket.socket):
    """One that listens already. Whoever begins to accept from it leaves its queue as it is."""

    def listen(self, backlog: int = 0, /) -> None:
        """Done by whoever has made it."""


def _check_certificate(certificate_file: str | None, key_file: str | None) -> None:
    if certificate_file is None:
        if key_file is not None:
            raise CertificateError(
                f"There is a key for https, {key_file}, and no certificate: set [api] ssl_cert, or "
                "ssl_key to nothing to serve http."
            )
        return
    named = f"the certificate {certificate_file} with the key {key_file or certificate_file}"
    try:
        # Without a password here, the library would ask for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificate_file, key_file, password=""
        )
    except OSError as error:
        said = error.strerror or str(error)
        raise CertificateError(
            f"Cannot serve https by {named} ({said}): [api] ssl_cert and ssl_key must name two PEM "
            "files that belong together, the key without a password."
        ) from error


def check_authorities(ca_file: str | None, client_certificates: str, *, is_https: bool) -> None:
    """Raise `CertificateError` where clients' certificates are to be checked and cannot be."""
    if client_certificates == "none":
        if ca_file is not None:
            _log.warning(
                "[api] ssl_ca_file is set, and ssl_cert_reqs is none: clients need no certificate. "
                "Set ssl_cert_reqs to required, or to optional."
            )
        return
    asked = f"[api] ssl_cert_reqs is {client_certificates}"
    if not is_https:
        raise CertificateError(f"{asked}, and there is no https: set ssl_cert and ssl_key.")
    if ca_file is None:
        raise CertificateError(
            f"{asked}, and nothing says whose certificates are good: set ssl_ca_file to a PEM file "
            "with the certificates of the authorities."
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(ca_file)
    except OSError as error:
        said = error.strerror or str(error)
        raise CertificateError(
            f"Cannot check clients' certificates by {ca_file} ({said}): [api] ssl_ca_file must "
            "name a PEM file with the certificates of the authorities."
        ) from error


def _listening_socket(host: str, port: int) -> socket.socket:
    """A socket that is known to be TCP: asyncio turns Nagle's algorithm off on no other, and with
    it the two writes of an answer cost a client's delayed acknowledgement, 40 ms."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
