"""Drives a server with the official client: `python drive.py URL TOKEN`.

It runs in an environment that has `apache-airflow-client` and nothing of ours. Every operation that
the client knows has its line in `STEPS`; one without is a failure, and so is an answer that the
client cannot read, or that is not what is expected.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from airflow_client import client as package
from asking import Server
from entries import without_entry


class Raw:
    """Stands where the client cannot read its own operation's answer, whoever gives it: a stream,
    or one of two shapes of which one is part of the other. The bytes are checked instead."""

    def __init__(self, holds: Callable[[str], object]) -> None:
        self.holds = holds


Step = tuple[str, dict[str, Any], Any]
RUN = {"dag_id": "shop", "dag_run_id": "first"}
TASK = {**RUN, "task_id": "read"}
TOTAL = {**RUN, "task_id": "total"}


def anything(_: Any) -> bool:
    """For answers of which the client has checked all that there is to check."""
    return True


def before(server: Server) -> None:
    """What the steps need to find."""
    server.until("get_dags", lambda page: page.total_entries == 5)
    server.until("get_import_errors", lambda page: page.total_entries == 1)
    for dag_id in ("shop", "ask", "aliased"):
        server.do("patch_dag", {"is_paused": False}, dag_id=dag_id)
    server.do("trigger_dag_run", {"dag_run_id": "first", "conf": {"a": 1}}, dag_id="shop")
    server.do("trigger_dag_run", {"dag_run_id": "asked"}, dag_id="ask")
    server.wait("first")
    server.wait("asked", "ask", ("running",))
    server.until(
        "get_hitl_details", lambda page: page.total_entries == 1, dag_id="~", dag_run_id="~"
    )
    dag = server.do("get_dag", dag_id="shop")
    error = server.do("get_import_errors").import_errors[0]
    version = server.do("get_dag_versions", dag_id="shop").dag_versions[0]
    asset = server.do("get_assets").assets[0]
    alias = server.do("get_asset_aliases").asset_aliases[0]
    server.kept.update(
        file_token=dag.file_token,
        import_error_id=error.import_error_id,
        version=version,
        asset=asset,
        alias=alias,
    )


def steps(server: Server) -> list[Step]:
    """`(operation, parameters, what its answer must be)`, in order."""
    asset = server.kept["asset"].id
    hitl = {"dag_id": "ask", "dag_run_id": "asked", "task_id": "agree", "map_index": -1}
    pool = {"name": "wide", "slots": 3, "include_deferred": False}
    variable = {"key": "colour", "value": "red"}
    connection = {"connection_id": "warehouse", "conn_type": "postgres", "host": "db"}
    store_key = {**TASK, "map_index": -1, "key": "place"}
    backfill = {
        "dag_id": "daily",
        "from_date": "2026-01-01T00:00:00Z",
        "to_date": "2026-01-03T00:00:00Z",
    }
    return [
        ("get_health", {}, lambda a: a.scheduler.status == "healthy"),
        ("get_version", {}, lambda a: a.version),
        ("get_config", {}, lambda a: len(a.sections) > 3),
        (
            "get_config_value",
            {"section": "core", "option": "executor"},
            lambda a: a.sections[0].options[0],
        ),
        ("get_providers", {}, lambda a: a.total_entries == len(a.providers)),
        ("get_plugins", {}, lambda a: a.total_entries == len(a.plugins)),
        ("import_errors", {}, lambda a: a.total_entries == 0),
        ("get_jobs", {"is_alive": True}, lambda a: a.total_entries == 3 and a.jobs[0].id),
        # DAGs
        ("get_dags", {"tags": ["shop"], "order_by": ["-dag_id"]}, lambda a: a.total_entries == 1),
        ("get_dag", {"dag_id": "shop"}, lambda a: a.dag_id == "shop" and a.tags[0].name == "shop"),
        ("get_dag_details", {"dag_id": "shop"}, lambda a: a.params["rows"]),
        (
            "patch_dags",
            {"body": {"is_paused": True}, "dag_id_pattern": "bill"},
            lambda a: a.dags[0].is_paused,
        ),
        ("patch_dag", {"dag_id": "bill", "body": {"is_paused": False}}, lambda a: not a.is_paused),
        ("favorite_dag", {"dag_id": "shop"}, lambda a: a is None),
        ("get_dags", {"is_favorite": True}, lambda a: a.total_entries == 1),
        ("unfavorite_dag", {"dag_id": "shop"}, lambda a: a is None),
        ("get_dag_tags", {}, lambda a: a.tags == ["shop"]),
        ("get_dag_source", {"dag_id": "shop"}, lambda a: "ORDERS" in a.content),
        ("get_dag_stats", {"dag_ids": ["shop"]}, lambda a: a.dags[0].stats),
        ("list_dag_warnings", {}, lambda a: a.total_entries == 0),
        ("get_dag_versions", {"dag_id": "~"}, lambda a: a.total_entries == 5),
        (
            "get_dag_version",
            {"dag_id": "shop", "version_number": 1},
            lambda a: a.version_number == 1,
        ),
        ("reparse_dag_file", {"file_token": server.kept["file_token"]}, anything),
        (
            "get_import_errors",
            {},
            lambda a: "nothing_of_that_name" in a.import_errors[0].stack_trace,
        ),
        (
            "get_import_error",
            {"import_error_id": server.kept["import_error_id"]},
            lambda a: a.filename.endswith("typo.py"),
        ),
        ("get_tasks", {"dag_id": "shop"}, lambda a: a.total_entries == 3),
        ("get_task", {"dag_id": "shop", "task_id": "double"}, lambda a: a.is_mapped),
        # Runs
        ("get_dag_runs", {"dag_id": "~", "state": ["success"]}, lambda a: a.total_entries >= 1),
        ("get_dag_run", RUN, lambda a: a.conf == {"a": 1} and a.duration is not None),
        (
            "get_list_dag_runs_batch",
            {"dag_id": "~", "body": {"dag_ids": ["shop"]}},
            lambda a: a.total_entries == 1,
        ),
        ("patch_dag_run", {**RUN, "body": {"note": "checked"}}, lambda a: a.note == "checked"),
        (
            "wait_dag_run_until_finished",
            {**RUN, "interval": 1},
            Raw(lambda text: json.loads(text)["state"] == "success"),
        ),
        ("get_upstream_asset_events", RUN, lambda a: a.total_entries == 0),
        (
            "bulk_dag_runs",
            {
                "dag_id": "shop",
                "body": {
                    "actions": [
                        {"action": "update", "entities": [{"dag_run_id": "first", "note": "bulk"}]}
                    ]
                },
            },
            lambda a: a.update.success == ["shop.first"],
        ),
        # Task instances
        ("get_task_instances", RUN, lambda a: a.total_entries == 5),
        (
            "get_task_instances_batch",
            {"dag_id": "~", "dag_run_id": "~", "body": {"dag_ids": ["shop"], "state": ["success"]}},
            lambda a: a.total_entries == 5,
        ),
        (
            "get_task_instance",
            TASK,
            lambda a: a.state.value == "success" and a.duration is not None,
        ),
        ("get_mapped_task_instances", {**RUN, "task_id": "double"}, lambda a: a.total_entries == 3),
        (
            "get_mapped_task_instance",
            {**RUN, "task_id": "double", "map_index": 1},
            lambda a: a.map_index == 1,
        ),
        ("get_task_instance_tries", TASK, lambda a: a.total_entries == 1),
        (
            "get_task_instance_try_details",
            {**TASK, "task_try_number": 1},
            lambda a: a.try_number == 1,
        ),
        (
            "get_mapped_task_instance_tries",
            {**RUN, "task_id": "double", "map_index": 1},
            lambda a: a.total_entries == 1,
        ),
        (
            "get_mapped_task_instance_try_details",
            {**RUN, "task_id": "double", "map_index": 1, "task_try_number": 1},
            lambda a: a.map_index == 1,
        ),
        ("get_task_instance_dependencies", TASK, anything),
        (
            "get_task_instance_dependencies_by_map_index",
            {**RUN, "task_id": "double", "map_index": 1},
            anything,
        ),
        ("get_extra_links", TASK, lambda a: a.total_entries == 0),
        ("get_log", {**TASK, "try_number": 1}, lambda a: "Reading 3 rows." in str(a.content)),
        ("get_external_log_url", {**TASK, "try_number": 1}, "refused 400"),
        (
            "patch_task_instance",
            {**TASK, "body": {"note": "seen"}},
            lambda a: a.task_instances[0].note == "seen",
        ),
        (
            "patch_task_instance_by_map_index",
            {**RUN, "task_id": "double", "map_index": 1, "body": {"note": "seen"}},
            lambda a: a.task_instances[0].note == "seen",
        ),
        (
            "patch_task_instance_dry_run",
            {**TASK, "body": {"new_state": "failed"}},
            lambda a: a.total_entries == 1,
        ),
        (
            "patch_task_instance_dry_run_by_map_index",
            {**RUN, "task_id": "double", "map_index": 1, "body": {"new_state": "failed"}},
            lambda a: a.total_entries == 1,
        ),
        (
            "bulk_task_instances",
            {
                **RUN,
                "body": {
                    "actions": [
                        {"action": "update", "entities": [{"task_id": "total", "note": "bulk"}]}
                    ]
                },
            },
            lambda a: len(a.update.success) == 1,
        ),
        (
            "patch_task_group_instances",
            {**RUN, "group_id": "none", "body": {"new_state": "success"}},
            "refused 404",
        ),
        (
            "patch_task_group_instances_dry_run",
            {**RUN, "group_id": "none", "body": {"new_state": "success"}},
            "refused 404",
        ),
        # XComs
        ("get_xcom_entries", {**TASK}, lambda a: a.total_entries == 1),
        (
            "get_xcom_entry",
            {**TASK, "xcom_key": "return_value", "deserialize": True},
            lambda a: a.value == [0, 1, 2],
        ),
        (
            "create_xcom_entry",
            {**TASK, "body": {"key": "mine", "value": {"a": 1}}},
            lambda a: a.key == "mine",
        ),
        (
            "update_xcom_entry",
            {**TASK, "xcom_key": "mine", "body": {"value": 2}},
            lambda a: a.key == "mine",
        ),
        ("delete_xcom_entry", {**TASK, "xcom_key": "mine"}, lambda a: a is None),
        # What tasks and assets remember
        ("set_task_state_store", {**store_key, "body": {"value": "here"}}, anything),
        ("get_task_state_store", store_key, lambda a: a.value == "here"),
        ("patch_task_state_store", {**store_key, "body": {"value": "there"}}, anything),
        ("list_task_state_store", {**TASK, "map_index": -1}, lambda a: a.total_entries == 1),
        ("delete_task_state_store", store_key, lambda a: a is None),
        ("clear_task_state_store", {**TASK, "map_index": -1}, lambda a: a is None),
        (
            "set_asset_state_store",
            {"asset_id": asset, "key": "place", "body": {"value": "here"}},
            anything,
        ),
        ("get_asset_state_store", {"asset_id": asset, "key": "place"}, lambda a: a.value == "here"),
        ("list_asset_state_store", {"asset_id": asset}, lambda a: a.total_entries == 1),
        ("delete_asset_state_store", {"asset_id": asset, "key": "place"}, lambda a: a is None),
        ("clear_asset_state_store", {"asset_id": asset}, lambda a: a is None),
        # Assets
        ("get_assets", {}, lambda a: a.assets[0].name == "orders"),
        ("get_asset", {"asset_id": asset}, lambda a: a.uri == "s3://shop/orders"),
        ("get_asset_aliases", {}, lambda a: a.asset_aliases[0].name == "whatever"),
        ("get_asset_alias", {"asset_alias_id": server.kept["alias"].id}, anything),
        ("get_asset_events", {}, lambda a: a.asset_events[0].source_dag_id == "shop"),
        (
            "create_asset_event",
            {"body": {"asset_id": asset, "extra": {"by": "hand"}}},
            lambda a: a.asset_id == asset,
        ),
        ("materialize_asset", {"asset_id": asset}, lambda a: a.dag_id == "shop"),
        ("get_asset_queued_events", {"asset_id": asset}, lambda a: a.total_entries == 0),
        ("get_dag_asset_queued_events", {"dag_id": "bill"}, lambda a: a.queued_events == []),
        ("get_dag_asset_queued_event", {"dag_id": "bill", "asset_id": asset}, "refused 404"),
        ("delete_asset_queued_events", {"asset_id": asset}, "refused 404"),
        ("delete_dag_asset_queued_events", {"dag_id": "bill"}, "refused 404"),
        ("delete_dag_asset_queued_event", {"dag_id": "bill", "asset_id": asset}, "refused 404"),
        # People
        (
            "get_hitl_details",
            {"dag_id": "~", "dag_run_id": "~"},
            lambda a: a.hitl_details[0].subject == "Go on?",
        ),
        ("get_hitl_detail", hitl, lambda a: not a.response_received),
        (
            "update_hitl_detail",
            {**hitl, "body": {"chosen_options": ["Approve"]}},
            lambda a: a.chosen_options == ["Approve"],
        ),
        ("get_hitl_detail_try_detail", {**hitl, "try_number": 1}, lambda a: a.response_received),
        # Settings
        ("post_pool", {"body": pool}, lambda a: a.open_slots == 3),
        ("get_pool", {"pool_name": "wide"}, lambda a: a.slots == 3),
        ("get_pools", {}, lambda a: a.total_entries == 2),
        (
            "patch_pool",
            {"pool_name": "wide", "body": {"slots": 5}, "update_mask": ["slots"]},
            lambda a: a.slots == 5,
        ),
        (
            "bulk_pools",
            {"body": {"actions": [{"action": "create", "entities": [{**pool, "name": "deep"}]}]}},
            lambda a: a.create.success == ["deep"],
        ),
        ("delete_pool", {"pool_name": "wide"}, lambda a: a is None),
        ("post_variable", {"body": variable}, lambda a: a.value == "red"),
        ("get_variable", {"variable_key": "colour"}, lambda a: a.value == "red"),
        ("get_variables", {}, lambda a: a.total_entries == 1),
        (
            "patch_variable",
            {"variable_key": "colour", "body": {**variable, "value": "blue"}},
            lambda a: a.value == "blue",
        ),
        (
            "bulk_variables",
            {
                "body": {
                    "actions": [{"action": "create", "entities": [{"key": "size", "value": 3}]}]
                }
            },
            lambda a: a.create.success == ["size"],
        ),
        ("delete_variable", {"variable_key": "colour"}, lambda a: a is None),
        ("post_connection", {"body": connection}, lambda a: a.host == "db"),
        ("get_connection", {"connection_id": "warehouse"}, lambda a: a.conn_type == "postgres"),
        ("get_connections", {}, lambda a: a.total_entries == 1),
        (
            "patch_connection",
            {"connection_id": "warehouse", "body": {**connection, "port": 5}},
            lambda a: a.port == 5,
        ),
        (
            "bulk_connections",
            {
                "body": {
                    "actions": [
                        {"action": "create", "entities": [{**connection, "connection_id": "lake"}]}
                    ]
                }
            },
            lambda a: a.create.success == ["lake"],
        ),
        (
            "test_connection",
            {"body": {"connection_id": "here", "conn_type": "fs", "extra": '{"path": "/"}'}},
            lambda a: a.status is True,
        ),
        (
            "enqueue_connection_test",
            {"body": {"connection_id": "here", "conn_type": "fs", "extra": '{"path": "/"}'}},
            lambda a: server.kept.update(token=a.token) is None and a.state == "queued",
        ),
        (
            "get_connection_test",
            lambda: {"airflow_connection_test_token": server.kept["token"]},
            lambda a: a.connection_id == "here",
        ),
        ("delete_connection", {"connection_id": "warehouse"}, lambda a: a is None),
        ("create_default_connections", {}, lambda a: a is None),
        # Backfills
        ("create_backfill_dry_run", {"body": backfill}, lambda a: a.total_entries == 3),
        (
            "create_backfill",
            {"body": {**backfill, "max_active_runs": 1}},
            lambda a: server.kept.update(backfill=a.id) is None and a.dag_id == "daily",
        ),
        ("list_backfills", {"dag_id": "daily"}, lambda a: a.total_entries == 1),
        (
            "get_backfill",
            lambda: {"backfill_id": server.kept["backfill"]},
            lambda a: a.dag_id == "daily",
        ),
        ("pause_backfill", lambda: {"backfill_id": server.kept["backfill"]}, lambda a: a.is_paused),
        (
            "unpause_backfill",
            lambda: {"backfill_id": server.kept["backfill"]},
            lambda a: not a.is_paused,
        ),
        (
            "cancel_backfill",
            lambda: {"backfill_id": server.kept["backfill"]},
            lambda a: a.completed_at,
        ),
        # Again
        (
            "post_clear_task_instances",
            {
                "dag_id": "shop",
                "body": {"dag_run_id": "first", "task_ids": ["total"], "only_failed": False},
            },
            lambda a: a.total_entries == 1,
        ),
        (
            "clear_dag_run",
            {**RUN, "body": {"dry_run": True}},
            Raw(lambda text: json.loads(text)["total_entries"] == 5),
        ),
        (
            "clear_dag_run",
            {**RUN, "body": {"dry_run": False}},
            lambda a: a.dag_run_id == "first" and server.wait("first") is None,
        ),
        (
            "clear_dag_runs",
            {"dag_id": "shop", "body": {"dag_runs": [{"dag_run_id": "first"}]}},
            Raw(lambda text: json.loads(text)["total_entries"] == 5),
        ),
        (
            "clear_dag_runs",
            {"dag_id": "shop", "body": {"dag_runs": [{"dag_run_id": "first"}], "dry_run": False}},
            lambda a: a.total_entries == 1 and server.wait("first") is None,
        ),
        (
            "clear_dag_run_partitions",
            {"dag_id": "shop", "body": {"run_id": "first"}},
            lambda a: a.dag_runs_cleared == 0 and a.dry_run,
        ),
        # What was done, and the end of it
        ("get_event_logs", {"event": "post_pool"}, lambda a: a.total_entries == 1),
        (
            "get_event_log",
            lambda: {"event_log_id": server.do("get_event_logs").event_logs[0].event_log_id},
            lambda a: a.event,
        ),
        ("delete_task_instance", {**RUN, "task_id": "total"}, lambda a: a is None),
        ("delete_dag_run", lambda: server.wait("first") or RUN, lambda a: a is None),
        ("delete_dag", {"dag_id": "aliased"}, lambda a: a is None),
    ]


def doors(server: Server) -> list[str]:
    """What is wrong with the two that lead a browser to a page; afterwards the token counts no
    more."""
    wrong = []
    for operation, parameters, place in (
        ("login", {"next": "/dags?tab=runs"}, "/dags?tab=runs"),
        ("login", {}, "/"),
        ("logout", {}, "/"),
    ):
        led = server.led_to(operation, **parameters)
        if led != place:
            wrong.append(f"{operation}: it leads to {led!r}, not to {place!r}")
    try:
        server.do("get_dags")
    except package.ApiException as error:
        if error.status != 401:
            wrong.append(f"logout: afterwards the answer is {error.status}")
    else:
        wrong.append("logout: the token counts still")
    return wrong


def main() -> int:
    """Take all steps; gives the number of those that went wrong."""
    server = Server(*sys.argv[1:3])
    before(server)
    wrong = 0
    for operation, parameters, expected in steps(server):
        given = parameters() if callable(parameters) else dict(parameters)
        try:
            if isinstance(expected, Raw):
                answer = server.read(operation, **given)
                if not expected.holds(answer):
                    raise AssertionError(f"the answer is {answer!r}")
                continue
            answer = server.do(operation, **given)
            if isinstance(expected, str) or not expected(answer):
                raise AssertionError(f"the answer is {answer!r}")
        except package.ApiException as error:
            if expected == f"refused {error.status}":
                continue
            wrong += 1
            print(f"{operation}: {error.status} {error.body}")
        except Exception:
            wrong += 1
            print(f"{operation}: {traceback.format_exc(limit=-2)}")
    for line in sorted(server.misread):
        wrong += 1
        print(line)
    without = without_entry(server)
    for line in doors(server):
        wrong += 1
        print(line)
    left = server.operations.keys() - server.done
    for operation in sorted(left):
        wrong += 1
        print(f"{operation}: no step takes it")
    for operation in sorted(without):
        wrong += 1
        print(f"{operation}: it is not in the audit log")
    tried = len(server.operations.keys() & server.done)
    print(f"{tried} of {len(server.operations)} operations were tried; {wrong} went wrong.")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
