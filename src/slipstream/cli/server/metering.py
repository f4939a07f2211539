"""What metrics a server sends besides what the scheduler and the DAG processor tell."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from slipstream.cli.deployment import Deployment
from slipstream.cli.server import wiring
from slipstream.config import Config
from slipstream.model.states import RunState
from slipstream.sdk._conf import conf
from slipstream.sdk._stats import stats
from slipstream.services.metrics import MetricsService, Reading
from slipstream.store.interface import Store
from slipstream.store.records import RunFilter, Window

_log = logging.getLogger(__name__)

_OWN_CODE = ("stat_name_handler", "statsd_custom_client_path")
_MOST_POOLS = 1000
_HEARTBEATS = {
    "scheduler": "scheduler_heartbeat",
    "dag_processor": "dag_processor_heartbeat",
    "triggerer": "triggerer_heartbeat",
}

Pulses = Mapping[str, Callable[[], datetime | None]]


def metrics_service(deployment: Deployment, store: Store, pulses: Pulses) -> MetricsService:
    """The service, not started. `pulses` may gain parts later on."""
    config = deployment.config
    _leave_own_code_out(config)
    return MetricsService(
        (
            Reading(
                every_seconds=config.number("scheduler", "pool_metrics_interval"),
                send=lambda: _send_slots(store, wiring.parallelism(config)),
            ),
            Reading(
                every_seconds=config.number("scheduler", "dagrun_metrics_interval"),
                send=lambda: _send_runs(store),
            ),
            Reading(
                every_seconds=config.number("scheduler", "scheduler_heartbeat_sec"),
                send=lambda: _send_heartbeats(
                    pulses, config.number("scheduler", "scheduler_health_check_threshold")
                ),
            ),
        )
    )


def exposition(config: Config) -> Callable[[], str] | None:
    """Keep this process's metrics for `/metrics`; gives what reads them, None where that is off."""
    if wiring.metrics_endpoint(config) == "off":
        return None
    from slipstream.sdk._stats.prometheus import Exposition
    from slipstream.sdk._stats.statsd import configured_filter

    kept = Exposition(config.text("metrics", "statsd_prefix") or "airflow", configured_filter())
    stats.keep_in(kept)
    return kept.text


def forget_exposition() -> None:
    """Keep no metrics any more."""
    stats.keep_in(None)


def _leave_own_code_out(config: Config) -> None:
    """The server imports no code of people; tasks' own metrics go through it as it is set."""
    for key in _OWN_CODE:
        if config.get("metrics", key):
            _log.warning(
                "[metrics] %s is code of the deployment's own: metrics of tasks are sent through "
                "it, those of the server are not.",
                key,
            )
            conf.set("metrics", key, "")


def _send_slots(store: Store, parallelism: int) -> None:
    use = store.pool_use()
    running = sum(pool.running for pool in use.values())
    queued = sum(pool.queued for pool in use.values())
    executor = {"executor_class_name": "LocalExecutor"}
    stats.gauge("executor.open_slots", max(0, parallelism - running - queued), tags=executor)
    stats.gauge("executor.queued_tasks", queued, tags=executor)
    stats.gauge("executor.running_tasks", running, tags=executor)
    stats.gauge("scheduler.tasks.executable", sum(pool.scheduled for pool in use.values()))
    host = {"hostname": os.uname().nodename}
    stats.gauge("triggers.running", sum(pool.deferred for pool in use.values()), tags=host)
    for pool in store.list_pools(None, Window(limit=_MOST_POOLS)).items:
        tags, taken = {"pool_name": pool.name}, use.get(pool.name)
        counts = {
            state: getattr(taken, state, 0)
            for state in ("queued", "running", "deferred", "scheduled")
        }
        held = counts["queued"] + counts["running"]
        held += counts["deferred"] if pool.include_deferred else 0
        open_slots = pool.slots if pool.slots < 0 else pool.slots - held
        stats.gauge("pool.open_slots", open_slots, tags=tags)
        for state, number in counts.items():
            stats.gauge(f"pool.{state}_slots", number, tags=tags)


def _send_runs(store: Store) -> None:
    running = store.list_runs(RunFilter(states=[RunState.RUNNING]), Window(limit=1)).total
    stats.gauge("scheduler.dagruns.running", running)


def _send_heartbeats(pulses: Pulses, patience_seconds: float) -> None:
    oldest = datetime.now(UTC) - timedelta(seconds=patience_seconds)
    for part, ask in tuple(pulses.items()):
        latest = ask()
        if part in _HEARTBEATS and latest is not None and latest >= oldest:
            stats.incr(_HEARTBEATS[part])
