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
        monkeypatch.setenv(f"AIRFLOW_CONN_{connection.conn_id.upper()}", connection.as_json())

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


@pytest.fixture
def clean_dags_dagruns_and_dagbundles():
    """There is no database, and nothing to clean."""


@pytest.fixture
def dag_maker():
    """A function that makes a DAG; runs of it would be in the database."""
    from airflow.sdk import DAG

    def make(dag_id="test_dag", *, schedule=None, session=None, serialized=None, **arguments):
        return DAG(dag_id, schedule=schedule, **arguments)

    return make
