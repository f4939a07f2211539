"""`airflow.serialization`: the forms of DAGs and operators that a scheduler works with.

A DAG file and a task always have the real objects here, so that nothing is an instance of these.
"""

from __future__ import annotations

from typing import Any


class SerializedBaseOperator:
    """An operator as Airflow's scheduler knows it."""


class SerializedMappedOperator:
    """A mapped operator as Airflow's scheduler knows it."""


class SerializedDAG:
    """A DAG as Airflow's scheduler knows it."""


def create_scheduler_operator(op: Any) -> Any:
    """The operator itself: there is no other form of it."""
    return op


def coerce_to_core_timetable(obj: Any) -> Any:
    """The timetable itself: there is no other form of it."""
    return obj


def encode_timetable(var: Any) -> dict[str, Any]:
    """A timetable by its class and what it says about itself."""
    kind = type(var)
    arguments = var.serialize() if hasattr(var, "serialize") else {}
    return {"__type": f"{kind.__module__}.{kind.__qualname__}", "__var": arguments}
