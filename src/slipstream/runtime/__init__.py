"""The task side: zygotes, the process host, the task runner, the DAG file loader."""
