"""Everything for the tests of DAG authors under one name: what the fixtures are made of."""

from __future__ import annotations

from slipstream.testing.answering import answering
from slipstream.testing.assertions import (
    assert_edges,
    assert_loads,
    assert_states,
    assert_succeeded,
)
from slipstream.testing.dag_bag import DagBag
from slipstream.testing.given_run import run_dag
from slipstream.testing.surroundings import Surroundings
from slipstream.testing.tested_run import TestedRun

__all__ = [
    "DagBag",
    "Surroundings",
    "TestedRun",
    "answering",
    "assert_edges",
    "assert_loads",
    "assert_states",
    "assert_succeeded",
    "run_dag",
]
