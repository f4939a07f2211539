from datetime import timedelta

from tests.services.scheduler.conftest import Bench, chain

from slipstream.model.dag import DagSpec
from slipstream.model.schedule import Continuous, Cron, Delta, Once
from slipstream.model.states import RunType
from slipstream.testing.virtual_time import START

DAILY = Cron(expression="0 0 * * *")
DAY = timedelta(days=1)


def made(bench: Bench) -> list[str]:
    return [run.run_id for run in bench.store.runs()]


def test_a_run_is_made_when_it_is_due(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=DAILY, start_date=START + DAY / 2))
    bench.scheduler.open()
    bench.run(seconds=3600)
    assert made(bench) == []
    assert bench.store.get_dag("d").next_run_after == START + DAY
    bench.run(seconds=3 * 86_400)
    assert made(bench) == [f"scheduled__2026-01-0{day}T00:00:00+00:00" for day in (2, 3, 4)]
    assert {run.state.value for run in bench.store.runs()} == {"success"}
    assert bench.store.get_dag("d").next_run_after == START + 4 * DAY


def test_catchup_makes_no_more_runs_than_may_be_active(bench: Bench) -> None:
    spec = chain(1, schedule=DAILY, start_date=START - 10 * DAY, catchup=True, max_active_runs=3)
    bench.store.put_dag(spec)
    bench.scheduler.open()
    bench.step()
    assert len(made(bench)) == 3
    bench.run(seconds=3600)
    assert len(made(bench)) == 11
    assert {run.state.value for run in bench.store.runs()} == {"success"}


def test_without_catchup_only_the_latest_run_is_made(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=DAILY, start_date=START - 10 * DAY))
    bench.scheduler.open()
    bench.run(seconds=3600)
    assert made(bench) == ["scheduled__2026-01-01T00:00:00+00:00"]


def test_a_paused_dag_makes_no_runs_until_it_is_unpaused(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=DAILY, start_date=START), is_paused=True)
    bench.scheduler.open()
    bench.run(seconds=86_400 * 5 / 2)
    assert made(bench) == []
    bench.store.set_paused(["d"], False)
    bench.run(seconds=3600)
    assert made(bench) == ["scheduled__2026-01-03T00:00:00+00:00"]


def test_a_new_version_changes_when_it_runs(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=DAILY, start_date=START + DAY / 2))
    bench.scheduler.open()
    bench.run(seconds=60)
    hourly = Delta(delta=timedelta(hours=1))
    bench.store.put_dag(chain(1, schedule=hourly, start_date=START + timedelta(hours=1)))
    bench.run(seconds=2 * 3600)
    assert len(made(bench)) == 2


def test_a_dag_that_runs_once_runs_once(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=Once(), start_date=START))
    bench.scheduler.open()
    bench.run(seconds=30 * 86_400)
    assert len(made(bench)) == 1


def test_a_continuous_dag_runs_again_when_its_run_has_ended(bench: Bench) -> None:
    spec: DagSpec = chain(1, schedule=Continuous(), start_date=START, max_active_runs=1)
    bench.store.put_dag(spec)
    bench.scheduler.open()
    bench.run(seconds=3.5)
    runs = bench.store.runs()
    assert [run.state.value for run in runs] == ["success", "success", "success", "running"]
    ends = [run.data_interval_end for run in runs]
    assert ends == [START + timedelta(seconds=n) for n in range(4)]


def test_a_dag_that_allows_manual_runs_alone_makes_none(bench: Bench) -> None:
    bench.store.put_dag(
        chain(1, schedule=DAILY, start_date=START, allowed_run_types=(RunType.MANUAL,))
    )
    bench.scheduler.open()
    bench.run(seconds=3 * 86_400)
    assert made(bench) == []


def test_a_moment_that_somebody_took_by_hand_is_passed_over(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=DAILY, start_date=START + DAY / 2))
    bench.scheduler.open()
    bench.trigger(run_id="by hand", days=1)
    bench.run(seconds=2.5 * 86_400)
    assert made(bench) == ["by hand", "scheduled__2026-01-03T00:00:00+00:00"]


def test_a_new_scheduler_goes_on_where_the_old_one_stopped(bench: Bench) -> None:
    bench.store.put_dag(
        chain(1, schedule=DAILY, start_date=START, catchup=True, max_active_runs=16)
    )
    bench.scheduler.open()
    bench.run(seconds=1.5 * 86_400)
    bench.time.advance_to(START + 4.5 * DAY)
    bench.scheduler = bench.new_scheduler()
    bench.scheduler.open()
    bench.run(seconds=3600)
    assert len(made(bench)) == 5
    assert len(set(made(bench))) == 5
