"""Pages by the place where the last one ended: the texts that clients hand from one to the next.

A cursor says what the listing is sorted by and the values of the entry that it stands at. It is not
signed: whoever makes one up gets a page that they could have asked for anyway.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

import msgspec

from slipstream.api.payloads.filters import Paging
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import InvalidInputError
from slipstream.store.cursors import COUNTED_AT_MOST
from slipstream.store.records import Cursor, Page, Window


class _Text(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    order_by: tuple[str, ...]
    values: tuple[str | int | float | None, ...]
    backwards: bool


class CursorPaging(Paging):
    """Which part of a listing: by a number of entries, or by a place in it."""

    cursor: str | None = None

    def window(self, settings: ApiSettings, columns: Mapping[str, str]) -> Window:
        """The page asked for. Raises `InvalidInputError` for a cursor that is none of ours."""
        window = super().window(settings, columns)
        if self.cursor is None:
            return window
        return replace(window, offset=0, cursor=_read(self.cursor, window))


class Places(TypedDict, total=False):
    """Where the pages beside a page are."""

    next_cursor: str | None
    previous_cursor: str | None
    total_entries_limit: int


def places_of(page: Page[Any], window: Window) -> Places:
    """What a page by its place says of those beside it; nothing of one by numbers."""
    if window.cursor is None:
        return {}
    return {
        "next_cursor": _text(page.after, window),
        "previous_cursor": _text(page.before, window),
        "total_entries_limit": COUNTED_AT_MOST,
    }


def _text(cursor: Cursor | None, window: Window) -> str | None:
    if cursor is None or cursor.values is None:
        return None
    said = msgspec.json.encode(_Text(window.order_by, cursor.values, cursor.backwards))
    return urlsafe_b64encode(said).decode("ascii").rstrip("=")


def _read(text: str, window: Window) -> Cursor:
    if not text:
        return Cursor()
    try:
        said = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Text)
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidInputError(
            "The cursor is none of this server's: take it from next_cursor or previous_cursor of "
            "a page, or leave it empty for the first one."
        ) from error
    if said.order_by != window.order_by or len(said.values) != len(window.order_by) + 1:
        raise InvalidInputError(
            "The cursor is of a listing in another order: ask for its order_by, or begin with an "
            "empty cursor."
        )
    return Cursor(said.values, said.backwards)
