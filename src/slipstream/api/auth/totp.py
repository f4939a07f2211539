"""Codes of authenticator apps: time-based one-time passwords (RFC 6238), six digits, 30 seconds."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Final

from slipstream.api.errors import NotConfiguredError

if TYPE_CHECKING:
    from pyotp import TOTP

STEP_SECONDS: Final = 30
_DRIFT: Final = 1
"""By how many steps a phone's clock may differ (RFC 6238, section 5.2)."""


def new_secret() -> str:
    """A secret of 160 bits in base 32, as RFC 4226 recommends."""
    import secrets
    from base64 import b32encode

    return b32encode(secrets.token_bytes(20)).decode("ascii")


def enrolment_url(secret: str, username: str, issuer: str) -> str:
    """What authenticator apps read out of a QR code: `otpauth://totp/…`."""
    return _totp(secret).provisioning_uri(name=username, issuer_name=issuer)


def code_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to; None where it belongs to none near `now`."""
    totp = _totp(secret)
    current = int(now.timestamp()) // STEP_SECONDS
    given = code.replace(" ", "").encode()
    found = None
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            found = step
    return found


def _totp(secret: str) -> TOTP:
    try:
        from pyotp import TOTP
    except ImportError as error:
        raise NotConfiguredError(
            "Codes of authenticator apps need the package pyotp: install `slipstream[mfa]` on the "
            "server."
        ) from error
    return TOTP(secret)
