"""Assets: data that tasks update and that DAGs can wait for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from slipstream.model.json import JsonValue
from slipstream.sdk._asset_uris import normalized, without_password
from slipstream.sdk._types import UserValue

MAX_NAME_LENGTH = 1500
_NOT_NAMES = frozenset({"self", "context"})


class BaseAsset(ABC):
    """Something a DAG can wait for: an asset, an alias, or a condition of several."""

    @abstractmethod
    def as_expression(self) -> JsonValue:
        """The condition as `model.schedule.OnAssets` holds it."""

    @abstractmethod
    def iter_assets(self) -> Iterator[Asset]:
        """The assets in it."""

    def __or__(self, other: BaseAsset) -> BaseAsset:
        """Either of the two."""
        return AssetAny(self, _asset(other))

    def __and__(self, other: BaseAsset) -> BaseAsset:
        """Both of the two."""
        return AssetAll(self, _asset(other))


@dataclass(frozen=True, slots=True)
class AssetWatcher:
    """A trigger that watches an asset from outside and says when it was updated."""

    name: str
    trigger: UserValue

    def __post_init__(self) -> None:
        from slipstream.sdk._triggers import BaseEventTrigger

        if not isinstance(self.trigger, BaseEventTrigger):
            raise ValueError(
                f"The trigger of the watcher {self.name!r} has to be a BaseEventTrigger, one that "
                f"goes on after an event; it is a {type(self.trigger).__name__}."
            )


@dataclass(frozen=True, slots=True)
class AssetAccessControl:
    """Which teams may send and see the events of an asset."""

    producer_teams: Sequence[str] = ()
    consumer_teams: Sequence[str] | None = None
    allow_global: bool = True


class Asset(BaseAsset):
    """Data with a name and a URI: `Asset("orders")`, `Asset(name="orders", uri="s3://b/orders")`."""

    asset_type: ClassVar[str] = "asset"
    """The group of those that are given none."""

    def __init__(
        self,
        name: str | None = None,
        uri: str | None = None,
        *,
        group: str | None = None,
        extra: Mapping[str, JsonValue] | None = None,
        watchers: Sequence[AssetWatcher] | None = None,
        access_control: AssetAccessControl | None = None,
    ) -> None:
        if name is None and uri is None:
            raise TypeError("An Asset needs a name or a uri; it was given neither.")
        given = _checked(str(uri if uri is not None else name), "uri")
        self.uri = normalized(given)
        # A password stays out of the name, too.
        self.name = _checked_name(str(name) if name is not None else without_password(given))
        self.group = _checked(group if group is not None else self.asset_type, "group")
        self.extra: dict[str, JsonValue] = dict(extra or {})
        self.watchers = list(watchers or [])
        if access_control is not None:
            _require_no_teams(self.name)
        self.access_control = access_control or AssetAccessControl()

    @staticmethod
    def ref(name: str | None = None, uri: str | None = None) -> AssetRef:
        """An asset that is known by its name, or its URI, alone."""
        if name is not None and uri is None:
            return AssetNameRef(name)
        if uri is not None and name is None:
            return AssetUriRef(uri)
        raise TypeError("Asset.ref() needs either a name or a uri, and not both.")

    @property
    def normalized_uri(self) -> str | None:
        """The URI in the form in which it is compared; None for what is no URI."""
        return self.uri if _has_scheme(self.uri) else None

    def as_expression(self) -> JsonValue:
        """`{"asset": {…}}`."""
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def iter_assets(self) -> Iterator[Asset]:
        """Itself."""
        yield self

    def __fspath__(self) -> str:
        return self.uri

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Asset):
            return NotImplemented
        return (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash((self.name, self.uri))

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


def _require_no_teams(name: str) -> None:
    """Raises `ValueError` where it would count whose events an asset has."""
    from slipstream.sdk._conf import conf

    if conf.getboolean("core", "multi_team", fallback=False):
        raise ValueError(
            f"The asset {name!r} has an access_control, and events of assets are for all teams "
            "here: leave it out."
        )


class Dataset(Asset):
    """The former name of an asset, which is given by its URI."""

    def __init__(
        self,
        uri: str | None = None,
        extra: Mapping[str, JsonValue] | None = None,
        *,
        name: str | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(name=name, uri=uri, extra=extra, **kwargs)


class Model(Asset):
    """An asset that is a machine-learning model."""

    asset_type: ClassVar[str] = "model"

    def __init__(
        self, name: str | None = None, uri: str | None = None, **kwargs: UserValue
    ) -> None:
        super().__init__(name, uri, **kwargs)


class AssetAlias(BaseAsset):
    """A name for assets that are only known once a task has run."""

    def __init__(self, name: str, group: str = "asset") -> None:
        self.name = _checked(name, "name")
        self.group = group

    def as_expression(self) -> JsonValue:
        """`{"alias": {…}}`."""
        return {"alias": {"name": self.name, "group": self.group}}

    def iter_assets(self) -> Iterator[Asset]:
        """None are known."""
        return iter(())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash(("alias", self.name))

    def __repr__(self) -> str:
        return f"AssetAlias({self.name!r})"


class AssetRef(BaseAsset):
    """An asset by its name or its URI alone."""

    def __init__(self, *, name: str | None = None, uri: str | None = None) -> None:
        if (name is None) == (uri is None):
            raise TypeError("A reference to an asset needs either a name or a uri.")
        self.name = name
        self.uri = uri

    def as_expression(self) -> JsonValue:
        """`{"asset_ref": {…}}`."""
        found = {"name": self.name} if self.name is not None else {"uri": self.uri}
        return {"asset_ref": found}

    def iter_assets(self) -> Iterator[Asset]:
        """None are known."""
        return iter(())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetRef):
            return NotImplemented
        return (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash(("ref", self.name, self.uri))

    def __repr__(self) -> str:
        found = f"name={self.name!r}" if self.name is not None else f"uri={self.uri!r}"
        return f"Asset.ref({found})"


class AssetNameRef(AssetRef):
    """An asset by its name alone."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class AssetUriRef(AssetRef):
    """An asset by its URI alone."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri=normalized(uri))


class _AssetCondition(BaseAsset):
    word: str

    def __init__(self, *objects: BaseAsset) -> None:
        self.objects = [_asset(one) for one in objects]

    def as_expression(self) -> JsonValue:
        """The conditions of its parts under its word."""
        return {self.word: [one.as_expression() for one in self.objects]}

    def iter_assets(self) -> Iterator[Asset]:
        """Those of its parts, each once."""
        yield from dict.fromkeys(asset for one in self.objects for asset in one.iter_assets())

    def _with(self, other: BaseAsset) -> _AssetCondition:
        return type(self)(*self.objects, _asset(other))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAny(_AssetCondition):
    """Any of several: `a | b`."""

    word = "any"

    def __or__(self, other: BaseAsset) -> BaseAsset:
        return self._with(other)


class AssetAll(_AssetCondition):
    """All of several: `a & b`."""

    word = "all"

    def __and__(self, other: BaseAsset) -> BaseAsset:
        return self._with(other)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a task yields to say more about an update: `yield Metadata(asset, {"rows": 3})`."""

    asset: Asset
    extra: dict[str, JsonValue] = field(default_factory=dict)
    alias: AssetAlias | None = None


def as_asset_condition(value: object) -> BaseAsset | None:
    """The condition that a `schedule` argument stands for; None where it is not about assets."""
    if isinstance(value, BaseAsset):
        return value
    if isinstance(value, list | tuple | set) and value:
        if not all(isinstance(one, BaseAsset) for one in value):
            raise ValueError(
                "A list as the schedule of a DAG has to hold assets only; it holds "
                f"{', '.join(sorted({type(one).__name__ for one in value}))}."
            )
        return AssetAll(*value)
    return None


def as_json(value: object) -> JsonValue:
    """An inlet or outlet as JSON can hold it."""
    if isinstance(value, BaseAsset):
        return value.as_expression()
    return {"other": str(value)}


def _asset(value: object) -> BaseAsset:
    if not isinstance(value, BaseAsset):
        raise TypeError(
            f"Only assets can be combined with | and &; {value!r} is a {type(value).__name__}."
        )
    return value


def _has_scheme(uri: str) -> bool:
    scheme, colon, _ = uri.partition(":")
    return bool(colon) and scheme.replace("-", "").replace("+", "").isalnum()


def _checked(text: str, what: str) -> str:
    if not text or text.isspace():
        raise ValueError(f"The {what} of an asset must not be empty.")
    if len(text) > MAX_NAME_LENGTH:
        raise ValueError(f"The {what} of an asset has at most {MAX_NAME_LENGTH} characters.")
    return text


def _checked_name(name: str) -> str:
    if name in _NOT_NAMES:
        raise ValueError(
            f"An asset cannot have the name {name!r}: in functions of @asset it stands for "
            "something else. Give it another name."
        )
    return _checked(name, "name")
