"""A DAG file as a tree: what the generator makes, the renderer writes and the shrinker cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """The result of a task, or the parameter of the mapped group that stands around."""

    of: str
    key: str | None = None
    """What is taken from it with `[key]`."""
    calls: tuple[tuple[str, str], ...] = ()
    """What is called on it in turn: `("map", function)`, `("zip", task)` or `("concat", task)`."""


Value: TypeAlias = str | Ref
"""Python text, or somebody's result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What a task or a group is mapped over."""

    over: tuple[tuple[str, Value], ...]
    """Argument and values; a single one with an empty name is for `expand_kwargs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task."""

    name: str
    kind: str
    outcomes: tuple[str, ...] = ("ok",)
    """How it ends, by map index."""
    result: str = "None"
    """Python text of what it returns; `SEEN` stands for what it was given."""
    shape: str = "none"
    """What kind of value that is, for tasks that use it."""
    args: tuple[Value, ...] = ()
    pulls: tuple[str, ...] = ()
    """Keyword arguments of calls of `xcom_pull`, as Python text."""
    options: tuple[tuple[str, str], ...] = ()
    """Keyword arguments of the operator, as Python text."""
    role: str = ""
    """`setup` or `teardown`."""
    mapped: Map | None = None
    targets: tuple[str, ...] = ()
    """Where a branch goes."""

    def option(self, name: str) -> str | None:
        """The Python text of an option."""
        return dict(self.options).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Tasks that stand together."""

    name: str
    kind: str
    """`root`, `with` (a `TaskGroup`), `group` (a decorated function), `mapped`, or a scope of
    setup and teardown: `scope_with`, `scope_chain`, `scope_setup`."""
    items: tuple[Item, ...] = ()
    mapped: Map | None = None
    options: tuple[tuple[str, str], ...] = ()
    setup: str = ""
    teardown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Dependencies, in one of the forms that the language has for them."""

    form: str
    above: tuple[str, ...]
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Tasks that are to run again."""

    tasks: tuple[str, ...]
    upstream: bool = False
    downstream: bool = False
    only_failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A run of that day, which is gone on with where it was begun, after clearing in it."""

    day: int = 4
    clear: Clear | None = None

    def as_job(self, ids: Mapping[str, str]) -> dict[str, object]:
        """What the sides are told; `ids` are those of the tasks by their names."""
        clear = None
        if self.clear is not None:
            clear = {
                "task_ids": [ids[name] for name in self.clear.tasks if name in ids],
                "upstream": self.clear.upstream,
                "downstream": self.clear.downstream,
                "only_failed": self.clear.only_failed,
            }
        return {"date": f"2024-03-{self.day:02}T00:00:00", "clear": clear, "order": []}


Item: TypeAlias = Task | Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A whole DAG file."""

    dag_id: str
    root: Block
    edges: tuple[Edge, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    conf: dict[str, object] = field(default_factory=dict)
    steps: tuple[Step, ...] = (Step(),)

    def tasks(self) -> Iterator[Task]:
        """All tasks, in the order in which they are written."""
        return (item for item, _ in walk(self.root) if isinstance(item, Task))

    def ids(self) -> dict[str, str]:
        """`{name: id with the prefixes of the groups around}`, of tasks and groups."""
        found = {}
        for item, path in walk(self.root):
            if isinstance(item, Task) or not item.kind.startswith("scope"):
                found[item.name] = ".".join((*path, item.name))
        return found


def walk(block: Block, path: tuple[str, ...] = ()) -> Iterator[tuple[Item, tuple[str, ...]]]:
    """Everything in a block, with the names of the groups around it."""
    for item in block.items:
        yield item, path
        if isinstance(item, Block):
            yield from walk(item, path if item.kind.startswith("scope") else (*path, item.name))


def edit(block: Block, name: str, change: Item | None) -> Block:
    """The block with the item of that name replaced; None takes it away."""
    items: list[Item] = []
    for item in block.items:
        if item.name == name:
            if change is not None:
                items.append(change)
        else:
            items.append(edit(item, name, change) if isinstance(item, Block) else item)
    return replace(block, items=tuple(items))
