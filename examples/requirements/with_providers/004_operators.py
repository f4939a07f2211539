# Fixed: `dag` and `my_function` were not defined.
from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.operators.bash import BashOperator
from airflow.operators.docker import DockerOperator
from airflow.providers.amazon.aws.operators.s3 import S3FileTransformOperator

dag = DAG('operators')

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

# Docker operator
docker_task = DockerOperator(
    task_id='docker_task',
    image='my-ml-image:latest',
    command='python train.py',
    dag=dag
)
