"""Hiding secrets: which names hold them, and how texts that hold them are changed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from slipstream.sdk._sensitive import is_sensitive_name

MASK = "***"
MIN_LENGTH = 5
"""Shorter secrets are not masked: they would hide half of every log."""
MIN_LINE_LENGTH = 12
"""A line of a secret of several lines is masked on its own from this length on."""


def secrets_in(value: object, *, everything: bool, more_names: Iterable[str] = ()) -> list[str]:
    """The texts to hide in a value: all of them, or those below sensitive names."""
    names = tuple(more_names)
    found: list[str] = []

    def visit(item: object, secret: bool) -> None:
        if isinstance(item, str):
            if secret:
                found.append(item)
        elif isinstance(item, Mapping):
            for key, inner in item.items():
                visit(inner, secret or is_sensitive_name(str(key), names))
        elif isinstance(item, Sequence):
            for inner in item:
                visit(inner, secret)

    visit(value, everything)
    return found


def redact(value: Any, name: str = "", more_names: Iterable[str] = ()) -> Any:
    """A value for people to see: texts below sensitive names replaced, the shape kept."""
    if name and is_sensitive_name(name, more_names):
        return MASK if value else value
    if isinstance(value, Mapping):
        return {key: redact(inner, str(key), more_names) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(inner, "", more_names) for inner in value]
    return value


class Masker:
    """Replaces known secrets in log lines. Safe to use from any thread."""

    __slots__ = ("_lock", "_min_length", "_pattern", "_secrets")

    def __init__(self, secrets: Iterable[str] = (), min_length: int = MIN_LENGTH) -> None:
        self._lock = threading.Lock()
        self._min_length = min_length
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """From now on hide these texts too, in the forms that they usually appear in."""
        forms = {
            form
            for secret in secrets
            if len(secret) >= self._min_length
            for form in _forms(secret)
            if len(form) >= self._min_length
        }
        if forms <= self._secrets:
            return
        with self._lock:
            self._secrets |= forms
            # Longest first: a secret that contains another one is replaced as a whole.
            ordered = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def mask(self, value: Any) -> Any:
        """The value with every secret in it replaced; the value itself where there is none."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(MASK, value)
        if isinstance(value, dict):
            return {self.mask(key): self.mask(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.mask(inner) for inner in value]
        return value


def _forms(secret: str) -> set[str]:
    """The secret as such, quoted for URLs, JSON and Python, and its longer lines."""
    forms = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        forms.update(line for line in lines if len(line) >= MIN_LINE_LENGTH)
    return forms


def secrets_of_text(text: str, name: str, more_names: Iterable[str] = ()) -> list[str]:
    """What to hide of a stored text of that name (a variable's value, a connection's extra).

    All of it if the name is sensitive; of a JSON document also what is below sensitive names.
    """
    names = tuple(more_names)
    sensitive = is_sensitive_name(name, names)
    found = [text] if sensitive else []
    if text[:1] in "{[":
        try:
            document = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return found
        found += secrets_in(document, everything=sensitive, more_names=names)
    return found
