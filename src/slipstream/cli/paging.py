"""Whole listings out of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from slipstream.store.interface import Page, Window

T = TypeVar("T")

PAGE_SIZE = 1000


def every(
    load: Callable[[Window], Page[T]], *, order_by: tuple[str, ...] = (), limit: int | None = None
) -> Iterator[T]:
    """Every entry that `load` finds, page by page, at most `limit`."""
    given = 0
    while limit is None or given < limit:
        size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - given)
        page = load(Window(limit=size, offset=given, order_by=order_by))
        yield from page.items
        given += len(page.items)
        if not page.items or given >= page.total:
            return
