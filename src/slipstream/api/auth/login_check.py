"""Checks a user name and password, and slows down whoever guesses."""

from __future__ import annotations

import time
from collections.abc import Callable

from slipstream.api.auth.passwords import password_matches
from slipstream.api.auth.payloads import LoginBody
from slipstream.api.auth.throttle import Throttle
from slipstream.api.call import Call
from slipstream.api.errors import NotAuthenticatedError, TooManyAttemptsError
from slipstream.model.errors import InvalidInputError


class LoginCheck:
    """One for all doors of a deployment: failures at one count at the others."""

    def __init__(
        self, attempts_per_minute: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """So many failures a minute are allowed to each user name and address; 0 for any number."""
        self._throttle = Throttle(attempts_per_minute)
        self._monotonic = monotonic

    def user_name(self, call: Call, body: LoginBody) -> str:
        """Who it is, once the password was right.

        Raises `NotAuthenticatedError`, `TooManyAttemptsError`, and `InvalidInputError` where
        nothing was given.
        """
        if not body.username or not body.password:
            raise InvalidInputError("Username and password must be provided")
        subject = f"{body.username}@{call.address}"
        wait = self._throttle.seconds_until_allowed(subject, self._monotonic())
        if wait:
            raise TooManyAttemptsError(
                f"Too many failed logins; try again in {wait} seconds.", wait
            )
        stored = call.store.get_user_hash(body.username)
        if not password_matches(stored[0] if stored else None, body.password):
            self._throttle.record_failure(subject, self._monotonic())
            raise NotAuthenticatedError("Invalid credentials")
        self._throttle.forget(subject)
        return body.username
