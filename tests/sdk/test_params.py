from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, Param, ParamsDict, task
from slipstream.sdk.exceptions import ParamValidationError
from slipstream.sdk.operators.bash import BashOperator


@pytest.mark.parametrize(
    ("param", "value"),
    [
        (Param(1, type="integer", minimum=1), 1),
        (Param("a", type=["string", "null"]), "a"),
        (Param(None, type=["string", "null"]), None),
        (Param("b", enum=["a", "b"]), "b"),
        (Param([1, 2], type="array", items={"type": "integer"}), [1, 2]),
        (Param({"a": 1}, type="object", required=["a"]), {"a": 1}),
        (Param("2026-01-01", type="string", format="date"), "2026-01-01"),
        (Param(date(2026, 1, 1), type="string", format="date"), "2026-01-01"),
        (Param(datetime(2026, 1, 1), format="date-time"), "2026-01-01T00:00:00+00:00"),
        (Param(datetime(2026, 1, 1, tzinfo=UTC), format="date-time"), "2026-01-01T00:00:00+00:00"),
        (Param("12:30:00", type="string", format="time"), "12:30:00"),
        (Param(5, schema={"type": "integer"}), 5),
        (Param("anything"), "anything"),
        (Param(True, type="boolean"), True),
        (Param(0.5, type="number", exclusiveMaximum=1), 0.5),
    ],
)
def test_a_default_that_fits(param: Param, value: Any) -> None:
    assert param.resolve() == value


@pytest.mark.parametrize(
    ("param", "message"),
    [
        (Param("1", type="integer"), "'1' is not of type 'integer'"),
        (Param(0, type="integer", minimum=1), "0 is less than the minimum of 1"),
        (Param("c", enum=["a", "b"]), "'c' is not one of"),
        (Param(None, type="string"), "None is not of type 'string'"),
        (Param("2026-13-01", type="string", format="date"), "is not a 'date'"),
        (Param("yesterday", type="string", format="date-time"), "is not a 'date-time'"),
        (Param({"a": "x"}, properties={"a": {"type": "integer"}}), r"at \['a'\]"),
        (Param(), "No value was given"),
        (Param(1, type="intger"), "The schema .* is none"),
    ],
)
def test_a_default_that_does_not_fit_says_why(param: Param, message: str) -> None:
    with pytest.raises(ParamValidationError, match=message):
        param.resolve()
    assert param.resolve(suppress_exception=True) is None


def test_a_value_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ParamValidationError, match="something that JSON can hold"):
        Param(object())


def test_params_by_name() -> None:
    params = ParamsDict({"a": Param(1, type="integer"), "b": "x"})
    assert (params["a"], params["b"]) == (1, "x")
    params["a"] = 5
    params["c"] = 3
    assert params.dump() == {"a": 5, "b": "x", "c": 3}
    assert params.get_param("a").schema == {"type": "integer"}
    with pytest.raises(
        ParamValidationError, match="Invalid input for param a: 'no' is not of type 'integer'"
    ):
        params["a"] = "no"
    assert params["a"] == 5
    assert "b" in params
    del params["b"]
    assert len(params) == 2


def test_a_tasks_params_do_not_change_the_dags() -> None:
    with DAG("d", params={"a": Param(1, type="integer")}) as dag:
        one = BashOperator(task_id="one", bash_command="true", params={"a": 2, "z": 0})
        two = BashOperator(task_id="two", bash_command="true")
    one.params["a"] = 3
    assert one.params.dump() == {"a": 3, "z": 0}
    assert two.params.dump() == {"a": 1}
    assert dag.params.dump() == {"a": 1}


def test_the_runs_conf_has_to_fit_by_name() -> None:
    with DAG("d", params={"n": Param(1, type="integer", maximum=5)}) as dag:
        BashOperator(task_id="t", bash_command="{{ params.n }}")
    with pytest.raises(
        ParamValidationError, match="Invalid input for param n: 9 is greater than the maximum of 5"
    ):
        Running(dag, conf={"n": 9}).render("t")


def test_conf_may_be_kept_out_of_params(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS", "False")
    with DAG("d", params={"n": 1}) as dag:
        BashOperator(task_id="t", bash_command="{{ params.n }}")
    assert Running(dag, conf={"n": 9}).render("t").bash_command == "1"


def test_a_param_handed_to_a_task_is_looked_up_when_it_runs() -> None:
    @task
    def use(x: Any) -> Any:
        return x

    with DAG("d") as dag:
        use(dag.param("n", 5))
    assert Running(dag).execute("use") == 5
    assert Running(dag, conf={"n": 7}).execute("use") == 7


def test_equality_is_that_of_the_values() -> None:
    assert ParamsDict({"a": 1}) == ParamsDict({"a": Param(1)})
    assert ParamsDict({"a": 1}) == {"a": 1}
    assert ParamsDict({"a": 1}) != {"a": 2}


def test_params_that_are_wrong_are_named_together_and_dump_passes_them_over() -> None:
    params = ParamsDict({"a": Param("x", type="integer"), "b": Param(type="string"), "c": 1})
    assert params.dump() == params.serialize() == {"a": None, "b": None, "c": 1}
    with pytest.raises(
        ParamValidationError,
        match=r"param a: 'x' is not of type 'integer'\..* And for param b: No value was given",
    ):
        params.validate()


def test_params_are_written_down_and_read_again() -> None:
    param = Param(1, "how many", "dag", type="integer")
    assert param.dump() == {
        "__class": "airflow.sdk.definitions.param.Param",
        "value": 1,
        "description": "how many",
        "schema": {"type": "integer"},
        "source": "dag",
    }
    again = Param.deserialize(param.serialize(), 1)
    assert again.dump() == param.dump()
    assert not Param.deserialize(Param(type="string").serialize(), 1).has_value
    with pytest.raises(TypeError, match="version 2"):
        Param.deserialize({}, 2)
    params = ParamsDict({"a": param, "b": Param(2, source="task")})
    assert ParamsDict.filter_params_by_source(params, "task").dump() == {"b": 2}
    assert ParamsDict.deserialize(params.serialize(), 1) == params
    with pytest.raises(TypeError, match="version 2"):
        ParamsDict.deserialize({}, 2)
