# Kubernetes executor for distributed execution
from airflow.executors.kubernetes_executor import KubernetesExecutor

# Configure for horizontal scaling
executor = KubernetesExecutor(
    namespace='airflow',
    image='my-ml-image:latest'
)
