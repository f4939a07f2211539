# Fixed: `dag` and `send_to_monitoring` were not defined.
from airflow import DAG
# Custom metrics and monitoring
from airflow.operators.python import PythonOperator

dag = DAG('custom_monitoring')

def send_to_monitoring(context):
    print(f"{context['ti'].task_id}: custom_metric=0.95")

def monitor_task(**context):
    # Log custom metrics
    context['ti'].xcom_push(key='custom_metric', value=0.95)
    # Send to monitoring system
    send_to_monitoring(context)

monitor_task = PythonOperator(
    task_id='monitor',
    python_callable=monitor_task,
    dag=dag
)
