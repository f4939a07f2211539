"""The fixtures that need no database; tests that ask for others have an error, and count as one."""

import os

import pytest

# Of the connections that an Airflow for tests has by default, those that these tests use.
os.environ.setdefault("AIRFLOW_CONN_HTTP_DEFAULT", "http://www.httpbin.org/")
os.environ.setdefault("AIRFLOW_CONN_SSH_DEFAULT", "ssh://localhost")
os.environ.setdefault("AIRFLOW_CONN_SFTP_DEFAULT", "sftp://localhost:22")


@pytest.fixture
def create_connection_without_db(monkeypatch):
    """A function that has a connection be found, by an environment variable."""

    def create(connection):
        monkeypatch.setenv(f"AIRFLOW_CONN_{connection.conn_id.upper()}", connection.get_uri())

    return create


@pytest.fixture
def create_dag_without_db():
    """A function that makes a DAG."""
    from airflow.sdk import DAG

    return lambda dag_id: DAG(dag_id=dag_id, schedule=None)


@pytest.fixture
def create_task_of_operator():
    """A function that makes an operator in a DAG of its own."""
    from airflow.sdk import DAG

    def create(operator_class, *, dag_id, session=None, **arguments):
        with DAG(dag_id=dag_id, schedule=None):
            return operator_class(**arguments)

    return create


@pytest.fixture
def session():
    """There is no database."""
    return
