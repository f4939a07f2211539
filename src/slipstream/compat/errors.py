"""What can go wrong with the import surface."""

from __future__ import annotations

from slipstream.model.errors import SlipstreamError


class AirflowAlreadyImportedError(SlipstreamError, ImportError):
    """Another `airflow` package was imported before `install()`."""

    def __init__(self, location: str | None) -> None:
        super().__init__(
            f"airflow was already imported from {location or 'an unknown place'}; "
            "call slipstream.compat.install() before anything imports airflow"
        )
