"""Outlets with what they tell, object storage, and a provider's operator on it."""

import tempfile
from pathlib import Path

from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.sdk import Asset, Metadata, ObjectStoragePath, dag, task

PLACE = Path(tempfile.gettempdir()) / "beside-objects"
report = Asset(uri="file://example/report.csv", name="report")


@dag(schedule=[Asset("orders")])
def assets_and_objects():
    @task(outlets=[report])
    def write(outlet_events=None):
        outlet_events[report].extra = {"rows": 3}
        folder = ObjectStoragePath(f"file://{PLACE}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.csv").write_text("a,b\n1,2\n")
        return str(folder / "a.csv")

    copy = FileTransferOperator(
        task_id="copy", src=f"file://{PLACE}/a.csv", dst=f"file://{PLACE}/b.csv", overwrite=True
    )

    @task(outlets=[report])
    def read():
        folder = ObjectStoragePath(f"file://{PLACE}")
        yield Metadata(report, extra={"rows": 1})
        return sorted([path.name, path.read_text()] for path in folder.iterdir())

    @task
    def clear():
        folder = ObjectStoragePath(f"file://{PLACE}")
        for path in list(folder.iterdir()):
            path.unlink()
        folder.rmdir()

    write() >> copy >> read() >> clear()


assets_and_objects()
