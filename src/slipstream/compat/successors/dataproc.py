"""Dataproc's operators of single kinds of jobs, as the one operator that takes any job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocSubmitJobOperator,
    DataprocUpdateClusterOperator,
)


class _JobOperator(DataprocSubmitJobOperator):
    """A job of one kind; subclasses put together what is special about theirs."""

    kind: ClassVar[str]

    def __init__(
        self,
        *,
        job: Mapping[str, Any],
        cluster_name: str = "cluster-1",
        job_name: str | None = None,
        labels: Mapping[str, str] | None = None,
        dataproc_properties: Mapping[str, str] | None = None,
        dataproc_jars: Sequence[str] | None = None,
        region: str = "global",
        **kwargs: Any,
    ) -> None:
        details = {name: value for name, value in job.items() if value}
        if dataproc_properties:
            details["properties"] = dict(dataproc_properties)
        if dataproc_jars:
            details["jar_file_uris"] = list(dataproc_jars)
        whole: dict[str, Any] = {"placement": {"cluster_name": cluster_name}, self.kind: details}
        if job_name:
            # Dataproc wants an id of its own for each job.
            whole["reference"] = {
                "job_id": f"{job_name}_{{{{ ts_nodash }}}}_{{{{ ti.try_number }}}}"
            }
        if labels:
            whole["labels"] = dict(labels)
        super().__init__(job=whole, region=region, **kwargs)


class DataprocSubmitPySparkJobOperator(_JobOperator):
    """Runs a Python file on Spark."""

    kind = "pyspark_job"

    def __init__(
        self,
        *,
        main: str,
        arguments: Sequence[str] | None = None,
        archives: Sequence[str] | None = None,
        pyfiles: Sequence[str] | None = None,
        files: Sequence[str] | None = None,
        dataproc_pyspark_properties: Mapping[str, str] | None = None,
        dataproc_pyspark_jars: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dataproc_properties", dataproc_pyspark_properties)
        kwargs.setdefault("dataproc_jars", dataproc_pyspark_jars)
        job = {
            "main_python_file_uri": main,
            "args": arguments,
            "archive_uris": archives,
            "python_file_uris": pyfiles,
            "file_uris": files,
        }
        super().__init__(job=job, **kwargs)


class _JavaJobOperator(_JobOperator):
    """A job whose code is a class or the main class of an archive."""

    def __init__(
        self,
        *,
        main_jar: str | None = None,
        main_class: str | None = None,
        arguments: Sequence[str] | None = None,
        archives: Sequence[str] | None = None,
        files: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if bool(main_jar) == bool(main_class):
            raise TypeError(f"{type(self).__name__} needs main_jar or main_class, and not both.")
        job = {
            "main_jar_file_uri": main_jar,
            "main_class": main_class,
            "args": arguments,
            "archive_uris": archives,
            "file_uris": files,
        }
        super().__init__(job=job, **kwargs)


class DataprocSubmitSparkJobOperator(_JavaJobOperator):
    """Runs a class on Spark."""

    kind = "spark_job"


class DataprocSubmitHadoopJobOperator(_JavaJobOperator):
    """Runs a class on Hadoop."""

    kind = "hadoop_job"


class _QueryJobOperator(_JobOperator):
    """A job that is a query, or a file of them."""

    def __init__(
        self,
        *,
        query: str | None = None,
        query_uri: str | None = None,
        variables: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if bool(query) == bool(query_uri):
            raise TypeError(f"{type(self).__name__} needs query or query_uri, and not both.")
        job: dict[str, Any] = {"query_file_uri": query_uri, "script_variables": variables}
        if query:
            job["query_list"] = {"queries": [query]}
        super().__init__(job=job, **kwargs)


class DataprocSubmitHiveJobOperator(_QueryJobOperator):
    """Runs a query on Hive."""

    kind = "hive_job"


class DataprocSubmitPigJobOperator(_QueryJobOperator):
    """Runs a script of Pig."""

    kind = "pig_job"


class DataprocSubmitSparkSqlJobOperator(_QueryJobOperator):
    """Runs a query on Spark SQL."""

    kind = "spark_sql_job"


class DataprocScaleClusterOperator(DataprocUpdateClusterOperator):
    """Gives a cluster another number of workers."""

    def __init__(
        self,
        *,
        cluster_name: str,
        num_workers: int = 2,
        num_preemptible_workers: int = 0,
        graceful_decommission_timeout: str | None = None,
        region: str = "global",
        **kwargs: Any,
    ) -> None:
        workers = {
            "worker_config": {"num_instances": num_workers},
            "secondary_worker_config": {"num_instances": num_preemptible_workers},
        }
        super().__init__(
            cluster_name=cluster_name,
            region=region,
            cluster={"config": workers},
            update_mask={
                "paths": [f"config.{name}.num_instances" for name in workers],
            },
            graceful_decommission_timeout=_seconds(graceful_decommission_timeout),
            **kwargs,
        )


class DataprocClusterCreateOperator(DataprocCreateClusterOperator):
    """Makes a cluster; `region` used to be `global` where none was given."""

    def __init__(self, *, region: str = "global", **kwargs: Any) -> None:
        super().__init__(region=region, **kwargs)


def _seconds(text: str | None) -> dict[str, int]:
    """`10m`, `1h`, `30s` or `1d` as a duration of Google's API; none at all without a text."""
    if text is None:
        return {"seconds": 0}
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or unit not in units:
        raise ValueError(f"{text!r} is no duration; expected a number and s, m, h or d.")
    return {"seconds": int(number) * units[unit]}
