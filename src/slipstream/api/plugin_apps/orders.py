"""What the server and its process of plugins tell each other, besides requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from slipstream.api.plugin_apps.happenings import ComponentChanged, Happening


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """What the process has loaded."""

    plugins: list[dict[str, Any]] = []
    """What may be shown of each."""
    import_errors: Mapping[str, str] = {}
    prefixes: list[str] = []
    """Paths below which applications of plugins answer."""
    has_middlewares: bool = False
    """Whether every request goes through middlewares of plugins."""
    hooks: list[str] = []
    """Of the hooks that something in the server calls, those that somebody listens to."""

    @property
    def is_needed(self) -> bool:
        """Whether the process has anything to do once it has told this."""
        return bool(self.prefixes) or self.has_middlewares or bool(self.hooks)


class Served(msgspec.Struct, frozen=True, kw_only=True, tag="served"):
    """The order of that number has been carried out."""

    number: int


class Serve(msgspec.Struct, frozen=True, kw_only=True, tag="serve"):
    """Answer the request that comes over the descriptor that travels with this."""


FromPlugins: TypeAlias = Told | Served
ToPlugins: TypeAlias = Serve | ComponentChanged | Happening

decode_from_plugins = msgspec.msgpack.Decoder(FromPlugins).decode
decode_to_plugins = msgspec.msgpack.Decoder(ToPlugins).decode
