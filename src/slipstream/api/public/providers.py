"""The provider packages that are installed beside the server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import distributions
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.filters import Page, window_of

routes = Routes("Provider")

_PREFIX: Final = "apache-airflow-providers-"
_ENTRY_POINTS: Final = "apache_airflow_provider"


class ProviderResponse(Payload, frozen=True, kw_only=True):
    """A provider package."""

    package_name: str
    description: str
    version: str
    documentation_url: str | None


class ProviderCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of provider packages."""

    providers: Sequence[ProviderResponse]
    total_entries: int


@routes.add(
    "GET",
    "/providers",
    permission=reading(Resource.PROVIDER),
    answer=ProviderCollectionResponse,
    slow=True,
)
def get_providers(
    call: Call, query: Annotated[Page, QueryParameter()]
) -> ProviderCollectionResponse:
    """A page of the provider packages, by name. What they say of themselves is read from their
    metadata: none of their code runs in the server."""
    window = window_of(query.limit, query.offset, [], call.settings, {})
    found = _installed()
    return ProviderCollectionResponse(
        providers=found[window.offset : window.offset + window.limit], total_entries=len(found)
    )


@cache
def _installed() -> Sequence[ProviderResponse]:
    """What is installed now is what the server works with until it is started anew."""
    found = {}
    for package in distributions():
        name = package.metadata["Name"] or ""
        if not (name.startswith(_PREFIX) or package.entry_points.select(group=_ENTRY_POINTS)):
            continue
        links = dict(
            entry.split(", ", 1)
            for entry in package.metadata.get_all("Project-URL") or ()
            if ", " in entry
        )
        found[name] = ProviderResponse(
            package_name=name,
            description=package.metadata["Summary"] or "",
            version=package.version,
            documentation_url=links.get("Documentation"),
        )
    return [found[name] for name in sorted(found)]
