from __future__ import annotations

import pytest

from slipstream.core.assets import Reference, ReferenceKind, Role, declared, is_met, references
from slipstream.model.asset import AssetName, AssetUpdate
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import OnAssets

A, B, C = AssetName("a", "s3://a"), AssetName("b", "b"), AssetName("c", "c")


def asset(one: AssetName) -> JsonValue:
    return {"asset": {"name": one.name, "uri": one.uri, "group": "asset"}}


ALIAS: JsonValue = {"alias": {"name": "x", "group": "asset"}}


@pytest.mark.parametrize(
    ("condition", "updated", "met"),
    [
        (asset(A), [A], True),
        (asset(A), [B], False),
        ({"all": [asset(A), asset(B)]}, [A], False),
        ({"all": [asset(A), asset(B)]}, [B, A, C], True),
        ({"any": [asset(A), asset(B)]}, [B], True),
        ({"any": [asset(A), {"all": [asset(B), asset(C)]}]}, [B], False),
        ({"any": [asset(A), {"all": [asset(B), asset(C)]}]}, [B, C], True),
        ({"all": [asset(A), {"any": [asset(B), asset(C)]}]}, [A, C], True),
        ({"all": []}, [A], False),
        ({"any": []}, [A], False),
        (ALIAS, [A], False),
        (ALIAS, [C], True),
        ({"asset_ref": {"name": "a"}}, [A], True),
        ({"asset_ref": {"name": "a"}}, [B], False),
        ({"asset_ref": {"uri": "s3://a"}}, [A], True),
        ({"asset_ref": {"uri": "a"}}, [A], False),
    ],
)
def test_a_condition_is_met_by_what_was_updated(
    condition: JsonValue, updated: list[AssetName], met: bool
) -> None:
    assert is_met(condition, set(updated), {"x": [C]}) is met


@pytest.mark.parametrize("wrong", [None, {}, {"asset": 1}, {"any": 1}, {"some": []}, ["a"]])
def test_what_is_no_condition_is_refused(wrong: JsonValue) -> None:
    with pytest.raises(InvalidInputError, match="no condition on assets"):
        is_met(wrong, {A}, {})


def test_references_are_found_wherever_they_are() -> None:
    task = TaskSpec(
        task_id="t", details={"inlets": [asset(A)], "outlets": [asset(B), ALIAS, {"other": "?"}]}
    )
    schedule = OnAssets(condition={"any": [asset(A), {"all": [asset(A), ALIAS]}]})
    found = references(DagSpec(dag_id="d", tasks={"t": task}, schedule=schedule))
    assert found == [
        Reference(Role.SCHEDULE, "", ReferenceKind.ASSET, "a", "s3://a"),
        Reference(Role.SCHEDULE, "", ReferenceKind.ALIAS, "x"),
        Reference(Role.INLET, "t", ReferenceKind.ASSET, "a", "s3://a"),
        Reference(Role.OUTLET, "t", ReferenceKind.ASSET, "b", "b"),
        Reference(Role.OUTLET, "t", ReferenceKind.ALIAS, "x"),
    ]


def test_a_task_without_a_process_updates_what_it_declares() -> None:
    outlets: list[JsonValue] = [asset(A), ALIAS, {"asset_ref": {"uri": "s3://b"}}]
    task = TaskSpec(task_id="t", details={"outlets": outlets})
    assert declared(task) == (AssetUpdate(name="a", uri="s3://a"), AssetUpdate(uri="s3://b"))
