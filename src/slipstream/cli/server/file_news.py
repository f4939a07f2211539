"""What DAG files bring that listeners of plugins hear of: assets, aliases, import errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from slipstream.api.plugin_apps.happenings import (
    AliasAppeared,
    AssetAppeared,
    FileFailed,
    Happening,
)
from slipstream.core.assets import ReferenceKind, references
from slipstream.model.asset import AssetName
from slipstream.model.version import ParsedFile
from slipstream.store.interface import Store
from slipstream.store.records import AssetFilter, Window

_ALL = Window(limit=2**31 - 1)


class FileNews:
    """Knows what the store had before, and so what a file brings. One thread at a time."""

    def __init__(self, store: Store, announce: Callable[[Happening], None]) -> None:
        """Reads what the store has."""
        self._announce = announce
        assets = store.list_assets(AssetFilter(only_active=False), _ALL).items
        self._assets = {AssetName(one.name, one.uri) for one in assets}
        self._aliases = {one.name for one in store.list_asset_aliases(None, _ALL).items}
        self._store = store
        self._broken = self._broken_files()

    def recorded(self, files: Sequence[ParsedFile]) -> None:
        """The store has these files now; with none, some are gone."""
        if not files:
            self._broken = self._broken_files()
        for file in files:
            for happening in self._brought_by(file):
                self._announce(happening)

    def _broken_files(self) -> set[str]:
        return {one.fileloc for one in self._store.list_file_errors(_ALL).items}

    def _brought_by(self, file: ParsedFile) -> Iterator[Happening]:
        if file.error is None:
            self._broken.discard(file.fileloc)
        else:
            is_new = file.fileloc not in self._broken
            self._broken.add(file.fileloc)
            yield FileFailed(filename=file.fileloc, stacktrace=file.error, is_new=is_new)
        for spec in file.dags:
            for asset in spec.assets:
                name = AssetName(asset.name, asset.uri)
                if name not in self._assets:
                    self._assets.add(name)
                    yield AssetAppeared(
                        name=asset.name, uri=asset.uri, group=asset.group, extra=asset.extra
                    )
            for found in references(spec):
                if found.kind is ReferenceKind.ALIAS and found.name not in self._aliases:
                    self._aliases.add(found.name)
                    yield AliasAppeared(name=found.name, group=found.group)
