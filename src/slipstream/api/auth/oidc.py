"""Signing in by an OpenID Connect provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0, section 3.1; RFC 7636. What must come back with the browser (state, nonce
and the code's verifier) is in a cookie that is signed and lives for ten minutes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import replace
from html import escape
from typing import Annotated, Final
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from fastapi import Cookie, Header
from starlette.responses import HTMLResponse, RedirectResponse, Response

from slipstream.api.auth.access import role_name
from slipstream.api.auth.cookie import put_session
from slipstream.api.auth.doors import is_here
from slipstream.api.auth.people import all_roles
from slipstream.api.auth.tokens import Tokens
from slipstream.api.call import Call
from slipstream.api.errors import NotAuthenticatedError, NotConfiguredError
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.settings import ApiSettings, OidcSettings
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.store.access_records import AccountRecord
from slipstream.store.event_records import Door, NewEvent

_COOKIE: Final = "slipstream_oidc"
_COOKIE_SECONDS: Final = 600
_TIMEOUT_SECONDS: Final = 10
_MOST_BYTES: Final = 1 << 20
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
_SOURCE: Final = "oidc"
_REFUSALS: Final = (400, 401, 404, 501)


def oidc_routes(tokens: Tokens, settings: ApiSettings) -> Routes:
    """The operations of `/auth/oidc`."""
    routes = Routes("Login", prefix="/auth/oidc")

    @routes.add("GET", "/login", permission=PUBLIC, status=302, slow=True, refusals=_REFUSALS)
    def begin_oidc(call: Call, next: str = "/") -> Response:
        """Send the browser to the provider; afterwards it comes back to the path `next`."""
        provider = _provider(settings)
        if not is_here(next):
            raise InvalidInputError("next leads elsewhere: it must be a path of this server.")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": next}
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": _address_back(call, settings),
            "scope": provider.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        endpoint = str(_discovered(provider)["authorization_endpoint"])
        joint = "&" if "?" in endpoint else "?"
        response = RedirectResponse(f"{endpoint}{joint}{urlencode(query)}", 302)
        response.set_cookie(
            _COOKIE,
            tokens.seal(kept, _COOKIE_SECONDS),
            max_age=_COOKIE_SECONDS,
            path=settings.base_path or "/",
            secure=settings.is_https,
            httponly=True,
            samesite="lax",
        )
        return response

    @routes.add("GET", "/callback", permission=PUBLIC, status=302, slow=True, refusals=_REFUSALS)
    def end_oidc(
        call: Call,
        state: str = "",
        code: str = "",
        error: str = "",
        kept: Annotated[str, Cookie(alias=_COOKIE)] = "",
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Take the code that the provider has sent, and begin a session."""
        provider = _provider(settings)
        try:
            begun = tokens.unseal(kept)
            if not state or not secrets.compare_digest(state, str(begun.get("state"))):
                raise NotAuthenticatedError("The answer belongs to no sign-in of this browser.")
            if error or not code:
                raise NotAuthenticatedError(f"The provider said no: {error[:200] or 'no code'}.")
            claims = _claims(provider, code, begun, _address_back(call, settings))
            account = _account(call, provider, claims)
        except NotAuthenticatedError as refusal:
            _note(call, None, "login_failed", str(refusal))
            if "text/html" in accept:
                return _refusal_page(str(refusal), f"{settings.base_path}/")
            raise
        _note(call, account.username, "login")
        call.store.note_login(account.username, succeeded=True)
        response = RedirectResponse(f"{settings.base_path}{begun['next']}", 302)
        response.delete_cookie(_COOKIE, path=settings.base_path or "/")
        session = tokens.issue(account.username, settings.jwt_expiry_seconds)
        put_session(response, session, settings)
        return response

    return routes


def _refusal_page(message: str, login: str) -> Response:
    """What a person whose browser was sent here reads."""
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Not signed in</title>'
        '<body style="font-family:system-ui;max-width:36em;margin:4em auto;padding:0 1em">'
        f"<h1>You are not signed in</h1><p>{escape(message)}</p>"
        f'<p><a href="{escape(login)}">Back to the login</a></p></body></html>'
    )
    return HTMLResponse(page, 401)


def _provider(settings: ApiSettings) -> OidcSettings:
    if settings.oidc is None:
        raise NotFoundError(
            "There is no OpenID Connect provider: set [slipstream] oidc_issuer and oidc_client_id."
        )
    return settings.oidc


def _address_back(call: Call, settings: ApiSettings) -> str:
    """Where people reach this server; what a request names for it is the word of its sender."""
    return f"{settings.origin or call.base_url()}{settings.base_path}/auth/oidc/callback"


def _discovered(provider: OidcSettings) -> dict[str, JsonValue]:
    """OpenID Connect Discovery 1.0, section 4."""
    found = _asked(f"{provider.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != provider.issuer:
        raise NotConfiguredError(
            f"The provider at {provider.issuer} calls itself {found.get('issuer')!r}: set "
            "[slipstream] oidc_issuer to that."
        )
    return found


def _claims(
    provider: OidcSettings, code: str, begun: dict[str, JsonValue], back: str
) -> dict[str, JsonValue]:
    """What the provider says of the person. Raises `NotAuthenticatedError`."""
    import jwt

    known = _discovered(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": provider.client_id,
        "code_verifier": str(begun["verifier"]),
    }
    if provider.client_secret:
        form["client_secret"] = provider.client_secret
    token = str(_asked(str(known["token_endpoint"]), form).get("id_token", ""))
    try:
        keys = jwt.PyJWKClient(str(known["jwks_uri"]), timeout=_TIMEOUT_SECONDS)
        claims: dict[str, JsonValue] = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token).key,
            algorithms=list(_ALGORITHMS),
            audience=provider.client_id,
            issuer=str(known["issuer"]),
            leeway=30,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
        raise NotAuthenticatedError(f"The provider's ID token does not count: {error}.") from error
    if not secrets.compare_digest(str(claims.get("nonce", "")), str(begun["nonce"])):
        raise NotAuthenticatedError("The provider's ID token is of another sign-in.")
    return claims


def _account(call: Call, provider: OidcSettings, claims: dict[str, JsonValue]) -> AccountRecord:
    """The user, made or brought up to date. One of that name whom the database vouches for is
    somebody else."""
    name = str(claims.get(provider.username_claim) or claims["sub"])
    given = claims.get(provider.roles_claim)
    wanted = [role_name(str(one)) for one in given] if isinstance(given, list) else []
    there = {role.name for role in all_roles(call.store)}
    roles = tuple(role for role in dict.fromkeys(wanted) if role in there)
    if not roles and provider.default_role:
        roles = (role_name(provider.default_role),)
    known = call.store.get_account(name)
    if known is not None and known.source != _SOURCE:
        raise NotAuthenticatedError(
            f"There already is a user {name!r} with a password of their own: an administrator "
            "can remove or rename one of the two."
        )
    if known is not None and not known.is_active:
        raise NotAuthenticatedError(f"The user {name!r} was deactivated.")
    account = replace(
        known or AccountRecord(username=name, source=_SOURCE),
        roles=roles,
        email=str(claims.get("email") or ""),
        first_name=str(claims.get("given_name") or ""),
        last_name=str(claims.get("family_name") or ""),
    )
    store = call.store
    return store.create_account(account) if known is None else store.update_account(account)


def _asked(url: str, form: dict[str, str] | None = None) -> dict[str, JsonValue]:
    """The provider's JSON answer. Raises `NotAuthenticatedError`, without what was sent."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise NotConfiguredError("The provider's address must begin with https:// (or http://).")
    data = None if form is None else urlencode(form).encode()
    try:
        # The scheme was looked at above.
        request = HttpRequest(url, data=data)  # noqa: S310
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            found = json.loads(answer.read(_MOST_BYTES))
    except (URLError, ValueError, TimeoutError) as error:
        raise NotAuthenticatedError(
            f"The provider does not answer as it should: {error}"
        ) from error
    if not isinstance(found, dict):
        raise NotAuthenticatedError("The provider's answer is no JSON object.")
    return found


def _note(call: Call, name: str | None, event: str, why: str | None = None) -> None:
    details: dict[str, JsonValue] = {"by": _SOURCE}
    if why is not None:
        details["reason"] = why
    call.store.log_event(
        NewEvent(event=event, owner=name, door=Door.WEB_APP, address=call.address, details=details)
    )
