"""What the server that clients are tried on has to offer."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, AssetAlias, Param, task

ORDERS = Asset("orders", uri="s3://shop/orders")

with DAG("shop", params={"rows": Param(3, type="integer")}, tags=["shop"]) as shop:

    @task
    def read(params, task_state_store=None, asset_state_store=None):
        print(f"Reading {params['rows']} rows.")
        return list(range(params["rows"]))

    @task
    def double(number):
        return 2 * number

    @task(outlets=[ORDERS])
    def total(numbers):
        return sum(numbers)

    total(double.expand(number=read()))

with DAG("bill", schedule=[ORDERS]) as bill:

    @task
    def send():
        print("Sent.")

    send()

with DAG("ask") as ask:
    ApprovalOperator(task_id="agree", subject="Go on?", response_timeout=timedelta(hours=1))

with DAG("daily", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False) as daily:

    @task
    def load():
        pass

    load()

with DAG("aliased") as aliased:

    @task(outlets=[AssetAlias("whatever")])
    def name():
        pass

    name()
