"""From the DAGs that a file made to what the scheduler knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipstream.runtime.tracebacks import format_for_user
from slipstream.sdk._planned_instance import with_mutations
from slipstream.sdk._policies import apply_policies
from slipstream.sdk._spec import build_spec
from slipstream.wire.dag import encode_dag

if TYPE_CHECKING:
    from slipstream.sdk import DAG


@dataclass(frozen=True, slots=True)
class SpecsOfFile:
    """The DAGs that make sense, and what is wrong with the others."""

    dags: dict[str, DAG] = field(default_factory=dict)
    encoded: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def specs_of(dags: Mapping[str, DAG]) -> SpecsOfFile:
    """Apply the cluster policies, check and serialize each DAG by itself.

    One that makes no sense, or that the policies refuse, costs the file only that one.
    """
    found = SpecsOfFile()
    for dag_id, dag in dags.items():
        try:
            if apply_policies(dag):
                encoded = encode_dag(with_mutations(dag, build_spec(dag)))
                found.dags[dag_id] = dag
                found.encoded.append(encoded)
        except Exception as error:  # noqa: BLE001 - a DAG's own code may raise anything
            said = format_for_user(error)
            found.refused.append(f"DAG {dag_id!r} of {dag.fileloc} is refused:\n{said}")
    return found
