"""What Airflow 3.3.2 does not have is not here either, but for names of Airflow 1.10 and 2.

`names_of_airflow.csv` was read off Airflow 3.3.2 by `names_of_airflow.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from slipstream.compat.surface import load_surface
from slipstream.compat.surface._former import former_modules

from .interpreter import run

with Path(__file__).with_name("names_of_airflow.csv").open(encoding="utf-8") as _file:
    OF_AIRFLOW = {row["module"]: set(row["names"].split()) for row in csv.DictReader(_file)}


def present(module: str) -> set[str]:
    """The names of a module that are not marked as those of older releases."""
    surface = load_surface()
    found = ((name, surface.target(module, name)) for name in surface.names(module))
    return {name for name, target in found if target is not None and target.replacement is None}


def test_every_name_that_is_not_marked_as_former_is_one_of_airflow() -> None:
    more = {
        module: names - OF_AIRFLOW.get(module, set())
        for module in sorted(load_surface().modules())
        if (names := present(module))
    }
    found = {module: names for module, names in more.items() if names}
    assert found == {}, "Airflow 3.3.2 lacks these, or the table has to be read again (see above)."


def test_every_module_that_airflow_does_not_have_lists_former_names_alone() -> None:
    surface = load_surface()
    strange = [
        module
        for module in sorted(surface.modules())
        if module not in OF_AIRFLOW
        and not surface.names(module)
        and not any(other.startswith(f"{module}.") for other in surface.modules())
    ]
    assert strange == []


def test_the_table_was_read_with_the_surface_of_today() -> None:
    gone = {
        module: names - load_surface().names(module)
        for module, names in OF_AIRFLOW.items()
        if names - load_surface().names(module)
    }
    assert gone == {}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("airflow.exceptions", "TaskAwaitingInput"),
        ("airflow.executors.workloads.types", "WorkloadKey"),
        ("airflow.models", "XComArg"),
        ("airflow.sdk.io", "ObjectStore"),
        ("airflow.sdk.lineage", "LineageContext"),
    ],
)
def test_a_name_that_no_release_had_cannot_be_imported(module: str, name: str) -> None:
    assert run(f"""
    import {module}
    print(hasattr({module}, {name!r}))
    try:
        from {module} import {name}
    except ImportError:
        print("refused")
    """).split() == ["False", "refused"]


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        ("airflow.decorators.bash", "bash_task", "airflow.providers.standard.decorators.bash"),
        ("airflow.models.mappedoperator", "MappedOperator", "airflow.sdk.definitions."),
        ("airflow.operators.bash_operator", "BaseOperator", "airflow.sdk.BaseOperator"),
        ("airflow.utils.helpers", "chain", "airflow.sdk.chain"),
        ("airflow.utils.json", "AirflowJsonEncoder", "airflow.sdk.serde.serialize"),
        ("airflow.utils.log.secrets_masker", "mask_secret", "airflow.sdk.log.mask_secret"),
        ("airflow.utils.module_loading", "import_string", "airflow.sdk.module_loading"),
        ("airflow.utils.timezone", "make_aware", "airflow.sdk.timezone.convert_to_utc"),
    ],
)
def test_a_name_of_an_older_release_says_the_new_one(module: str, name: str, instead: str) -> None:
    said = run(f"""
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from {module} import {name}
    print([str(one.message) for one in caught])
    """)
    assert said.count("Use ") == 1
    assert instead in said


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        ("airflow.contrib.operators.sqoop_operator", "SqoopOperator", "BashOperator"),
        ("airflow.contrib.kubernetes.pod_launcher", "PodStatus", "KubernetesPodOperator"),
        ("airflow.sensors.hdfs_sensor", "HdfsSensor", "WebHdfsSensor"),
        ("airflow.sensors.s3_prefix_sensor", "S3PrefixSensor", "S3KeySensor"),
    ],
)
def test_a_name_that_nothing_took_the_place_of_says_what_to_do(
    module: str, name: str, instead: str
) -> None:
    said = run(f"""
    try:
        from {module} import {name}
    except ImportError as error:
        print(error)
    """)
    assert "is gone since Airflow 3" in said
    assert instead in said


def test_values_are_written_for_people() -> None:
    assert (
        run("""
    import json
    from datetime import UTC, date, datetime
    from decimal import Decimal
    from airflow.utils.json import AirflowJsonEncoder
    values = [datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2), Decimal("1.5"), Decimal(3), {1}]
    print(json.dumps(values, cls=AirflowJsonEncoder))
    """).strip()
        == '["2026-01-02T00:00:00Z", "2026-01-02", 1.5, 3, [1]]'
    )


def test_former_names_are_not_listed_as_present_too() -> None:
    twice = [
        f"{module}.{name}"
        for module, targets in former_modules().items()
        for name in targets
        if name in present(module)
    ]
    assert twice == []
