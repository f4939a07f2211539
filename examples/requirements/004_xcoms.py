# Fixed: `dag` and `processed_data` were not defined.
from airflow import DAG
from airflow.operators.python import PythonOperator

dag = DAG('xcoms')

def extract_data(**context):
    data = {'key': 'value'}
    return data

def process_data(**context):
    # Get data from previous task
    ti = context['ti']
    data = ti.xcom_pull(task_ids='extract_data')
    # Process data
    processed_data = {key: value.upper() for key, value in data.items()}
    return processed_data

extract_task = PythonOperator(
    task_id='extract_data',
    python_callable=extract_data,
    dag=dag
)

process_task = PythonOperator(
    task_id='process_data',
    python_callable=process_data,
    dag=dag
)

extract_task >> process_task
