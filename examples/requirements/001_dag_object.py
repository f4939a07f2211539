# Fixed: the underscores of `dag id`, `schedule interval` and `task id`, and the parenthesis.
from airflow import DAG
from airflow.operators.dummy import DummyOperator
from datetime import datetime
# Define the DAG
dag = DAG(
    dag_id='example_dag',
    start_date=datetime(2023, 1, 1),
    schedule_interval='@daily',
    catchup=False
)
# Define tasks
start = DummyOperator(task_id='start', dag=dag)
end = DummyOperator(task_id='end', dag=dag)
# Set task dependencies
start >> end
