"""A server elsewhere, as commands ask it: paths and values in, typed answers out."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from ssl import SSLCertVerificationError
from typing import Final, TypeAlias, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

import msgspec

from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.remote.errors import NotAdmittedError, UnreachableServerError
from slipstream.config import Config
from slipstream.model.errors import AlreadyExistsError, NotFoundError

T = TypeVar("T")
QueryValue: TypeAlias = "str | int | bool | datetime | Sequence[str] | None"

API: Final = "/api/v2"
_TO_PROGRAMS: Final = " Get a new one from POST /auth/token."
"""What a server adds for those who have no command line."""
SIGN_IN: Final = "/auth/token/cli"
PAGE_SIZE: Final = 100
_TIMEOUT_SECONDS: Final = 60.0
_CONFLICT: Final = 409
_REFUSED: Final = frozenset({401, 403})


class Server:
    """One server; every call is one request. Nothing is sent anywhere but to its address."""

    def __init__(self, url: str, token: str | None, config: Config) -> None:
        """`token` is sent with each request; `config` is this machine's, for its time zone."""
        self.url = checked_url(url)
        self.config = config
        self._token = token
        self._opener = _opener(config)

    def get(self, path: str, kind: type[T], **query: QueryValue) -> T:
        """What is there. Raises `NotFoundError`, and whatever `send` does."""
        return self._decoded(self.send("GET", path, query=query), path, kind)

    def post(self, path: str, body: object, kind: type[T]) -> T:
        """The answer to that body."""
        return self._decoded(self.send("POST", path, body), path, kind)

    def patch(self, path: str, body: object, kind: type[T], **query: QueryValue) -> T:
        """The answer to that change."""
        return self._decoded(self.send("PATCH", path, body, query=query), path, kind)

    def every(self, path: str, key: str, kind: type[T], **query: QueryValue) -> Iterator[T]:
        """Every entry of a listing, page by page; `key` is where a page holds its entries."""
        given = 0
        while True:
            part = {**query, "limit": PAGE_SIZE, "offset": given}
            page = self._decoded(self.send("GET", path, query=part), path, dict[str, msgspec.Raw])
            found = self._decoded(bytes(page.get(key, b"[]")), path, list[kind])  # type: ignore[valid-type]  # a list of that kind
            yield from found
            given += len(found)
            total = int(bytes(page.get("total_entries", b"0")))
            if not found or given >= total:
                return

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, QueryValue] | None = None,
    ) -> bytes:
        """The answer as it came.

        Raises `UnreachableServerError`, `NotAdmittedError`, `NotFoundError`, `AlreadyExistsError`
        or `CommandFailedError`, each with what the server said.
        """
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = Request(  # noqa: S310  # `checked_url` lets http and https alone pass
            self.url + path + _query(query or {}), data=data, headers=headers, method=method
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                content: bytes = answer.read()
        except HTTPError as error:
            with error:
                raise _meaning(error, self.url) from error
        except (URLError, HTTPException, OSError) as error:
            raise UnreachableServerError(_unreachable(error, self.url)) from error
        return content

    def _decoded(self, content: bytes, path: str, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreachableServerError(
                f"What answers at {self.url}{path} is not the REST API of Slipstream or Airflow "
                f"({error}). Is that the address of the server, with its base path?"
            ) from error


def place(*parts: str | int, base: str = API) -> str:
    """The path of a resource; whatever is in a part stays within that part."""
    return base + "".join(f"/{quote(str(part), safe='~')}" for part in parts)


def checked_url(url: str) -> str:
    """The server's address without a slash at its end. Raises `UsageError`."""
    try:
        parts = urlsplit(url.strip())
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_right = urlsplit(""), False
    if parts.username or parts.password:
        raise UsageError(
            "The server's address has a user name or a password in it; sign in with "
            "`slipstream auth login` instead."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_right:
        raise UsageError(
            f"{url!r} is not a server's address; expected one as https://slipstream.example.com."
        )
    return url.strip().rstrip("/").removesuffix(API)


def moment_text(value: datetime | None) -> str | None:
    """A moment as local commands print it."""
    return None if value is None else value.astimezone(UTC).isoformat()


class _NoRedirects(HTTPRedirectHandler):
    """A token goes to the server that it is for, and to no other that it names."""

    def redirect_request(self, req: Request, *answer: object) -> None:
        target = str(answer[-1])
        raise UnreachableServerError(
            f"{req.full_url.partition('?')[0]} leads to {target.partition('?')[0]}; give that "
            f"server's address."
        )


def _opener(config: Config) -> OpenerDirector:
    context = ssl.create_default_context()
    certificate = config.get("api", "client_ssl_cert") or None
    key = config.get("api", "client_ssl_key") or None
    if certificate is not None:
        try:
            # Without a password here, the library would ask for one on the terminal.
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            raise UsageError(
                f"The certificate {certificate} with the key {key or certificate} cannot be used "
                f"({error.strerror or error}): [api] client_ssl_cert and client_ssl_key must name "
                "two PEM files that belong together, the key without a password."
            ) from error
    return build_opener(_NoRedirects, HTTPSHandler(context=context))


def _query(values: Mapping[str, QueryValue]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        match value:
            case None:
                continue
            case bool():
                pairs.append((name, str(value).lower()))
            case datetime():
                pairs.append((name, value.isoformat()))
            case str() | int():
                pairs.append((name, str(value)))
            case _:
                pairs += [(name, one) for one in value]
    return f"?{urlencode(pairs)}" if pairs else ""


def _unreachable(error: Exception, url: str) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, SSLCertVerificationError):
        return (
            f"The certificate of {url} is not to be trusted: {reason.verify_message}. Where it is "
            "of an authority of your own, SSL_CERT_FILE=FILE names that authority's certificate."
        )
    return f"{url} does not answer: {reason}. Is the server running, and is the address right?"


def _meaning(error: HTTPError, url: str) -> Exception:
    said = _detail(error)
    if error.code == 401:
        if error.url.endswith(SIGN_IN):
            return NotAdmittedError(f"{url} refuses: {said}")
        advice = (
            "The token is that of SLIPSTREAM_TOKEN."
            if os.environ.get("SLIPSTREAM_TOKEN")
            else f"Sign in: slipstream auth login --server {url}"
        )
        said = said.removesuffix(_TO_PROGRAMS)
        return NotAdmittedError(f"{url} does not know who asks: {said} {advice}")
    if error.code in _REFUSED:
        return NotAdmittedError(said)
    if error.code == 404:
        return NotFoundError(said)
    if error.code == _CONFLICT:
        return AlreadyExistsError(said)
    if error.code >= 500:
        return CommandFailedError(
            f"{url} failed with {error.code}: {said} Its log says more; try again."
        )
    return CommandFailedError(said)


def _detail(error: HTTPError) -> str:
    """What the answer says is wrong, as a sentence."""
    try:
        found = msgspec.json.decode(error.read()).get("detail")
    except (msgspec.DecodeError, AttributeError, OSError):
        found = None
    match found:
        case str():
            text = found
        case {"reason": str(reason)}:
            text = reason
        case [*problems]:
            text = "; ".join(_problem(one) for one in problems)
        case _:
            text = f"{error.code} {error.reason}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _problem(one: object) -> str:
    match one:
        case {"loc": [*where], "msg": str(message)}:
            return f"{'.'.join(str(part) for part in where)}: {message}"
        case _:
            return str(one)
