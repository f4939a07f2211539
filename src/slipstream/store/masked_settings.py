"""Settings as people may see them: what looks like a secret is masked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

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
    document = document_of(text)
    if document is None:
        return text
    shown = redact(document)
    return text if shown == document else json.dumps(shown, ensure_ascii=False)


def masked_password(password: str | None) -> str | None:
    """A mask where there is a password."""
    return MASK if password else None


def document_of(text: str) -> Mapping[str, JsonValue] | Sequence[JsonValue] | None:
    """The text as a JSON object or list, or None where it is none."""
    if text[:1] not in ("{", "["):
        return None
    try:
        document: Mapping[str, JsonValue] | Sequence[JsonValue] = json.loads(text)
    except ValueError:
        return None
    return document
