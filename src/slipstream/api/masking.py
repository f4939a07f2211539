"""Secrets on their way out: masked; and on their way back in: a mask keeps what was there."""

from __future__ import annotations

import json
from collections.abc import Mapping

from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.runtime.masking import MASK
from slipstream.store.masked_settings import document_of, masked_password, masked_text

__all__ = ["masked_password", "masked_text", "unmasked_text"]


def unmasked_text(new: str | None, stored: str | None) -> str | None:
    """The new text with what stood in place of every mask, so that what was read can be sent
    back. Raises `InvalidInputError` where a mask stands for nothing."""
    if new is None or MASK not in new:
        return new
    if new == MASK:
        if stored is None:
            raise InvalidInputError(f"{MASK!r} stands for a stored secret, and there is none.")
        return stored
    document, kept = document_of(new), document_of(stored or "")
    if document is None or kept is None:
        return new
    return json.dumps(_unmasked(document, kept), ensure_ascii=False)


def _unmasked(new: JsonValue, stored: JsonValue) -> JsonValue:
    if new == MASK:
        return stored
    if isinstance(new, Mapping) and isinstance(stored, Mapping):
        return {key: _unmasked(value, stored.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(stored, list) and len(new) == len(stored):
        return [_unmasked(*pair) for pair in zip(new, stored, strict=True)]
    return new
