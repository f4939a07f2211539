"""Checks a user name and password, and slows down whoever guesses."""

from __future__ import annotations

from typing import Final, Protocol

from slipstream.api.auth.passwords import password_matches
from slipstream.api.auth.payloads import LoginBody
from slipstream.api.auth.totp import code_step
from slipstream.api.call import Call
from slipstream.api.errors import CodeNeededError, NotAuthenticatedError
from slipstream.model.errors import InvalidInputError
from slipstream.store.access_records import AccountRecord
from slipstream.store.event_records import Door, NewEvent

REFUSED_LOGINS: Final = (401, 429)
"""The statuses of what it raises: wrong, or tried too often."""


class Directory(Protocol):
    """Others who vouch for people: a directory server."""

    def sign_in(self, call: Call, username: str, password: str) -> AccountRecord | None:
        """The user as stored here from now on; None for a wrong name or password."""


class LoginCheck:
    """One for all doors of a deployment: failures at one count at the others.

    Every sign-in is in the audit log before it is answered, the failed ones as well.
    """

    def __init__(self, *, directory: Directory | None = None) -> None:
        """Who has no password here is looked up in the directory."""
        self._directory = directory

    def user_name(self, call: Call, body: LoginBody, door: Door = Door.REST_API) -> str:
        """Who it is, once the password was right, and the code where the user has one.

        Raises `NotAuthenticatedError`, `TooManyAttemptsError`, and `InvalidInputError` where
        nothing was given.
        """
        if not body.username or not body.password:
            raise InvalidInputError("Username and password must be provided")
        with call.deployment.guesses.counted(body.username, call.address):
            account = self._checked(call, body, door)
        _note(call, account.username, door, "login")
        call.store.note_login(account.username, succeeded=True)
        return account.username

    def _checked(self, call: Call, body: LoginBody, door: Door) -> AccountRecord:
        try:
            account = self._account(call, body)
            self._require_code(call, account, body.totp)
        except CodeNeededError:
            raise
        except NotAuthenticatedError as error:
            _note(call, body.username, door, "login_failed", str(error))
            call.store.note_login(body.username, succeeded=False)
            raise
        return account

    def _account(self, call: Call, body: LoginBody) -> AccountRecord:
        known = call.store.get_account(body.username)
        if self._directory is not None and (known is None or known.password_hash is None):
            found = self._directory.sign_in(call, body.username, body.password)
        else:
            stored = None if known is None else known.password_hash
            found = known if password_matches(stored, body.password) else None
        if found is None:
            raise NotAuthenticatedError("Invalid credentials")
        if not found.is_active:
            raise NotAuthenticatedError(
                f"The user {found.username!r} was deactivated; an administrator can change that."
            )
        return found

    def _require_code(self, call: Call, account: AccountRecord, code: str | None) -> None:
        if not account.totp_enrolled or account.totp_secret is None:
            return
        if not code:
            raise CodeNeededError("A code of the authenticator app is needed: send it as `totp`.")
        step = code_step(account.totp_secret, code, call.now())
        if step is None or not call.store.use_totp_step(account.username, step):
            raise NotAuthenticatedError("Invalid credentials: the code is wrong, or was used.")


def _note(call: Call, name: str, door: Door, event: str, why: str | None = None) -> None:
    details = {} if why is None else {"reason": why}
    what = NewEvent(event=event, owner=name, door=door, address=call.address, details=details)
    call.store.log_event(what)
