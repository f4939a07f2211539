"""Airflow's answer for every trigger rule and combination of upstream states, as CSV.

Run in an environment with Airflow: `python airflow_rules.py HOME > trigger_rules.csv`. It puts
upstream instances into the states of a row in Airflow's database, lets Airflow's scheduler
decide about the run until nothing changes, and looks at what became of the tasks below.
"""

from __future__ import annotations

import csv
import logging
import sys
from itertools import combinations_with_replacement, product
from pathlib import Path

from airflow_side import _configure

STATES = ("success", "skipped", "failed", "upstream_failed", "removed", "running")
SETUP_RULE = "all_done_setup_success"


def shapes() -> list[tuple[str, tuple[str, ...]]]:
    """`(form, states)` of all rows."""
    found = []
    for number in (1, 2, 3):
        for states in combinations_with_replacement(STATES, number):
            found += [("tasks", states), ("map", states)]
    for number in (1, 2):
        for first in STATES[:4]:
            rest = combinations_with_replacement((*STATES[:4], STATES[5]), number)
            found += [("teardown", (first, *more)) for more in rest]
    found += [("below setup", states) for states in product(STATES[:4], repeat=2)]
    return found


def build():
    """One DAG with all of them; also `{(form, states): {rule: task id}}`, and the states to set."""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, BaseOperator, TriggerRule

    class Idle(BaseOperator):
        def __init__(self, *, x=None, **kwargs):
            super().__init__(**kwargs)

        def execute(self, context):
            raise AssertionError("nothing is run")

    rules = [rule.value for rule in TriggerRule]
    targets, given = {}, {}
    with DAG("rules", schedule=None) as dag:
        for at, (form, states) in enumerate(shapes()):
            if form == "map":
                tops = [Idle.partial(task_id=f"u{at}").expand(x=list(range(len(states))))]
                given |= {(f"u{at}", index): state for index, state in enumerate(states)}
            else:
                tops = [EmptyOperator(task_id=f"u{at}_{of}") for of in range(len(states))]
                given |= {(f"u{at}_{of}", -1): state for of, state in enumerate(states)}
            if form in ("teardown", "below setup"):
                tops[0].as_setup()
                tops[0] >> tops[1:]
            if form == "teardown":
                end = EmptyOperator(task_id=f"t{at}_{SETUP_RULE}").as_teardown(setups=tops[0])
                tops[1:] >> end
                targets[form, states] = {SETUP_RULE: end.task_id}
                continue
            below = tops[1:] if form == "below setup" else tops
            targets[form, states] = {rule: f"t{at}_{rule}" for rule in rules}
            for rule in rules:
                below >> EmptyOperator(task_id=f"t{at}_{rule}", trigger_rule=rule)
    return dag, targets, given


def decide(dag, given):
    """`{task id: what Airflow decided}`."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    answers = {}
    ends = DagRun.update_state

    def instead(self, session=None, **_):
        # `DAG.test()` has made the run and asks for its first decision: this is where we step in.
        session.flush()
        query = select(TaskInstance).where(TaskInstance.run_id == self.run_id)
        for one in session.scalars(query):
            state = given.get((one.task_id, one.map_index))
            if state is not None:
                one.state = state
        session.commit()
        changed = True
        while changed:
            decision = self.task_instance_scheduling_decisions(session=session)
            session.commit()
            changed = decision.changed_tis
        ready = {one.task_id for one in decision.schedulable_tis}
        for one in session.scalars(query):
            answers[one.task_id] = (
                "run" if one.task_id in ready else {None: "wait"}.get(one.state, str(one.state))
            )
        self.state = "failed"
        session.commit()
        return [], None

    DagRun.update_state = instead
    try:
        dag.test()
    finally:
        DagRun.update_state = ends
    return answers


def main() -> None:
    """Write the table to standard output."""
    home = Path(sys.argv[1])
    folder = _configure(home)
    (folder / "rules.py").write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from airflow_rules import build; dag, _, _ = build()\n"
    )
    from airflow import __version__
    from airflow.sdk import TriggerRule
    from airflow.utils import db

    db.initdb()
    logging.disable(logging.CRITICAL)
    dag, targets, given = build()
    dag.fileloc = str(folder / "rules.py")
    answers = decide(dag, given)
    rules = [rule.value for rule in TriggerRule]
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([f"form ({__version__})", "states", *rules])
    for (form, states), of in targets.items():
        out.writerow([form, " ".join(states), *(answers[of[r]] if r in of else "" for r in rules)])


if __name__ == "__main__":
    main()
