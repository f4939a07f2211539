"""What can be wrong with a request, and the one place where errors become HTTP answers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SlipstreamError,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = logging.getLogger(__name__)


class NotAuthenticatedError(SlipstreamError):
    """The request does not say who sends it, or its token is not one of ours."""


class CodeNeededError(NotAuthenticatedError):
    """The password was right, and a code of the user's second factor is needed, too."""


class NotConfiguredError(SlipstreamError):
    """The server is not set up for what is asked; the message says what it would need."""


class NotAllowedError(SlipstreamError):
    """The user's role does not allow it."""


class TooManyAttemptsError(SlipstreamError):
    """The same was tried too often."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnprocessableError(InvalidInputError):
    """A parameter has a value that it cannot have."""


_NO_JSON: Final = "model_attributes_type"
_STATUS: Mapping[type[SlipstreamError], int] = {
    NotAuthenticatedError: 401,
    NotAllowedError: 403,
    NotConfiguredError: 501,
    TooManyAttemptsError: 429,
    UnprocessableError: 422,
    InvalidInputError: 400,
    NotFoundError: 404,
    AlreadyExistsError: 409,
    ConflictError: 409,
}


def status_of(error: SlipstreamError) -> int:
    """The HTTP status for the error: that of its nearest known ancestor, or 500."""
    for ancestor in type(error).__mro__:
        if issubclass(ancestor, SlipstreamError) and ancestor in _STATUS:
            return _STATUS[ancestor]
    return 500


def answer_to(error: SlipstreamError) -> Response:
    """`{"detail": message}` with the status and the headers that go with it."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, TooManyAttemptsError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, NotAuthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if status >= 500 and not isinstance(error, NotConfiguredError):
        _log.error("A request failed: %s", error, exc_info=error)
        return _internal_error()
    if isinstance(error, CodeNeededError):
        return JSONResponse({"detail": _text(error), "needs": "totp"}, status, headers)
    return JSONResponse({"detail": _text(error)}, status, headers)


def _text(error: SlipstreamError) -> str:
    """The message. (`str` of a `KeyError`-like exception would quote it.)"""
    return str(error.args[0]) if error.args else type(error).__name__


def _internal_error() -> Response:
    return JSONResponse({"detail": "Internal Server Error"}, 500)


async def _on_slipstream_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, SlipstreamError)
    return answer_to(error)


async def _on_unexpected_error(_: Request, error: Exception) -> Response:
    _log.error("A request failed unexpectedly.", exc_info=error)
    return _internal_error()


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        from slipstream.api.known_methods import methods_of, not_allowed

        # The router names the methods of the first operation of the path alone.
        known = methods_of(request)
        error = not_allowed(known) if known else error
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    """FastAPI's list of what is wrong, without the rejected values: one may be a password."""
    from fastapi.encoders import jsonable_encoder
    from fastapi.exceptions import RequestValidationError

    assert isinstance(error, RequestValidationError)
    detail = [
        {part: value for part, value in problem.items() if part in ("loc", "msg", "type")}
        for problem in error.errors()
    ]
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        for problem in detail:
            if problem["type"] == _NO_JSON and tuple(problem["loc"]) == ("body",):
                # The library would say that bytes have no attributes.
                problem["msg"] = "Send the body as JSON, with Content-Type: application/json"
    return JSONResponse({"detail": jsonable_encoder(detail)}, 422)


def install_error_answers(app: FastAPI) -> None:
    """Make the app answer every error as this module says."""
    from fastapi.exceptions import RequestValidationError

    answers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        SlipstreamError: _on_slipstream_error,
        HTTPException: _on_http_exception,
        RequestValidationError: _on_invalid_request,
        Exception: _on_unexpected_error,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, answer)
