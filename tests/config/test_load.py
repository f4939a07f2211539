"""Which source of a setting wins, and what is said of a bad one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from slipstream.config import Config, ConfigError, UnknownSettingError, load_config

FLAG = {("core", "parallelism"): ("1", "--parallelism")}
OWN_ENVIRONMENT = {"SLIPSTREAM__CORE__PARALLELISM": "2"}
OWN_FILE = "[core]\nparallelism = 3\n"
AIRFLOW_ENVIRONMENT = {"AIRFLOW__CORE__PARALLELISM": "4"}
AIRFLOW_FILE = "[core]\nparallelism = 5\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def load(home: Path, environ: Mapping[str, str] | None = None) -> Config:
    return load_config(home=home, environ=environ or {})


def airflow_cfg(tmp_path: Path, text: str) -> dict[str, str]:
    """An Airflow home with that `airflow.cfg`, as its environment."""
    path = tmp_path / "airflow" / "airflow.cfg"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return {"AIRFLOW_HOME": str(path.parent)}


@pytest.mark.parametrize(
    ("sources", "value", "source"),
    [
        ({"flag", "own env", "own file", "airflow env", "airflow file"}, 1, "--parallelism"),
        (
            {"own env", "own file", "airflow env", "airflow file"},
            2,
            "SLIPSTREAM__CORE__PARALLELISM",
        ),
        ({"own file", "airflow env", "airflow file"}, 3, "{home}/slipstream.toml:2"),
        ({"airflow env", "airflow file"}, 4, "AIRFLOW__CORE__PARALLELISM"),
        ({"airflow file"}, 5, "{airflow}/airflow.cfg:2"),
        (set(), 32, "default"),
    ],
)
def test_the_strongest_source_that_says_something_wins(
    tmp_path: Path, home: Path, sources: set[str], value: int, source: str
) -> None:
    environ: dict[str, str] = {}
    if "own env" in sources:
        environ |= OWN_ENVIRONMENT
    if "own file" in sources:
        (home / "slipstream.toml").write_text(OWN_FILE)
    if "airflow env" in sources:
        environ |= AIRFLOW_ENVIRONMENT
    if "airflow file" in sources:
        environ |= airflow_cfg(tmp_path, AIRFLOW_FILE)
    config = load_config(home=home, environ=environ, flags=FLAG if "flag" in sources else {})
    assert config.integer("core", "parallelism") == value
    expected = source.format(home=home, airflow=tmp_path / "airflow")
    assert config.setting("core", "parallelism").source == expected


def test_the_file_may_be_named_by_option_or_variable(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[api]\nport = 9000\n")
    named = load_config(home=home, environ={}, file=file)
    by_variable = load(home, {"SLIPSTREAM_CONFIG": str(file)})
    assert named.integer("api", "port") == by_variable.integer("api", "port") == 9000


def test_a_named_file_must_exist(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml does not exist"):
        load(home, {"SLIPSTREAM_CONFIG": str(home / "absent.toml")})


def test_the_home_comes_from_the_environment(tmp_path: Path) -> None:
    config = load_config(environ={"SLIPSTREAM_HOME": str(tmp_path)})
    assert config.home == tmp_path
    assert config.path("core", "dags_folder") == tmp_path / "dags"
    assert config.text("database", "sql_alchemy_conn") == f"sqlite:///{tmp_path}/slipstream.db"


def test_toml_values_become_the_text_that_a_variable_would_hold(home: Path) -> None:
    (home / "slipstream.toml").write_text(
        "[core]\nload_examples = true\n"
        '[logging]\ncolor_log_error_keywords = ["error", "fatal"]\n'
        '[secrets]\nbackend_kwargs = {path = "/x"}\n'
    )
    config = load(home)
    assert config.flag("core", "load_examples") is True
    assert config.text("logging", "color_log_error_keywords") == "error,fatal"
    assert config.text("secrets", "backend_kwargs") == '{"path": "/x"}'


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("core", "parallelism = 'many'", r"slipstream\.toml:2: .*'many', expected a whole number"),
        ("core", "load_examples = 'perhaps'", r"'perhaps', expected true or false"),
        ("api", "port = 70000", r"'70000', expected a number from 0 to 65,535"),
        ("logging", "logging_level = 'LOUD'", r"'LOUD', expected one of DEBUG, INFO"),
        ("core", "paralelism = 4", r"slipstream\.toml:2: .*did you mean parallelism\?"),
        ("core", "parallelism = = 4", r"not valid TOML"),
    ],
)
def test_a_bad_value_names_where_it_stands_and_what_is_expected(
    home: Path, section: str, line: str, message: str
) -> None:
    (home / "slipstream.toml").write_text(f"[{section}]\n{line}\n")
    with pytest.raises(ConfigError, match=message):
        load(home)


def test_a_bad_variable_is_named(home: Path) -> None:
    with pytest.raises(ConfigError, match="SLIPSTREAM__CORE__PARALLELISM"):
        load(home, {"SLIPSTREAM__CORE__PARALLELISM": "x"})


def test_a_bad_secret_is_not_shown(home: Path) -> None:
    config = load(home, {"SLIPSTREAM__CORE__FERNET_KEY": "hush"})
    with pytest.raises(ConfigError) as caught:
        config.integer("core", "fernet_key")
    assert "hush" not in str(caught.value)


def test_sections_of_providers_may_hold_anything(home: Path) -> None:
    config = load(home, {"AIRFLOW__CELERY__WORKER_CONCURRENCY": "16"})
    assert config.integer("celery", "worker_concurrency") == 16
    assert ("celery", "worker_concurrency") in set(config.names())


def test_an_unknown_setting_is_an_error_of_its_own(home: Path) -> None:
    config = load(home)
    assert not config.has("core", "nonsense")
    with pytest.raises(UnknownSettingError, match=r"\[core\] nonsense"):
        config.get("core", "nonsense")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("[core]\ndag_concurrency = 7\n", ("core", "max_active_tasks_per_dag"), "7"),
        ("[webserver]\nweb_server_port = 81\n", ("api", "port"), "81"),
        (
            "[scheduler]\ndag_dir_list_interval = 9\n",
            ("dag_processor", "refresh_interval"),
            "9",
        ),
        (
            "[core]\nsql_alchemy_conn = postgresql://h/d\n",
            ("database", "sql_alchemy_conn"),
            "postgresql://h/d",
        ),
    ],
)
def test_names_of_earlier_airflows_are_understood(
    tmp_path: Path, home: Path, text: str, name: tuple[str, str], value: str
) -> None:
    assert load(home, airflow_cfg(tmp_path, text)).get(*name) == value


def test_airflows_own_sqlite_file_never_becomes_our_database(tmp_path: Path, home: Path) -> None:
    environ = airflow_cfg(
        tmp_path, "[database]\nsql_alchemy_conn = sqlite:////root/airflow/airflow.db\n"
    )
    url = load(home, environ).text("database", "sql_alchemy_conn")
    assert url == f"sqlite:///{home}/slipstream.db"


def test_an_empty_key_in_an_airflow_cfg_says_nothing(tmp_path: Path, home: Path) -> None:
    text = "[core]\nfernet_key =\nparallelism =\ndefault_task_execution_timeout =\n"
    config = load(home, airflow_cfg(tmp_path, text))
    assert config.get("core", "fernet_key") is None
    assert config.integer("core", "parallelism") == 32


def test_percent_signs_of_an_airflow_cfg_are_unescaped(tmp_path: Path, home: Path) -> None:
    environ = airflow_cfg(tmp_path, "[logging]\nlog_format = %%(message)s\n")
    assert load(home, environ).text("logging", "log_format") == "%(message)s"


def test_variables_in_paths_are_expanded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT", "/srv/project")
    config = load(home, {"SLIPSTREAM__CORE__DAGS_FOLDER": "$PROJECT/dags"})
    assert config.path("core", "dags_folder") == Path("/srv/project/dags")


def test_a_relative_path_counts_from_the_home(home: Path) -> None:
    config = load(home, {"SLIPSTREAM__CORE__DAGS_FOLDER": "flows"})
    assert config.path("core", "dags_folder") == home / "flows"


def command(code: str) -> str:
    return f'{sys.executable} -c "{code}"'


def test_a_secret_may_come_from_a_command_run_once_and_only_when_wanted(
    tmp_path: Path, home: Path
) -> None:
    count = tmp_path / "count"
    run = command(f"open('{count}', 'a').write('x'); print('postgresql://h/d')")
    config = load(home, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": run})
    assert not count.exists()
    assert config.text("database", "sql_alchemy_conn") == "postgresql://h/d"
    assert config.text("database", "sql_alchemy_conn") == "postgresql://h/d"
    assert count.read_text() == "x"


def test_only_secrets_may_come_from_a_command(tmp_path: Path, home: Path) -> None:
    config = load(home, {"AIRFLOW__CORE__PARALLELISM_CMD": command("print(4)")})
    assert config.integer("core", "parallelism") == 32


def test_a_command_that_fails_is_named(home: Path) -> None:
    config = load(
        home, {"AIRFLOW__CORE__FERNET_KEY_CMD": command("import sys; sys.exit('no key')")}
    )
    with pytest.raises(ConfigError, match=r"FERNET_KEY_CMD: .*exit code 1: no key"):
        config.get("core", "fernet_key")


def test_a_plain_value_of_a_stronger_source_beats_a_command(home: Path) -> None:
    environ = {
        "SLIPSTREAM__CORE__FERNET_KEY": "plain",
        "AIRFLOW__CORE__FERNET_KEY_CMD": command("print('asked')"),
    }
    assert load(home, environ).get("core", "fernet_key") == "plain"


class Vault:
    """A secrets backend as Airflow's settings expect one."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def get_config(self, key: str) -> str | None:
        return None if key == "absent" else f"{self.prefix}-{key}"


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    import types

    module = types.ModuleType("vault_for_tests")
    module.Vault = Vault  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vault_for_tests", module)
    return {
        "AIRFLOW__SECRETS__BACKEND": "vault_for_tests.Vault",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": '{"prefix": "kept"}',
    }


def test_a_secret_may_come_from_a_secrets_backend(home: Path, vault: dict[str, str]) -> None:
    config = load(home, vault | {"AIRFLOW__API_AUTH__JWT_SECRET_SECRET": "jwt"})
    assert config.get("api_auth", "jwt_secret") == "kept-jwt"


def test_a_secret_that_the_backend_does_not_have_is_an_error(
    home: Path, vault: dict[str, str]
) -> None:
    config = load(home, vault | {"AIRFLOW__API_AUTH__JWT_SECRET_SECRET": "absent"})
    with pytest.raises(ConfigError, match="nothing under 'absent'"):
        config.get("api_auth", "jwt_secret")


def test_a_variable_reaches_a_section_that_has_a_dot_in_its_name(tmp_path: Path) -> None:
    config = load_config(
        home=tmp_path, environ={"AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH": "s3://b/x"}
    )
    assert config.get("common.io", "xcom_objectstorage_path") == "s3://b/x"
