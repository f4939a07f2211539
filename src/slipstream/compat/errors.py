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


class NoSuccessorError(SlipstreamError, ImportError):
    """A name of an older Airflow was imported that nothing took the place of."""

    def __init__(self, name: str, instead: str) -> None:
        super().__init__(f"{name} is gone since Airflow 3 and nothing has its place; {instead}.")


class ProviderNotInstalledError(SlipstreamError, ModuleNotFoundError):
    """A module of a provider package was imported that is not installed."""

    def __init__(self, module: str, package: str, provider: str) -> None:
        super().__init__(
            f"{module} is part of the package {package}, which is not installed here. "
            f"Install it with: slipstream providers install {provider}",
            name=module,
        )


class ModuleGoneError(SlipstreamError, ModuleNotFoundError):
    """A module was imported that Airflow 3 does not have, and that nothing took the place of."""

    def __init__(self, module: str, instead: str) -> None:
        super().__init__(f"{module} is gone since Airflow 3; {instead}.", name=module)
