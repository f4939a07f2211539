"""How far one task of a run has come: all its instances, in as little memory as will do.

An instance is one byte, its state. Only what is under way has a `Record` with the rest. Instances
that wait for the same upstream instances form one *scope*: an unmapped task has a single scope with
a single instance, a mapped task a single scope with all its instances, a task in a mapped group one
scope per index of the group (unless nothing that it waits for is in the group, too).
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from slipstream.core.codes import NONE, REMOVED
from slipstream.core.plan import Edge, Node
from slipstream.core.records import Record
from slipstream.core.trigger_rules import (
    EXPECTED,
    SCOPE_EXPECTED,
    SCOPE_FAILED,
    SCOPE_SKIPPED,
    SCOPE_SUCCESS,
    SETUP_EXPECTED,
    SETUP_SKIPPED,
    SETUP_SUCCESS,
    TALLY_SIZE,
)
from slipstream.model.attempt import XComWrite
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey

_PENDING = re.compile(re.escape(bytes([NONE])) + b"+")


class TaskProgress:
    """One task of one run."""

    __slots__ = (
        "asked",
        "blocks",
        "count",
        "dirty",
        "held_until",
        "is_absent",
        "is_expanded",
        "lengths",
        "needs_are_met",
        "node",
        "overdue",
        "prefix",
        "pushed",
        "queued",
        "ready_at",
        "records",
        "scopes",
        "skipping",
        "states",
        "strides",
        "tally",
        "unfinished",
        "waiting",
        "width",
    )

    def __init__(self, node: Node) -> None:
        self.node = node
        self.states = bytearray([NONE])
        """One code per instance."""
        self.count = 1
        self.scopes = 1
        self.width = 1
        """Instances per scope."""
        self.prefix: tuple[int, ...] = (1,)
        """Number of combinations of indexes of the mapped groups around, by depth."""
        self.strides: tuple[int, ...] = (1,)
        """Instances for each of these combinations, by depth."""
        self.is_expanded = False
        """True when the instances have map indexes; false also for a map's placeholder."""
        self.is_absent = False
        """True for a task that has no instance in this run, because of its dates."""
        self.unfinished = 1
        self.waiting = 1
        """Instances in state `NONE`."""
        self.records: dict[int, Record] = {}
        self.tally = list(node.first_tally)
        """Upstream ends that count for every scope."""
        self.blocks: array[int] | None = None
        """Upstream ends that count for one scope, `TALLY_SIZE` numbers per scope."""
        self.ready_at: dict[int, datetime] | None = None
        """`{scope: moment}` at which its instances became ready, where no record says so."""
        self.asked: dict[int, str] | None = None
        """Instances that wait for the previous run, and what was last said of that."""
        self.skipping: dict[int, str] | None = None
        """Those of the instances that wait for the previous run that are then skipped, and why."""
        self.overdue: set[int] | None = None
        """Instances whose retry or reschedule is due and whose rule is not met any more."""
        self.held_until: datetime | None = None
        """The task's start date, while it lies ahead."""
        self.needs_are_met = not node.needs
        """Nothing that the lengths are computed from can stop the task any more."""
        self.lengths: dict[str, int] | None = None
        """`{xcom key: items}` of what an unmapped task pushed."""
        self.pushed: dict[str, int] | None = None
        """`{xcom key: instances that pushed it}`."""
        self.queued = False
        self.dirty: set[int] | None = None
        """Scopes to judge, where `blocks` are; None for all."""

    def drop(self) -> None:
        """The task has no instance in this run."""
        self.is_absent = True
        self.states = bytearray()
        self.count = self.unfinished = self.waiting = 0
        self.needs_are_met = True

    def resize(self, lengths: tuple[int, ...], count: int | None = None) -> None:
        """Take the shape of a map with these lengths, all instances pending.

        `count` overrides their product, for instances that an earlier map left.
        """
        depth = len(self.node.group_ids)
        prefix = [1]
        for length in lengths[:depth]:
            prefix.append(prefix[-1] * length)
        total = prefix[-1] * (lengths[depth] if len(lengths) > depth else 1)
        self.prefix = tuple(prefix)
        self.strides = tuple(total // many for many in prefix)
        self.count = total if count is None else count
        self.scopes = prefix[self.node.joint]
        self.width = self.strides[self.node.joint]
        self.states = bytearray([NONE]) * self.count
        self.is_expanded = True
        self.unfinished = self.waiting = self.count
        self.records.clear()

    def refit(self, lengths: tuple[int, ...]) -> None:
        """Take other lengths, keep the states, and add what is missing as pending."""
        states, records = self.states, dict(self.records)
        unfinished, waiting, count = self.unfinished, self.waiting, self.count
        self.resize(lengths, max(count, math.prod(lengths)))
        added = self.count - count
        self.states[:count] = states
        self.records.update(records)
        self.unfinished = unfinished + added
        self.waiting = waiting + added

    def length_of(self, key: str) -> int | None:
        """How many items were pushed under that key, all instances of a map together."""
        if self.is_expanded:
            return 0 if self.pushed is None else self.pushed.get(key, 0)
        return None if self.lengths is None else self.lengths.get(key)

    def note_lengths(self, lengths: Mapping[str, int], xcoms: tuple[XComWrite, ...]) -> None:
        """Keep what lengths downstream are computed from: what an instance has pushed."""
        keys = self.node.sized_keys
        found = {key: length for key, length in lengths.items() if key in keys}
        for xcom in xcoms:
            if xcom.key in keys and xcom.length is not None:
                found[xcom.key] = xcom.length
        if not self.is_expanded:
            self.lengths = found
            return
        if self.pushed is None:
            self.pushed = {}
        for key in {*found, *(xcom.key for xcom in xcoms if xcom.key in keys)}:
            self.pushed[key] = self.pushed.get(key, 0) + 1

    def map_index(self, index: int) -> int:
        """The map index of the instance at that place of `states`."""
        return index if self.is_expanded else UNMAPPED

    def key(self, index: int) -> TaskKey:
        """The key of the instance at that place of `states`."""
        return TaskKey(self.node.task_id, index) if self.is_expanded else self.node.key

    def pending_runs(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Ranges of instances in state `NONE`."""
        for found in _PENDING.finditer(self.states, start, stop):
            yield found.span()

    def record(self, index: int) -> Record:
        """The record of an instance, made if there was none."""
        found = self.records.get(index)
        if found is None:
            found = self.records[index] = Record(self.node.spec.retries)
        return found

    def scope_tally(self, scope: int) -> list[int]:
        """All upstream ends that count for a scope."""
        if self.blocks is None:
            return self.tally
        at = scope * TALLY_SIZE
        return [a + b for a, b in zip(self.tally, self.blocks[at : at + TALLY_SIZE], strict=True)]

    def recount(self, upstreams: list[TaskProgress]) -> None:
        """Compute the tallies anew from the states of the upstreams, in order of the edges."""
        self.tally = [0] * TALLY_SIZE
        # One scope alone needs none, unless an upstream has instances of other indexes left over.
        is_split = self.scopes > 1 or (
            self.is_expanded
            and any(
                above.is_expanded
                and edge.depth > 0
                and above.count > self.prefix[edge.depth] * above.strides[edge.depth]
                for edge, above in zip(self.node.incoming, upstreams, strict=True)
            )
        )
        self.blocks = array("i", bytes(4 * TALLY_SIZE * self.scopes)) if is_split else None
        for edge, above in zip(self.node.incoming, upstreams, strict=True):
            if above.is_absent:
                continue
            self._expect(edge, self.expected_of(edge, above))
            if not self.joins(edge, above):
                for code in range(NONE):
                    if number := above.states.count(code):
                        self._count(self.tally, 0, edge, code, number)
                continue
            self._expect_nothing_beyond(edge, above)
            if above.unfinished < above.count:
                for index, code in enumerate(above.states):
                    if code < NONE:
                        self.count_end(edge, above, index, code)

    def joins(self, edge: Edge, above: TaskProgress) -> bool:
        """Whether the edge joins equal indexes of the groups that both its ends are in."""
        return self.blocks is not None and edge.depth > 0 and above.is_expanded

    def expected_of(self, edge: Edge, above: TaskProgress) -> int:
        """How many ends of `above` each scope waits for."""
        return above.strides[edge.depth] if self.joins(edge, above) else above.count

    def expect_expansion(self, edge: Edge, above: TaskProgress) -> None:
        """Expect the ends of `above`'s instances, which were expanded, not its placeholder's."""
        self._expect(edge, self.expected_of(edge, above) - 1)
        if self.joins(edge, above):
            self._expect_nothing_beyond(edge, above)

    def count_ends(self, edge: Edge, above: TaskProgress, start: int, stop: int, code: int) -> None:
        """Count the ends of `above`'s instances `start` to `stop - 1` in the state of `code`."""
        if self.joins(edge, above):
            for index in range(start, stop):
                self.count_end(edge, above, index, code)
        else:
            self._count(self.tally, 0, edge, code, stop - start)
            self.dirty = None

    def count_end(self, edge: Edge, above: TaskProgress, index: int, code: int) -> None:
        """Count the end of one instance in the scopes that share its groups' indexes."""
        assert self.blocks is not None
        ancestor = index // above.strides[edge.depth]
        many = self.scopes // self.prefix[edge.depth]
        scopes = range(ancestor * many, min((ancestor + 1) * many, self.scopes))
        for scope in scopes:
            self._count(self.blocks, scope * TALLY_SIZE, edge, code, 1)
        if self.dirty is not None:
            self.dirty.update(scopes)

    def _expect_nothing_beyond(self, edge: Edge, above: TaskProgress) -> None:
        """Where `above` was mapped to fewer indexes, let the scopes beyond not wait for it."""
        many = self.scopes // self.prefix[edge.depth]
        stride = above.strides[edge.depth]
        for scope in range(above.count // stride * many, self.scopes):
            assert self.blocks is not None
            self._expect(edge, -stride, self.blocks, scope * TALLY_SIZE)

    def _expect(
        self, edge: Edge, number: int, tally: list[int] | array[int] | None = None, at: int = 0
    ) -> None:
        tally = self.tally if tally is None else tally
        tally[at + (SCOPE_EXPECTED if edge.is_scope else EXPECTED)] += number
        if edge.from_setup and not edge.is_scope:
            tally[at + SETUP_EXPECTED] += number

    def _count(
        self, tally: list[int] | array[int], at: int, edge: Edge, code: int, number: int
    ) -> None:
        if code == REMOVED:
            self._expect(edge, -number, tally, at)
        elif edge.is_scope:
            tally[at + _SCOPE_PLACE[code]] += number
        else:
            tally[at + code] += number
            if edge.from_setup and code < 2:
                tally[at + (SETUP_SKIPPED if code else SETUP_SUCCESS)] += number


_SCOPE_PLACE: Final = (SCOPE_SUCCESS, SCOPE_SKIPPED, SCOPE_FAILED, SCOPE_FAILED)
