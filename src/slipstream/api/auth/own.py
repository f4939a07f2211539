"""What belongs to whoever asks: their tokens, their password, their second factor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slipstream.api.auth.access import Resource, editing, reading
from slipstream.api.auth.grants import text_of
from slipstream.api.auth.passwords import hash_password, password_matches
from slipstream.api.auth.payloads import (
    AccessTokenBody,
    AccessTokenCollection,
    AccessTokenResponse,
    CodeBody,
    EnrolmentResponse,
    MeResponse,
    NewAccessTokenResponse,
    PasswordBody,
)
from slipstream.api.auth.people import required_password
from slipstream.api.auth.personal import hash_of, new_token
from slipstream.api.auth.totp import code_step, enrolment_url, new_secret
from slipstream.api.auth.user import ANYBODY, grants_of_scope
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.operation import SIGNED_IN, Routes
from slipstream.model.errors import ConflictError, InvalidInputError
from slipstream.store.access_records import AccessTokenRecord, AccountRecord

routes = Routes("Own account", prefix="/auth")

ISSUER = "Slipstream"
_SLOWED_DOWN = (429,)
"""Who has somebody's session is not to guess their password or their codes."""


@routes.add("GET", "/me", permission=SIGNED_IN, answer=MeResponse)
def get_me(call: Call) -> MeResponse:
    """Who asks, and what they may do."""
    account = call.store.get_account(call.user.name)
    may = call.user.permissions(call.store)
    return MeResponse(
        name=call.user.name,
        roles=call.user.roles,
        may=sorted(f"{one.action}:{one.resource}" for one in may),
        source=None if account is None else account.source,
        has_second_factor=account is not None and account.totp_enrolled,
        has_password=account is not None and account.password_hash is not None,
    )


@routes.add("GET", "/tokens", permission=SIGNED_IN, answer=AccessTokenCollection)
def get_access_tokens(call: Call, username: str | None = None) -> AccessTokenCollection:
    """One's own personal access tokens; those of another user, or of all (`~`), for who may read
    users."""
    whose = call.user.name if username is None else username
    if whose != call.user.name and not call.user.may(reading(Resource.USER)):
        raise NotAllowedError("Forbidden: your roles do not allow to see the tokens of others.")
    found = call.store.list_access_tokens(None if whose == "~" else whose)
    return AccessTokenCollection(tokens=[_token(one) for one in found], total_entries=len(found))


@routes.add("POST", "/tokens", permission=SIGNED_IN, answer=NewAccessTokenResponse, status=201)
def post_access_token(call: Call, body: AccessTokenBody) -> NewAccessTokenResponse:
    """Make a personal access token; the answer alone tells it."""
    account = _in_person(call)
    scope = None
    if body.scope is not None:
        scope = sorted(text_of(grant) for grant in grants_of_scope(body.scope))
        if not scope:
            raise InvalidInputError("The scope is empty; leave it out, or say what it is for.")
    days = body.expires_in_days
    expires = None if days is None else call.now() + timedelta(days=days)
    token = new_token()
    kept = call.store.add_access_token(account.username, body.name, hash_of(token), scope, expires)
    shown = _token(kept)
    return NewAccessTokenResponse(
        token=token,
        id=shown.id,
        username=shown.username,
        name=shown.name,
        scope=shown.scope,
        created_at=shown.created_at,
        expires_at=shown.expires_at,
        last_used_at=None,
    )


@routes.add("DELETE", "/tokens/{token_id}", permission=SIGNED_IN, status=204)
def delete_access_token(call: Call, token_id: int) -> None:
    """Let a personal access token count no more; another user's for who may edit users."""
    found = call.store.get_access_token(token_id)
    if not call.user.may(editing(Resource.USER)):
        if found.username != call.user.name:
            raise NotAllowedError(f"Forbidden: the access token {token_id} is not yours.")
        _in_person(call)
    call.store.delete_access_token(token_id)


@routes.add("POST", "/logout/everywhere", permission=SIGNED_IN, status=204)
def log_out_everywhere(call: Call) -> None:
    """Let no session and no signed token of one's own count any more."""
    call.store.revoke_tokens_of(_in_person(call).username)


@routes.add("POST", "/password", permission=SIGNED_IN, status=204, refusals=_SLOWED_DOWN)
def change_password(call: Call, body: PasswordBody) -> None:
    """Change one's own password. Sessions and signed tokens from before count no more."""
    account = _in_person(call)
    if account.password_hash is None:
        raise ConflictError(
            f"The password of {account.username!r} is not kept here ({account.source}): change it "
            "there."
        )
    with call.deployment.guesses.counted(account.username, call.address):
        if not password_matches(account.password_hash, body.old_password):
            raise NotAllowedError("Forbidden: the old password is wrong.")
    password = hash_password(required_password(body.new_password))
    call.store.update_account(
        replace(account, password_hash=password, tokens_valid_after=call.now())
    )


@routes.add("POST", "/mfa", permission=SIGNED_IN, answer=EnrolmentResponse, status=201)
def begin_mfa(call: Call) -> EnrolmentResponse:
    """Begin to use an authenticator app: the answer alone tells the secret. No code is asked for
    before the first one was sent to `/auth/mfa/confirm`."""
    account = _in_person(call)
    if account.totp_enrolled:
        raise ConflictError("A second factor is in use already; remove it first.")
    secret = new_secret()
    url = enrolment_url(secret, account.username, ISSUER)
    call.store.update_account(replace(account, totp_secret=secret))
    return EnrolmentResponse(secret=secret, url=url)


@routes.add("POST", "/mfa/confirm", permission=SIGNED_IN, status=204, refusals=_SLOWED_DOWN)
def confirm_mfa(call: Call, body: CodeBody) -> None:
    """Have a code asked for at every sign-in from now on; this is the first one."""
    account = _in_person(call)
    if account.totp_secret is None or account.totp_enrolled:
        raise ConflictError("There is nothing to confirm: begin with POST /auth/mfa.")
    _use(call, account, body.code)
    call.store.update_account(replace(account, totp_enrolled=True))


@routes.add("POST", "/mfa/remove", permission=SIGNED_IN, status=204, refusals=_SLOWED_DOWN)
def remove_mfa(call: Call, body: CodeBody) -> None:
    """Ask for no code any more; a last one is needed for that."""
    account = _in_person(call)
    if account.totp_secret is None or not account.totp_enrolled:
        raise ConflictError("There is no second factor to remove.")
    _use(call, account, body.code)
    call.store.update_account(replace(account, totp_secret=None, totp_enrolled=False))


def _use(call: Call, account: AccountRecord, code: str) -> None:
    with call.deployment.guesses.counted(account.username, call.address):
        step = code_step(account.totp_secret or "", code, call.now())
        if step is None or not call.store.use_totp_step(account.username, step):
            raise InvalidInputError(
                "The code is wrong, or was used: send the one that the app shows now."
            )


def _in_person(call: Call) -> AccountRecord:
    """The user, signed in by themselves. Raises `NotAllowedError` for programs and for nobody."""
    if call.user.is_program:
        raise NotAllowedError(
            "Forbidden: a personal access token cannot be used for this; sign in."
        )
    account = None if call.user is ANYBODY else call.store.get_account(call.user.name)
    if account is None:
        raise NotAllowedError(
            f"Forbidden: {call.user.name!r} is no user of this deployment; sign in as one."
        )
    return account


def _token(record: AccessTokenRecord) -> AccessTokenResponse:
    return AccessTokenResponse(
        id=record.pk,
        username=record.username,
        name=record.name,
        scope=record.scope,
        created_at=record.created_at,
        expires_at=record.expires_at,
        last_used_at=record.last_used_at,
    )
