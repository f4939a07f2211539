# Fixed: the import. The three DAGs have no tasks in the document either.
from airflow import DAG

# Daily model training pipeline
dag = DAG('daily_model_training', schedule_interval='@daily')

# Tasks: data extraction, preprocessing, training, evaluation, deployment

# ETL pipeline for data processing
etl = DAG('etl_pipeline', schedule_interval='@hourly')

# Tasks: extract from source, transform data, load to warehouse

# Model retraining pipeline
retraining = DAG('model_retraining', schedule_interval='@weekly')

# Tasks: data validation, model training, A/B testing, deployment
