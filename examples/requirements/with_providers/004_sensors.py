# Fixed: `dag` was not defined.
from airflow import DAG
from airflow.sensors.filesystem import FileSensor
from airflow.sensors.python import PythonSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

dag = DAG('sensors')

# File sensor
file_sensor = FileSensor(
    task_id='wait_for_file',
    filepath='/path/to/file.csv',
    dag=dag
)

# S3 sensor
s3_sensor = S3KeySensor(
    task_id='wait_for_s3_file',
    bucket_name='my-bucket',
    bucket_key='data/input.csv',
    dag=dag
)
