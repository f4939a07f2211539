# Fixed: the imports, the arguments that stood as `...`, and the DAG's id, which 004_dags.py has.
from airflow import DAG
from airflow.operators.python import PythonOperator

# Complex ML pipeline
dag = DAG('ml_pipeline_orchestration', schedule_interval='@daily')

def step(**context):
    print(context['task'].task_id)

# Data preparation
prepare_data_task = PythonOperator(task_id='prepare_data', python_callable=step, dag=dag)

# Feature engineering
engineer_features_task = PythonOperator(task_id='engineer_features', python_callable=step, dag=dag)

# Model training
train_model_task = PythonOperator(task_id='train_model', python_callable=step, dag=dag)

# Model evaluation
evaluate_model_task = PythonOperator(task_id='evaluate_model', python_callable=step, dag=dag)

# Model deployment
deploy_model_task = PythonOperator(task_id='deploy_model', python_callable=step, dag=dag)

# Define dependencies
prepare_data_task >> engineer_features_task >> train_model_task
train_model_task >> [evaluate_model_task, deploy_model_task]
