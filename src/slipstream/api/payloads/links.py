"""Links of task instances."""

from __future__ import annotations

from collections.abc import Mapping

from slipstream.api.payloads.base import Payload


class ExtraLinkCollectionResponse(Payload, frozen=True, kw_only=True):
    """Links by their names."""

    extra_links: Mapping[str, str | None]
    total_entries: int
