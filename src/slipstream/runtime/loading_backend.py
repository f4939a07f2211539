"""What a DAG file may ask of the server while it is loaded: variables and connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slipstream.runtime.loader import LoadedFile, load
from slipstream.runtime.masking import Masker
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.sdk._backend import current_backend
from slipstream.sdk._secrets_cache import current_cache, new_cache
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection


class LoadingBackend(SupervisorBackend):
    """Asks over the zygote's own socket; there is no log to mask, only the file's error."""

    def __init__(self, link: SupervisorLink) -> None:
        super().__init__(link)
        self.masker = Masker()

    def mask_secret(self, value: str) -> None:
        """Hide the text in the error that loading may end with."""
        self.masker.add([value])


def load_asking(
    spec: messages.LoadSpec,
    connection: BlockingConnection,
    link: SupervisorLink | None = None,
    *,
    will_fork: bool = True,
    on_timeout: Callable[[float], None] = lambda _seconds: None,
) -> LoadedFile:
    """Load the file while its top level may read variables and connections.

    See `loader.load` for `will_fork` and `on_timeout`. The answers are those of the moment: a
    later change shows when the file is loaded anew.
    """
    link = link or SupervisorLink()
    link.attach(connection)
    backend = LoadingBackend(link)
    token = current_backend.set(backend)
    cache = current_cache.set(new_cache())
    try:
        file = load(spec, will_fork=will_fork, on_timeout=on_timeout)
    finally:
        current_cache.reset(cache)
        current_backend.reset(token)
        link.detach()
    mask = backend.masker.mask
    return replace(
        file,
        error=None if file.error is None else mask(file.error),
        refused=None if file.refused is None else mask(file.refused),
    )
