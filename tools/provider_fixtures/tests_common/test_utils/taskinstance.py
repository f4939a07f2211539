"""Task instances for tests."""


def render_template_fields(ti, task, context=None):
    """The task with its templates rendered in the context of the task instance."""
    task.render_template_fields(context or ti.get_template_context())
    return task


def create_task_instance(task, *, run_id=None, dag_version_id=None, **more):
    """A task instance of the metadata database."""
    from airflow.models.taskinstance import TaskInstance

    return TaskInstance(task=task, run_id=run_id, dag_version_id=dag_version_id, **more)
