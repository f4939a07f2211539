"""The DAG files of a shop that screenshots and journeys look at: a pipeline with history, assets
that start DAGs, and people who are asked."""

from __future__ import annotations

FILES = {
    "shop.py": '''
"""The shop's numbers, every day."""
from datetime import datetime, timedelta, timezone
from time import sleep

from airflow.sdk import DAG, Asset, AssetAlias, Label, Param, TaskGroup, task

today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
orders = Asset(name="orders", uri="s3://shop/orders", group="shop")
customers = Asset(name="customers", uri="s3://shop/customers", group="shop")
sales = Asset(name="sales", uri="s3://shop/sales", group="reports")

with DAG(
    "shop_orders",
    description="Reads the shop's orders and prices every region.",
    schedule="@daily",
    start_date=today - timedelta(days=12),
    catchup=True,
    max_active_runs=4,
    default_args={"owner": "data", "retries": 0},
    tags=["shop", "daily"],
    params={
        "rows": Param(3, type="integer", minimum=1, description="How many rows to read"),
        "source": Param("live", enum=["live", "archive"], title="Source"),
    },
) as dag:
    """Orders, region by region."""

    @task(outlets=[orders])
    def read(params, logical_date=None, outlet_events=None):
        print(f"Reading {params['rows']} rows for {logical_date:%Y-%m-%d}.")
        sleep(0.2)
        outlet_events[orders].extra = {"rows": params["rows"]}
        return list(range(params["rows"]))

    @task
    def price(number):
        print(f"\\x1b[32mpriced\\x1b[0m row {number}")
        return {"row": number, "price": 2.5 * number}

    priced = price.expand(number=read())
    with TaskGroup("report"):
        @task(outlets=[sales])
        def total(prices, logical_date=None):
            sleep(0.1 + 0.15 * (logical_date.day % 4))
            return sum(one["price"] for one in prices)

        @task
        def check(total, logical_date=None):
            if logical_date.day % 5 == 0:
                raise ValueError(f"{total} on {logical_date:%Y-%m-%d}, and 12.5 the day before")
            print("The total is plausible.")

        summed = total(priced)
        check(summed)

    @task(trigger_rule="all_done")
    def tell():
        print("told")

    summed >> Label("always") >> tell()

daily = {"schedule": "@daily", "tags": ["shop"]}

with DAG("shop_customers", start_date=today - timedelta(days=2), catchup=True, **daily):
    @task(outlets=[customers])
    def load():
        return 42

    load()

with DAG("shop_stock", start_date=today - timedelta(days=30), catchup=False, **daily):
    @task
    def count(logical_date=None):
        print(f"Counting the stock of {logical_date:%Y-%m-%d}.")

    count()

with DAG("shop_segments", schedule=(orders & customers), tags=["shop", "models"]):
    @task(inlets=[orders], outlets=[AssetAlias("segments")])
    def cluster(outlet_events=None):
        outlet_events[AssetAlias("segments")].add(Asset("s3://shop/segments/latest"))

    cluster()

with DAG("shop_dashboard", schedule=[sales], tags=["reports"]):
    @task(inlets=[customers])
    def draw():
        print("drawn")

    draw()
''',
    "people.py": """
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator,
    HITLEntryOperator,
    HITLOperator,
)
from airflow.sdk import DAG, Param, task

BODY = '''The model of **{{ ds or "today" }}** is ready.

| measure | before | now |
|---|---:|---:|
| accuracy | 0.91 | 0.93 |
| size | 12 MB | 9 MB |

Read the [report](https://example.org/report) first. <script>alert("no")</script>'''

with DAG("release_model", description="Trains, and asks before it goes out.", tags=["people"]):
    @task
    def train():
        return 0.93

    approve = ApprovalOperator(task_id="approve", subject="Release the model?", body=BODY)

    @task
    def release():
        print("out it goes")

    train() >> approve >> release()

with DAG("plan_campaign", tags=["people"]):
    plan = HITLEntryOperator(
        task_id="plan",
        subject="What is the campaign's budget?",
        params={
            "region": Param("eu", type="string", enum=["eu", "us", "apac"]),
            "budget": Param(1000, type="integer", minimum=0),
        },
    )
    channels = HITLOperator(
        task_id="channels",
        subject="Which channels?",
        options=["Mail", "Web", "Shops"],
        multiple=True,
        defaults=["Web"],
    )
    plan >> channels
""",
    "typo.py": "from airflow.sdk import DAG\nimport nothing_of_that_name\n",
}
