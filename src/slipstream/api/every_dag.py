"""All DAGs of a selection, however many they are."""

from __future__ import annotations

from typing import Final, Protocol

from slipstream.store.records import DagFilter, DagRecord, Page, Window

_PAGE: Final = 500


class DagStore(Protocol):
    """What lists DAGs."""

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """A page of them."""


def every_dag(store: DagStore, which: DagFilter) -> list[DagRecord]:
    """By id."""
    found: list[DagRecord] = []
    while True:
        page = store.list_dags(which, Window(limit=_PAGE, offset=len(found)))
        found += page.items
        if len(page.items) < _PAGE:
            return found
