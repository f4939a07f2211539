from airflow import DAG
from airflow.operators.python import PythonOperator
from datetime import datetime, timedelta

# Define default arguments
default_args = {
    'owner': 'data-scientist',
    'depends_on_past': False,
    'start_date': datetime(2023, 1, 1),
    'email_on_failure': True,
    'email_on_retry': False,
    'retries': 1,
    'retry_delay': timedelta(minutes=5)
}

# Define DAG
dag = DAG(
    'ml_pipeline',
    default_args=default_args,
    description='ML Training Pipeline',
    schedule_interval=timedelta(days=1),
    catchup=False
)

# Define tasks
def prepare_data():
    # Data preparation code
    pass

def train_model():
    # Model training code
    pass

# Create tasks
prepare_task = PythonOperator(
    task_id='prepare_data',
    python_callable=prepare_data,
    dag=dag
)

train_task = PythonOperator(
    task_id='train_model',
    python_callable=train_model,
    dag=dag
)

# Set task dependencies
prepare_task >> train_task
