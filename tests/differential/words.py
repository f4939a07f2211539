"""The words that random programs are made of, as Python text."""

from __future__ import annotations

RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_skipped",
    "always",
    "none_failed_min_one_success",
    "all_skipped",
)
EARLY = ("one_success", "one_failed", "one_done", "always")
"""Rules that may be met before everything above is done: known differences where there are maps."""
KINDS = {
    "task": 34,
    "async": 3,
    "python": 12,
    "plain": 8,
    "bash": 3,
    "bash_task": 1,
    "empty": 7,
    "branch": 8,
    "branch_python": 3,
    "choose": 3,
    "short": 4,
    "short_python": 3,
    "latest": 2,
    "sensor": 2,
    "poke": 2,
    "run_if": 2,
    "skip_if": 2,
    "dow": 2,
}
MAPPABLE = ("task", "python", "plain", "bash", "branch", "short", "run_if")
BRANCHES = ("branch", "branch_python", "choose", "dow")
RESULTS = (
    ("int", "7"),
    ("int", "{number}"),
    ("list", "[1, 2, 3]"),
    ("list", "[2]"),
    ("list", "['x', 'y']"),
    ("list", "[]"),
    ("dict", "{'a': 1, 'b': 2}"),
    ("dict", "{}"),
    ("kwargs", "[{'a': 1}, {'a': 2, 'b': 'two'}]"),
    ("none", "None"),
    ("seen", "SEEN"),
    ("seen", "SEEN"),
    ("seen", "ABOUT"),
)
TEMPLATES = (
    "{{ ds }}",
    "{{ params.p }}-{{ run_id }}",
    "{{ ti.xcom_pull(task_ids='<task>') }}",
    "{{ ti.xcom_pull('<task>', key='seen') }}",
    "{{ task.task_id }} {{ ti.map_index }}",
    "{{ macros.ds_add(ds, 3) }} {{ data_interval_start | ds_nodash }}",
    "{{ dag_run.conf.get('c', 'none') }}",
    "{{ params['q'] | join('-') }}",
    "{{ shout('x') if shout is defined else 'no macro' }}",
    "{{ logical_date.year }}{{ ts_nodash }}",
)
PULLS = (
    "task_ids='<task>'",
    "task_ids=['<task>', '<other>']",
    "task_ids='<task>', key='seen'",
    "task_ids='<task>', map_indexes=0",
    "task_ids='<task>', map_indexes=[0, 1]",
    "task_ids=['<task>'], map_indexes=[1, 0]",
    "task_ids='<task>', key='absent'",
    "task_ids='<task>', key='a'",
    "task_ids='<task>', include_prior_dates=True",
)
OWN_PULLS = ("key='seen'", "")
"""What a task pulls of itself; Airflow gives an instance of a map what others of it pushed, too."""
MORE_OPTIONS = (
    ("depends_on_past", "True"),
    ("params", "{'p': 5, 'r': 'mine'}"),
    ("map_index_template", "'{{ ti.task_id }}'"),
    ("max_active_tis_per_dagrun", "1"),
    ("pool_slots", "2"),
    ("execution_timeout", "timedelta(minutes=5)"),
    ("retry_exponential_backoff", "2"),
)
"""Options that a single run goes on with as if they were not there, but for `params`."""
GROUP_DEFAULTS = ("{'retries': 1}", "{'trigger_rule': 'all_done'}", "{'do_xcom_push': False}")
CONDITIONS = (
    "lambda context: True",
    "lambda context: False",
    "lambda context: context['ti'].map_index != 0",
    "lambda context: context['params']['p'] == 3, skip_message='no'",
)
