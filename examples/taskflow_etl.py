"""Extract, transform and load with the TaskFlow API: functions are tasks, calls are edges."""

from __future__ import annotations

import logging
from datetime import datetime

from airflow.sdk import dag, task

log = logging.getLogger("orders")

ORDERS = {"1001": 301.27, "1002": 433.21, "1003": 502.22}


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["example"],
    doc_md=__doc__,
)
def taskflow_etl():
    @task
    def extract() -> dict[str, float]:
        log.info("Found %d orders.", len(ORDERS))
        return ORDERS

    @task(multiple_outputs=True)
    def transform(orders: dict[str, float]) -> dict[str, float]:
        return {"total": sum(orders.values()), "largest": max(orders.values())}

    @task
    def load(total: float, largest: float) -> None:
        log.info("The orders come to %.2f; the largest is %.2f.", total, largest)

    summary = transform(extract())
    load(summary["total"], summary["largest"])


taskflow_etl()
