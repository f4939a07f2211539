"""What the login takes and gives."""

from __future__ import annotations

from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.bodies import Body


class LoginBody(Body):
    """A user name and its password."""

    username: str
    password: str


class LoginResponse(Payload, frozen=True, kw_only=True):
    """The token to send as `Authorization: Bearer …`."""

    access_token: str
