"""The words that random programs are made of, as Python text."""

from __future__ import annotations

from collections.abc import Mapping

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
    "moment": 2,
    "waits": 7,
    "loud": 3,
    "far": 1,
    "brief": 1,
    "asks": 3,
}
MAPPABLE = ("task", "python", "plain", "waits", "loud", "bash", "branch", "short", "run_if")
BRANCHES = ("branch", "branch_python", "choose", "dow", "moment")
OVERRIDABLE = ("task", "async", "loud", "branch", "short", "sensor", "bash_task")
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
    "{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }} {{ ts_nodash_with_tz }}",
    "{{ macros.datetime(2020, 1, 2) + macros.timedelta(days=params.p) }}",
    "{{ data_interval_end | ds }} {{ prev_data_interval_start_success }} {{ dag_run.conf }}",
    "{{ var.value.get('nothing', 'no variable') }} {{ conn.get('nothing', 'no connection') }}",
    "{{ macros.json.dumps(params) }} {{ ti.try_number }} {{ ti.max_tries }}",
    "{% for one in params.q %}{{ loop.index }}{{ one | upper }};{% endfor %}",
    "{{ task_instance_key_str }} {{ dag.dag_id == ti.dag_id }} {{ inlets }}",
    "{{ ti.xcom_pull(task_ids=['<task>', '<other>'], key='seen') }}",
    "{{ (logical_date + macros.dateutil.relativedelta.relativedelta(months=1)).isoformat() }}",
    "{{ [1, 2, params.p] }}",
    "{{ nobody_has_this }}-{{ params.get('absent', 'none') }}",
    "{{ nobody.has.this }}",
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
    "task_ids=('<task>', '<other>'), key='seen'",
    "task_ids='<task>', map_indexes=range(2)",
    "task_ids='<task>', map_indexes=7, default='none'",
    "task_ids='<task>', run_id='own'",
    "task_ids='<task>', dag_id='own'",
    "task_ids='<task>', dag_id='of_nobody'",
    "task_ids=[], key='seen'",
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
    ("pre_execute", "before"),
    ("pre_execute", "skips_before"),
    ("post_execute", "after"),
    ("doc_md", "'What it does.'"),
    ("owner", "'ada'"),
    ("max_active_tis_per_dag", "2"),
    ("executor_config", "{'any': 'thing'}"),
)
OF_PAST = (
    (("depends_on_past", "True"),),
    (("depends_on_past", "True"),),
    (("wait_for_downstream", "True"),),
    (("depends_on_past", "True"), ("ignore_first_depends_on_past", "True")),
)
"""What tasks of several runs ask of the run before theirs."""
OPTIONS_OF_PAST = frozenset(name for pairs in OF_PAST for name, _ in pairs)
TRIGGER_ENDS = ("fire", "raise", "end", "succeed", "give", "fail", "skip")
"""What a trigger comes to: an event, an error, no event, or the end of its task."""
POLICIES = (
    "RetryRule(exception=ValueError, action=RetryAction.FAIL, reason='hopeless')",
    "RetryRule(exception='builtins.ValueError', action=RetryAction.RETRY, retry_delay=NO_TIME)",
    "RetryRule(exception=KeyError, action=RetryAction.FAIL)",
    "RetryRule(exception=Exception, action=RetryAction.DEFAULT)",
)
"""Options that a single run goes on with as if they were not there, but for `params`."""
MOMENTS = (
    (("target_lower", "datetime(2024, 3, 1)"), ("target_upper", "datetime(2024, 4, 1)")),
    (("target_lower", "datetime(2024, 3, 5)"), ("target_upper", "None")),
    (("target_lower", "None"), ("target_upper", "time(1, 30)")),
    (("target_lower", "time(23)"), ("target_upper", "time(1)")),
    (("target_lower", "time(0, 0, 1)"), ("target_upper", "datetime(2024, 3, 4, 12)")),
)
"""Around the logical date of the runs, or not."""
CONFS: tuple[Mapping[str, object], ...] = ({"c": 1}, {"c": "two"}, {"p": 7, "new": [1]})
GROUP_DEFAULTS = ("{'retries': 1}", "{'trigger_rule': 'all_done'}", "{'do_xcom_push': False}")
CONDITIONS = (
    "lambda context: True",
    "lambda context: False",
    "lambda context: context['ti'].map_index != 0",
    "lambda context: context['params']['p'] == 3, skip_message='no'",
)
