"""Sequences of XCom values that are fetched and computed as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from slipstream.sdk._types import ArgNotSet, UserValue
from slipstream.sdk._xcom_values import XComPlace, read_xcom, read_xcoms

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._backend_values import XComItem

_CHUNK = 256
"""How many values an iteration fetches with one question."""


class _Items(Sequence[UserValue]):
    """A sequence by its `__len__` and `_item`; equal to a list of the same items."""

    def _item(self, index: int) -> UserValue:
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> UserValue: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[UserValue]: ...
    def __getitem__(self, index: int | slice) -> UserValue | Sequence[UserValue]:
        length = len(self)
        if isinstance(index, slice):
            return [self._item(one) for one in range(length)[index]]
        if not -length <= index < length:
            raise IndexError(f"There is no item {index} in a sequence of {length}.")
        return self._item(index % length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs for mine, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # like a list

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} items>"


class LazyXComSequence(_Items):
    """What the instances of a mapped task pushed, in map index order; fetched when asked for."""

    def __init__(
        self, backend: Backend, *, dag_id: str, run_id: str, task_id: str, key: str
    ) -> None:
        self._backend = backend
        self._dag_id = dag_id
        self._run_id = run_id
        self._task_id = task_id
        self._key = key
        self._length: int | None = None

    def _fetch(self, start: int, stop: int) -> list[UserValue]:
        texts = self._backend.get_xcoms(
            dag_id=self._dag_id,
            run_id=self._run_id,
            task_id=self._task_id,
            key=self._key,
            start=start,
            stop=stop,
        )
        place = XComPlace(
            dag_id=self._dag_id,
            run_id=self._run_id,
            task_id=self._task_id,
            key=self._key,
            map_index=None,
        )
        return read_xcoms(texts, place)

    def __len__(self) -> int:
        if self._length is None:
            self._length = self._backend.count_xcoms(
                dag_id=self._dag_id, run_id=self._run_id, task_id=self._task_id, key=self._key
            )
        return self._length

    def _item(self, index: int) -> UserValue:
        return self.at(index)

    def at(self, index: int) -> UserValue:
        """The value at a place from 0 on, without counting them. Raises `IndexError`."""
        found = self._fetch(index, index + 1)
        if not found:
            raise IndexError(
                f"There is no value {index} among what task {self._task_id!r} pushed: the map has "
                f"become shorter."
            )
        return found[0]

    @overload
    def __getitem__(self, index: int) -> UserValue: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[UserValue]: ...
    def __getitem__(self, index: int | slice) -> UserValue | Sequence[UserValue]:
        if isinstance(index, slice):
            wanted = range(len(self))[index]
            if not wanted:
                return []
            first, last = min(wanted), max(wanted)
            found = self._fetch(first, last + 1)
            return [found[one - first] for one in wanted]
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[UserValue]:
        for start in range(0, len(self), _CHUNK):
            yield from self._fetch(start, min(start + _CHUNK, len(self)))


class PushedItems(_Items):
    """The items of one XCom, each fetched when it is asked for."""

    def __init__(self, backend: Backend, place: XComPlace, near: int, first: XComItem) -> None:
        """`first` is the item at `near`, modulo their number, which it says."""
        assert first.length is not None
        self._backend = backend
        self._place = place
        self._length = first.length
        self._known = {near % first.length: first}
        self.are_pairs = first.is_pair
        """Whether it was a mapping that was pushed."""

    def __len__(self) -> int:
        return self._length

    def _item(self, index: int) -> UserValue:
        found = self._known.get(index) or fetch_item(self._backend, self._place, index)
        if found is None or found.length != self._length:
            raise IndexError(f"{self._place} has changed; item {index} is not the one it was.")
        value = read_xcom(found.text, self._place)
        return tuple(value) if found.is_pair else value


def fetch_item(backend: Backend, place: XComPlace, index: int) -> XComItem | None:
    """The item at `index`, modulo their number, of what one instance pushed."""
    assert place.map_index is not None
    return backend.get_xcom_item(
        dag_id=place.dag_id,
        run_id=place.run_id,
        task_id=place.task_id,
        map_index=place.map_index,
        key=place.key,
        index=index,
    )


class MapSequence(_Items):
    """Every item put through functions when it is asked for."""

    def __init__(
        self, items: Sequence[UserValue], functions: Sequence[Callable[[UserValue], UserValue]]
    ) -> None:
        self._items = items
        self._functions = functions

    def __len__(self) -> int:
        return len(self._items)

    def _item(self, index: int) -> UserValue:
        return self._apply(self._items[index])

    def __iter__(self) -> Iterator[UserValue]:
        return map(self._apply, self._items)

    def _apply(self, value: UserValue) -> UserValue:
        for function in self._functions:
            value = function(value)
        return value


class ZipSequence(_Items):
    """Tuples of the items at the same place."""

    def __init__(self, of: Sequence[Sequence[UserValue]], fillvalue: UserValue) -> None:
        self._of = of
        self._fillvalue = fillvalue

    def __len__(self) -> int:
        lengths = [len(items) for items in self._of]
        return min(lengths) if isinstance(self._fillvalue, ArgNotSet) else max(lengths)

    def _item(self, index: int) -> UserValue:
        return tuple(items[index] if index < len(items) else self._fillvalue for items in self._of)


class ConcatSequence(_Items):
    """One sequence after the other."""

    def __init__(self, of: Sequence[Sequence[UserValue]]) -> None:
        self._of = of

    def __len__(self) -> int:
        return sum(len(items) for items in self._of)

    def _item(self, index: int) -> UserValue:
        for items in self._of:
            if index < len(items):
                return items[index]
            index -= len(items)
        raise IndexError(index)

    def __iter__(self) -> Iterator[UserValue]:
        for items in self._of:
            yield from items
