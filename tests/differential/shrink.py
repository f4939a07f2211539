"""A smaller program that still shows a disagreement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from tests.differential.program import Block, Edge, Item, Program, Task, edit, walk

MOST_TRIES = 200


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Take away what can go, one piece after the other, until nothing more can.

    After a success the search goes on where it was: what could not go before it mostly cannot go
    after it, and another round at the end tries that again.
    """
    tries, shrank = 0, True
    while shrank:
        shrank, at = False, 0
        while (smaller := next(islice(_smaller(program), at, None), None)) is not None:
            tries += 1
            if tries > MOST_TRIES:
                return program
            if fails(smaller):
                program, shrank = smaller, True
            else:
                at += 1
    return program


def _smaller(program: Program) -> Iterator[Program]:
    """Programs with one piece less, those with the largest piece gone first."""
    for at in range(len(program.steps)):
        if len(program.steps) > 1:
            yield replace(program, steps=program.steps[:at] + program.steps[at + 1 :])
    items = [item for item, _ in walk(program.root)]
    for item in sorted(items, key=_size, reverse=True):
        yield replace(program, root=edit(program.root, item.name, None))
        if isinstance(item, Block):
            yield replace(program, root=_opened(program.root, item))
    for at in range(len(program.edges)):
        yield replace(program, edges=program.edges[:at] + program.edges[at + 1 :])
    for item in items:
        for simpler in _simpler(item):
            yield replace(program, root=edit(program.root, item.name, simpler))
    for name, _ in program.options:
        yield replace(program, options=tuple(pair for pair in program.options if pair[0] != name))
    if program.conf:
        yield replace(program, conf={})
    for at, edge in enumerate(program.edges):
        if edge.form != ">>":
            plain = Edge(form=">>", above=edge.above, below=edge.below)
            yield replace(program, edges=(*program.edges[:at], plain, *program.edges[at + 1 :]))


def _size(item: Item) -> int:
    return 1 + sum(_size(of) for of in item.items) if isinstance(item, Block) else 1


def _opened(root: Block, block: Block) -> Block:
    """The root with the block's items in the place of the block."""
    items: list[Item] = []
    for item in root.items:
        if item.name == block.name:
            items += block.items
        else:
            items.append(_opened(item, block) if isinstance(item, Block) else item)
    return replace(root, items=tuple(items))


def _simpler(item: Item) -> Iterator[Item]:
    for name, _ in item.options:
        yield replace(item, options=tuple(pair for pair in item.options if pair[0] != name))
    if isinstance(item, Task):
        yield from _simpler_task(item)
    elif item.kind in ("with", "group"):
        if item.kind == "group":
            yield replace(item, kind="with")
    elif item.mapped is not None and item.mapped.over[0][0]:
        simple = replace(item.mapped, over=((item.mapped.over[0][0], "[1]"),))
        if simple != item.mapped:
            yield replace(item, mapped=simple)
            yield replace(item, mapped=replace(simple, over=((item.mapped.over[0][0], "[1, 2]"),)))


def _simpler_task(task: Task) -> Iterator[Task]:
    if task.mapped is not None:
        yield replace(task, mapped=None)
        if len(task.mapped.over) > 1:
            for at in range(len(task.mapped.over)):
                over = task.mapped.over[:at] + task.mapped.over[at + 1 :]
                yield replace(task, mapped=replace(task.mapped, over=over))
    for at in range(len(task.args)):
        yield replace(task, args=task.args[:at] + task.args[at + 1 :])
    for at in range(len(task.pulls)):
        yield replace(task, pulls=task.pulls[:at] + task.pulls[at + 1 :])
    if task.outcomes != ("ok",):
        yield replace(task, outcomes=("ok",))
    for at, outcome in enumerate(task.outcomes):
        if outcome != "ok":
            yield replace(task, outcomes=(*task.outcomes[:at], "ok", *task.outcomes[at + 1 :]))
    if task.kind not in ("bash", "empty") and task.result != "None":
        yield replace(task, result="None")
    for at in range(len(task.targets)):
        yield replace(task, targets=task.targets[:at] + task.targets[at + 1 :])
    if task.role:
        yield replace(task, role="")
    if task.kind not in ("task", "empty"):
        yield replace(task, kind="task", options=_plain_options(task), targets=())


def _plain_options(task: Task) -> tuple[tuple[str, str], ...]:
    """The options that every kind of task takes."""
    kept = ("trigger_rule", "retries", "do_xcom_push")
    return tuple(pair for pair in task.options if pair[0] in kept)
