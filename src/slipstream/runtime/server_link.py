"""What a worker elsewhere says to the server over HTTP, in the name of one attempt."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Final

from slipstream.model.attempt import Asker, Attempt
from slipstream.model.errors import SlipstreamError
from slipstream.wire import execution, messages, remote

_log = logging.getLogger(__name__)

_HTTP_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 20.0
"""What an answer that waits for something may take; whoever stands between hangs up on more."""
_PAUSES_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each further try of what did not reach the server, or whose answer did not come back."""
_PASSING: Final = frozenset({429, 502, 503, 504})
"""What proxies say for a server that cannot be reached just now."""
_NOT_TWICE: Final = (
    execution.TriggerRun,
    execution.TakeXComs,
    execution.DeleteVariable,
    execution.DeleteXCom,
    execution.DeleteState,
    execution.TakeDefaultInput,
)
"""Orders that are answered otherwise, or do more, when they come a second time."""
_OF_FILES: Final = (execution.GetVariable, execution.GetConnection, execution.GetTeam)


class ServerError(SlipstreamError):
    """The server does not answer, or does not want the attempt any more."""


class UnreachableError(ServerError):
    """The server does not answer, now."""

    def __init__(self, message: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived


class UntoldEndError(ServerError):
    """The attempt has ended, and the server could not be told how: it will have it run again."""


class RefusedError(ServerError):
    """The server does not take what was said; `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_about_the_token(self) -> bool:
        """Whether nothing at all may be said of the attempt any more."""
        return self.status in (401, 403, 410)


class ServerLink:
    """Says and asks. All methods but `begin` are safe from any thread; all raise `ServerError`."""

    def __init__(
        self,
        server: str,
        attempt_id: str,
        token: str,
        *,
        pauses_seconds: Sequence[float] = _PAUSES_SECONDS,
    ) -> None:
        """`server` is the URL of the execution API, `token` the one that begins the attempt."""
        self._base = f"{server.rstrip('/')}/{attempt_id}"
        self._token = token
        self._pauses_seconds = pauses_seconds
        self._closed = threading.Event()

    def begin(self, hostname: str, pid: int) -> remote.Begun:
        """Be the worker that runs the attempt."""
        begin = remote.Begin(hostname=hostname, pid=pid, nonce=secrets.token_urlsafe(32))
        begun = remote.decode_begun(self._post_until_it_arrives("begin", begin))
        self._token = begun.token
        return begun

    def beat(self) -> str | None:
        """Let the server hear of the worker; why the attempt is not wanted any more, if so."""
        going = remote.decode_going(self._post("beat", None))
        if going.token is not None:
            self._token = going.token
        return going.cancelled

    def end(self, report: messages.Report) -> None:
        """Tell the end; callbacks may ask until `leave`."""
        try:
            self._post_until_it_arrives("end", remote.End(report=report, goes_on=True))
        except UnreachableError as error:
            raise UntoldEndError(str(error)) from error

    def leave(self) -> None:
        """Nothing more is said; a server that does not hear it finds out."""
        self._closed.set()
        try:
            self._post("leave", None)
        except ServerError as error:
            _log.info("The server was not told that the worker is done: %s", error)

    def close(self) -> None:
        """Try nothing again any more."""
        self._closed.set()

    def answer(self, asker: Asker, request: execution.Request) -> execution.Answer:
        """What the server says to a request of the task, or of its file."""
        if not isinstance(asker, Attempt) and not isinstance(request, _OF_FILES):
            return execution.Refused(
                code="invalid",
                message="While a DAG file is loaded it can read variables and connections, nothing "
                f"else ({type(request).__name__} was asked for). Do this in a task.",
            )
        try:
            if isinstance(request, execution.AwaitChange):
                return self._await_change(request)
            return self._ask(request)
        except RefusedError as error:
            code = "fenced" if error.is_about_the_token else "internal"
            return execution.Refused(code=code, message=str(error))

    def _ask(self, request: execution.Request) -> execution.Answer:
        ask = messages.Ask(number=0, request=request)
        is_safe = not isinstance(request, _NOT_TWICE)
        return remote.decode_reply(self._post_until_it_arrives("ask", ask, is_safe)).answer

    def _await_change(self, request: execution.AwaitChange) -> execution.Answer:
        """In pieces that no connection is too short for."""
        left = request.seconds
        while True:
            piece = min(left, _LONGEST_WAIT_SECONDS)
            answer = self._ask(
                execution.AwaitChange(dag_id=request.dag_id, seen=request.seen, seconds=piece)
            )
            left -= piece
            goes_on = isinstance(answer, execution.Count) and answer.value == request.seen
            if left <= 0 or not goes_on or self._closed.is_set():
                return answer

    def _post_until_it_arrives(self, verb: str, message: object, is_safe: bool = True) -> bytes:
        """As `_post`, tried again where the server cannot be reached. Unless it `is_safe` to say
        the message twice, only where it has not arrived."""
        for pause in self._pauses_seconds:
            try:
                return self._post(verb, message)
            except UnreachableError as error:
                if self._closed.is_set() or (error.may_have_arrived and not is_safe):
                    raise
                _log.warning("%s; trying again in %g s", error, pause)
                self._closed.wait(pause)
        return self._post(verb, message)

    def _post(self, verb: str, message: object) -> bytes:
        """The body of the answer."""
        request = urllib.request.Request(  # noqa: S310 - the deployment's own server
            f"{self._base}/{verb}",
            data=remote.encode(message),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/msgpack",
            },
        )
        try:
            with _OPENER.open(request, timeout=_HTTP_SECONDS) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error, self._base) from error
        except (OSError, HTTPException) as error:
            why = getattr(error, "reason", error)
            raise UnreachableError(
                f"the server at {self._base} cannot be reached: {why}",
                may_have_arrived=not isinstance(why, ConnectionRefusedError | socket.gaierror),
            ) from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes to the server of the settings and to no other."""

    def redirect_request(self, *_: object) -> None:
        """See `HTTPRedirectHandler`: None leaves the answer as it is."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def _refusal(error: urllib.error.HTTPError, base: str) -> ServerError:
    if error.code in _PASSING:
        return UnreachableError(f"the server at {base} cannot be reached: {error}")
    if 300 <= error.code < 400:
        return RefusedError(
            f"the server at {base} sends workers on to {error.headers.get('Location', '')}, and "
            "tokens go nowhere else: put the address that answers into [core] "
            "execution_api_server_url",
            error.code,
        )
    try:
        said = error.read().decode("utf-8", "replace").strip()
    except (OSError, HTTPException):
        said = ""
    return RefusedError(said or f"the server at {base} answers {error}", error.code)
