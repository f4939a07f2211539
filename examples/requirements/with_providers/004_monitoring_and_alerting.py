# Fixed: `dag`, `my_function` and the import of PythonOperator were missing.
from airflow import DAG
from airflow.operators.email import EmailOperator
from airflow.operators.python import PythonOperator

dag = DAG('monitoring_and_alerting')

def my_function():
    pass

# Email on failure
email_task = EmailOperator(
    task_id='send_failure_email',
    to=['team@example.com'],
    subject='Pipeline Failed',
    html_content='Pipeline execution failed',
    dag=dag
)

# Set up failure callback
def failure_callback(context):
    email_task.execute(context)

task = PythonOperator(
    task_id='my_task',
    python_callable=my_function,
    on_failure_callback=failure_callback,
    dag=dag
)
