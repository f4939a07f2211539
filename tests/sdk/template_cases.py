"""What templates of real DAG files mention, and what it renders to.

One row for each variable, filter and context key that at least three of 2,900 real files use, in
the order of how many do. The run is `run` of DAG `d` at noon of 2026-01-31, with an interval of a
day; the answers are Airflow's.
"""

from __future__ import annotations

from typing import Any

CASES: list[tuple[str, str, str]] = [
    ("var.value.<key>", "{{ var.value.bucket }}", "b-1"),
    ("params.<key>", "{{ params.table }}", "orders"),
    ("var.json.<key>", "{{ var.json.settings.rows }} {{ var.json.settings['tags'][0] }}", "3 x"),
    ("ds", "{{ ds }}", "2026-01-31"),
    ("ti.xcom_pull()", "{{ ti.xcom_pull(task_ids='up') }}", "[1, 2]"),
    ("ti.xcom_pull() key", "{{ ti.xcom_pull('up', key='k')['a'] }}", "5"),
    ("task_instance.xcom_pull()", "{{ task_instance.xcom_pull(task_ids='up')[0] }}", "1"),
    ("dag.dag_id", "{{ dag.dag_id }}", "d"),
    ("ds_nodash", "{{ ds_nodash }}", "20260131"),
    ("run_id", "{{ run_id }}", "run"),
    ("ts_nodash", "{{ ts_nodash }}", "20260131T120000"),
    ("execution_date", "{{ execution_date }}", "2026-01-31 12:00:00+00:00"),
    ("ti.task_id", "{{ ti.task_id }}", "t"),
    ("dag_run.conf.<key>", "{{ dag_run.conf.day }}", "Friday"),
    ("execution_date.strftime()", "{{ execution_date.strftime('%Y/%m') }}", "2026/01"),
    ("dag_run.conf[...]", "{{ dag_run.conf['day'] }}", "Friday"),
    ("data_interval_start", "{{ data_interval_start }}", "2026-01-30 12:00:00+00:00"),
    ("data_interval_end", "{{ data_interval_end }}", "2026-01-31 12:00:00+00:00"),
    ("ti.log_url", "{{ '/dags/d/runs/run/tasks/t' in ti.log_url }}", "True"),
    ("ts", "{{ ts }}", "2026-01-31T12:00:00+00:00"),
    ("macros.ds_add()", "{{ macros.ds_add(ds, -7) }}", "2026-01-24"),
    ("|ts", "{{ logical_date | ts }}", "2026-01-31T12:00:00+00:00"),
    ("dag_run.execution_date", "{{ dag_run.execution_date }}", "2026-01-31 12:00:00+00:00"),
    ("next_ds", "{{ next_ds }}", "2026-02-01"),
    (
        "macros.timedelta()",
        "{{ logical_date - macros.timedelta(days=1) }}",
        "2026-01-30 12:00:00+00:00",
    ),
    ("|ds", "{{ data_interval_start | ds }}", "2026-01-30"),
    ("|default", "{{ dag_run.conf.nothing | default('none') }}", "none"),
    ("logical_date.strftime()", "{{ logical_date.strftime('%H:%M') }}", "12:00"),
    ("other:<macro of the author>", "{{ work_dir }}/{{ shout('x') }}", "/data/X"),
    ("dag_run.logical_date", "{{ dag_run.logical_date }}", "2026-01-31 12:00:00+00:00"),
    ("var.value.get()", "{{ var.value.get('bucket') }} {{ var.value.get('no', 'd') }}", "b-1 d"),
    ("dag_run.conf.get()", "{{ dag_run.conf.get('no', 'd') }}", "d"),
    ("dag_run.run_id", "{{ dag_run.run_id }}", "run"),
    ("|string", "{{ (1 | string) + 'a' }}", "1a"),
    ("macros.ds_format()", "{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }}", "31.01.26"),
    ("params[...]", "{{ params['table'] }}", "orders"),
    ("tomorrow_ds", "{{ tomorrow_ds }}", "2026-02-01"),
    ("|lower", "{{ 'ABC' | lower }}", "abc"),
    ("conn.<id>.login", "{{ conn.db.login }}", "ada"),
    ("conn.<id>.password", "{{ conn.db.password }}", "secret"),
    ("execution_date.year", "{{ execution_date.year }}", "2026"),
    ("logical_date", "{{ logical_date }}", "2026-01-31 12:00:00+00:00"),
    ("task_instance_key_str", "{{ task_instance_key_str }}", "d__t__20260131"),
    ("dag_run.id", "{{ dag_run.id }}", "1"),
    ("next_execution_date", "{{ next_execution_date }}", "2026-02-01 12:00:00+00:00"),
    ("|tojson", "{{ params.nested | tojson }}", '{"a": [1, null]}'),
    ("conn.<id>", "{{ conn.db.conn_id }} {{ conn.db.conn_type }}", "db postgres"),
    (
        "conn.<id>.host",
        "{{ conn.db.host }}:{{ conn.db.port }}/{{ conn.db.schema }}",
        "db.local:5432/sales",
    ),
    ("conn.<id>.extra_dejson", "{{ conn.db.extra_dejson.mode }}", "ro"),
    ("conn.get()", "{{ conn.get('nobody', 'none') }}", "none"),
    ("|join", "{{ [1, 2] | join(',') }}", "1,2"),
    ("dag_run.conf", "{{ dag_run.conf }}", "{'day': 'Friday'}"),
    ("dag_run.start_date", "{{ dag_run.start_date | ds }}", "2026-01-31"),
    ("conf.get()", "{{ conf.get('core', 'default_timezone') }}", "utc"),
    ("dag_run", "{{ dag_run.dag_id }}", "d"),
    ("execution_date.isoformat()", "{{ execution_date.isoformat() }}", "2026-01-31T12:00:00+00:00"),
    (
        "next_execution_date.isoformat()",
        "{{ next_execution_date.isoformat() }}",
        "2026-02-01T12:00:00+00:00",
    ),
    ("prev_ds", "{{ prev_ds }}", "2026-01-30"),
    ("prev_execution_date", "{{ prev_execution_date }}", "2026-01-30 12:00:00+00:00"),
    ("prev_start_date_success", "{{ prev_start_date_success | ds }}", "2026-01-29"),
    ("task.task_id", "{{ task.task_id }}", "t"),
    ("yesterday_ds", "{{ yesterday_ds }}", "2026-01-30"),
    # What fewer files use, of the same kinds.
    (
        "yesterday_ds_nodash",
        "{{ yesterday_ds_nodash }}{{ tomorrow_ds_nodash }}",
        "2026013020260201",
    ),
    (
        "prev_data_interval",
        "{{ prev_data_interval_start_success | ds }} "
        "{{ prev_data_interval_end_success | ds }} {{ prev_end_date_success | ds }}",
        "2026-01-29 2026-01-30 2026-01-29",
    ),
    ("ts_nodash_with_tz", "{{ ts_nodash_with_tz }}", "20260131T120000+0000"),
    (
        "|ts_nodash",
        "{{ logical_date | ts_nodash }} {{ logical_date | ds_nodash }}",
        "20260131T120000 20260131",
    ),
    ("dag_run.external_trigger", "{{ dag_run.external_trigger }}", "False"),
    ("in_tz", "{{ logical_date.in_tz('Europe/Berlin').hour }}", "13"),
    ("var.json.get()", "{{ var.json.get('no', {'a': 1})['a'] }}", "1"),
    ("ti.try_number", "{{ ti.try_number }} {{ ti.map_index }} {{ try_number }}", "1 -1 1"),
    ("macros.datetime", "{{ macros.datetime.strptime(ds, '%Y-%m-%d').day }}", "31"),
    ("macros.dateutil", "{{ macros.dateutil.parser.parse(ts).hour }}", "12"),
    ("macros.uuid", "{{ macros.uuid.UUID(int=0) }}", "00000000-0000-0000-0000-000000000000"),
    ("macros.json", "{{ macros.json.dumps({'a': 1}) }}", '{"a": 1}'),
    ("macros.yaml", "{{ macros.yaml.safe_load('a: 1').a }}", "1"),
    ("macros.random", "{{ macros.random() < 1 }}", "True"),
    ("templates_dict", "{{ templates_dict }}", "None"),
    ("test_mode", "{{ test_mode }}", "False"),
]

KEYS: dict[str, Any] = {
    "ti": "t",
    "dag_run": "run",
    "params": "orders",
    "task_instance": "t",
    "run_id": "run",
    "execution_date": "2026-01-31T12:00:00+00:00",
    "dag": "d",
    "ds": "2026-01-31",
    "task": "t",
    "triggering_asset_events": 0,
    "data_interval_end": "2026-01-31T12:00:00+00:00",
    "templates_dict": None,
    "data_interval_start": "2026-01-30T12:00:00+00:00",
    "outlet_events": 0,
    "ts": "2026-01-31T12:00:00+00:00",
    "exception": None,
    "logical_date": "2026-01-31T12:00:00+00:00",
    "next_execution_date": "2026-02-01T12:00:00+00:00",
    "conf": "utc",
    "task_instance_key_str": "d__t__20260131",
    "ts_nodash": "20260131T120000",
    "prev_start_date_success": "2026-01-29T12:00:00+00:00",
    "test_mode": False,
    "ds_nodash": "20260131",
    "outlets": [],
    "try_number": 1,
    "reason": None,
    "inlets": [],
    "inlet_events": 0,
    "macros": "macros",
    "var": "b-1",
}
"""Context keys that real files read, as `summary` shows their values."""


def summary(key: str, value: Any) -> Any:
    """What tells a context value from a wrong one."""
    match key:
        case "ti" | "task_instance" | "task":
            return value.task_id
        case "dag_run":
            return value.run_id
        case "dag":
            return value.dag_id
        case "params":
            return value["table"]
        case "conf":
            return value.get("core", "default_timezone")
        case "var":
            return value["value"].bucket
        case "macros":
            return value.__name__.rpartition(".")[2]
        case "triggering_asset_events" | "outlet_events" | "inlet_events":
            return len(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
