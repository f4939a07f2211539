# Fixed: `dag` and `my_function` were not defined. The Docker operator and the import from the
# Amazon provider are in with_providers/004_operators.py.
from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.operators.bash import BashOperator

dag = DAG('operators_without_docker')

def my_function():
    pass

# Python operator
python_task = PythonOperator(
    task_id='python_task',
    python_callable=my_function,
    dag=dag
)

# Bash operator
bash_task = BashOperator(
    task_id='bash_task',
    bash_command='echo "Hello Airflow"',
    dag=dag
)
