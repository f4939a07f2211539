"""Params as clients are shown them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from slipstream.model.json import JsonValue


def shown_params(
    params: JsonValue, order: JsonValue = None, source: Callable[[str], str | None] = lambda _: None
) -> dict[str, JsonValue]:
    """`{name: {value, description, schema, source}}`; the value is null where there is none.

    They come in that order, as far as it names them. `source` says of each where it was declared.
    """
    if not isinstance(params, Mapping):
        return {}
    if isinstance(order, Sequence):
        places = {name: place for place, name in enumerate(order)}
        params = dict(sorted(params.items(), key=lambda one: places.get(one[0], len(places))))
    return {
        name: _shown(param, source(name)) if isinstance(param, Mapping) else param
        for name, param in params.items()
    }


def _shown(param: Mapping[str, JsonValue], source: str | None) -> dict[str, JsonValue]:
    shown = {"value": None, "description": None, "schema": {}, **param}
    return {**shown, "source": param.get("source") or source}
