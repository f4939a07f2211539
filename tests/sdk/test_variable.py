import pytest

from slipstream.sdk._deprecation import forget_warnings
from slipstream.sdk._variable import Variable
from slipstream.sdk.exceptions import AirflowException, RemovedInAirflow3Warning


def test_the_environment_gives_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_REGION", "eu")
    assert Variable.get("region") == "eu"


def test_json_is_read_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GRID", '{"depth": [1, 2]}')
    assert Variable.get("grid", deserialize_json=True) == {"depth": [1, 2]}


def test_json_that_is_none_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GRID", "depth=1")
    with pytest.raises(ValueError, match="'grid' was asked for as JSON"):
        Variable.get("grid", deserialize_json=True)


def test_a_default_stands_in_for_a_missing_variable() -> None:
    assert Variable.get("absent", default=None) is None
    assert Variable.get("absent", 8) == 8


def test_the_former_name_of_the_default_works_with_a_warning() -> None:
    forget_warnings()
    with pytest.warns(RemovedInAirflow3Warning, match="default_var"):
        assert Variable.get("absent", default_var=7) == 7


def test_a_missing_variable_is_a_key_error_that_says_what_to_do() -> None:
    with pytest.raises(KeyError, match="slipstream variables set absent"):
        Variable.get("absent")


def test_writing_outside_of_a_task_says_what_to_use() -> None:
    with pytest.raises(AirflowException, match="slipstream variables"):
        Variable.set("a", "b")
