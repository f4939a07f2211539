"""Secrets on their way out: masked; and on their way back in: a mask keeps what was there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.runtime.masking import MASK, redact
from slipstream.sdk._sensitive import is_sensitive_name


def masked_text(name: str, text: str | None) -> str | None:
    """The text of a variable or an extra as people may see it.

    All of it is masked if the name is that of a secret; of a JSON document, what stands below
    such names.
    """
    if not text:
        return text
    if is_sensitive_name(name):
        return MASK
    document = _document(text)
    if document is None:
        return text
    shown = redact(document)
    return text if shown == document else json.dumps(shown, ensure_ascii=False)


def masked_password(password: str | None) -> str | None:
    """A mask where there is a password."""
    return MASK if password else None


def unmasked_text(new: str | None, stored: str | None) -> str | None:
    """The new text with what stood in place of every mask, so that what was read can be sent
    back. Raises `InvalidInputError` where a mask stands for nothing."""
    if new is None or MASK not in new:
        return new
    if new == MASK:
        if stored is None:
            raise InvalidInputError(f"{MASK!r} stands for a stored secret, and there is none.")
        return stored
    document, kept = _document(new), _document(stored or "")
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


def _document(text: str) -> Mapping[str, JsonValue] | Sequence[JsonValue] | None:
    """The text as a JSON object or list, or None where it is none."""
    if text[:1] not in ("{", "["):
        return None
    try:
        document: Mapping[str, JsonValue] | Sequence[JsonValue] = json.loads(text)
    except ValueError:
        return None
    return document
