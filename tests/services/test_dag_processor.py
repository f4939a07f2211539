import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest

from slipstream.model.dag import DagSpec
from slipstream.model.errors import SlipstreamError
from slipstream.model.version import DagVersion, ParsedFile
from slipstream.services.dag_files import DagFolder
from slipstream.services.dag_processor import DagProcessor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class ReadingParser:
    """Takes a file's name as its DAG and `# uses x.py` lines as its imports."""

    def __init__(self) -> None:
        self.held: list[tuple[Path, Path, Future[ParsedFile]]] = []
        self.asked: list[str] = []
        self.is_holding = False

    def parse(self, path: Path, folder: Path) -> Future[ParsedFile]:
        future: Future[ParsedFile] = Future()
        self.asked.append(path.relative_to(folder).as_posix())
        self.held.append((path, folder, future))
        if not self.is_holding:
            self.release()
        return future

    def release(self) -> None:
        held, self.held = self.held, []
        for path, folder, future in held:
            future.set_result(self._read(path, folder))

    def _read(self, path: Path, folder: Path) -> ParsedFile:
        text = path.read_text()
        names = [line.split()[-1] for line in text.splitlines() if line.startswith("# uses")]
        name = path.relative_to(folder).as_posix()
        sources = {name: text, **{other: (folder / other).read_text() for other in names}}
        return ParsedFile(
            fileloc=str(path),
            relative_fileloc=name,
            dags=(DagSpec(dag_id=path.stem, fileloc=str(path)),),
            sources=sources,
            parsed_at=NOW,
        )


class RecordingStore:
    """Keeps files in a dictionary; `news` gets what every call recorded."""

    def __init__(self) -> None:
        self.files: dict[str, ParsedFile] = {}
        self.news: SimpleQueue[list[str]] = SimpleQueue()
        self.failures = 0

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        if self.failures:
            self.failures -= 1
            raise SlipstreamError("The store is away.")
        for file in parsed:
            self.files[file.fileloc] = file
        self.news.put([Path(file.fileloc).name for file in parsed])
        return {}

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        for fileloc in filelocs:
            self.files.pop(fileloc, None)
        self.news.put(sorted(f"-{Path(fileloc).name}" for fileloc in filelocs))

    def known_files(self) -> Mapping[str, str]:
        return {
            fileloc: hashlib.sha256(repr(file.sources).encode()).hexdigest()
            for fileloc, file in self.files.items()
        }

    @property
    def names(self) -> list[str]:
        return sorted(Path(fileloc).name for fileloc in self.files)


def write(path: Path, uses: str = "", text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = f"# uses {uses}\n" if uses else ""
    path.write_text(f"from airflow import DAG\n{line}{text}\n")
    return path


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def parser() -> ReadingParser:
    return ReadingParser()


@pytest.fixture
def processor(tmp_path: Path, store: RecordingStore, parser: ReadingParser) -> DagProcessor:
    return DagProcessor(store, parser, [DagFolder(tmp_path)])


@pytest.fixture
def running(processor: DagProcessor) -> Iterator[DagProcessor]:
    processor.start()
    yield processor
    processor.stop()


def settle(processor: DagProcessor) -> None:
    while processor.run_once(0):
        pass


def test_every_file_is_parsed_at_the_start(
    tmp_path: Path, processor: DagProcessor, store: RecordingStore
) -> None:
    write(tmp_path / "a.py")
    write(tmp_path / "sub" / "b.py")
    processor.look_everywhere()
    settle(processor)
    assert store.names == ["a.py", "b.py"]
    assert processor.is_idle


def test_files_that_the_store_has_never_seen_go_first(
    tmp_path: Path, processor: DagProcessor, parser: ReadingParser, store: RecordingStore
) -> None:
    write(tmp_path / "a.py")
    processor.look_everywhere()
    settle(processor)
    write(tmp_path / "b.py")
    parser.asked.clear()
    processor.look_everywhere()
    assert parser.asked == ["b.py", "a.py"]


def test_a_file_that_went_while_nobody_watched_leaves_the_store(
    tmp_path: Path, processor: DagProcessor, store: RecordingStore
) -> None:
    path = write(tmp_path / "a.py")
    processor.look_everywhere()
    settle(processor)
    path.unlink()
    processor.look_everywhere()
    assert store.names == []


def test_files_of_other_folders_stay_as_they_are(
    tmp_path: Path, parser: ReadingParser, store: RecordingStore
) -> None:
    mine, others = DagFolder(tmp_path / "mine"), DagFolder(tmp_path / "mine" / "others")
    write(mine.path / "a.py")
    gone = write(mine.path / "b.py")
    kept = write(others.path / "c.py")
    both = DagProcessor(store, parser, [mine, others])
    both.look_everywhere()
    settle(both)
    gone.unlink()
    kept.unlink()
    write(others.path / "new.py")
    parser.asked.clear()
    alone = DagProcessor(store, parser, [mine], others=[others])
    alone.look_everywhere()
    settle(alone)
    assert store.names == ["a.py", "c.py"]
    assert parser.asked == ["a.py"]
    alone._changed([others.path / "new.py"])
    assert parser.asked == ["a.py"]


def test_a_changed_file_is_recorded(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    path = write(tmp_path / "a.py")
    assert store.news.get(timeout=10) == ["a.py"]
    write(path, text="x = 1")
    assert store.news.get(timeout=10) == ["a.py"]
    assert "x = 1" in store.files[str(path)].sources["a.py"]


def test_an_archive_that_is_replaced_is_recorded_at_once(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    path = write(tmp_path / "all.zip")
    assert store.news.get(timeout=10) == ["all.zip"]
    write(tmp_path / "all.new", text="x = 1").rename(path)
    assert store.news.get(timeout=10) == ["all.zip"]
    assert "x = 1" in store.files[str(path)].sources["all.zip"]


def swap(link: Path, target: Path) -> None:
    """Let a link lead elsewhere, as one step."""
    new = link.with_name(f"{link.name}.new")
    new.symlink_to(target)
    new.rename(link)


def test_a_mounted_volume_that_is_replaced_is_parsed_anew(
    tmp_path: Path, processor: DagProcessor, store: RecordingStore
) -> None:
    # This is how Kubernetes lays out a volume and replaces it.
    for number in (1, 2):
        write(tmp_path / f"..{number}" / "a.py", uses="helper.py", text=f"x = {number}")
        (tmp_path / f"..{number}" / "helper.py").write_text("y = 1")
    write(tmp_path / "..2" / "b.py")
    swap(tmp_path / "..data", tmp_path / "..1")
    for name in ("a.py", "helper.py"):
        (tmp_path / name).symlink_to(Path("..data") / name)
    processor.start()
    try:
        assert store.news.get(timeout=10) == ["a.py"]
        swap(tmp_path / "..data", tmp_path / "..2")
        assert store.news.get(timeout=10) == ["a.py"]
        assert "x = 2" in store.files[str(tmp_path / "a.py")].sources["a.py"]
        assert store.names == ["a.py"]
    finally:
        processor.stop()


def test_a_checkout_that_is_swapped_above_the_folder_is_parsed_anew(
    tmp_path: Path, store: RecordingStore, parser: ReadingParser
) -> None:
    # This is how git-sync and releases by link work.
    for number in (1, 2):
        write(tmp_path / f"rev{number}" / "dags" / "a.py", text=f"x = {number}")
    write(tmp_path / "rev2" / "dags" / "b.py")
    swap(tmp_path / "current", tmp_path / "rev1")
    dags = tmp_path / "current" / "dags"
    processor = DagProcessor(store, parser, [DagFolder(dags)])
    processor.start()
    try:
        assert store.news.get(timeout=10) == ["a.py"]
        swap(tmp_path / "current", tmp_path / "rev2")
        assert sorted(store.news.get(timeout=10)) == ["a.py", "b.py"]
        assert "x = 2" in store.files[str(dags / "a.py")].sources["a.py"]
        # The new checkout is watched like the first one was.
        write(tmp_path / "rev2" / "dags" / "a.py", text="x = 3")
        assert store.news.get(timeout=10) == ["a.py"]
        assert "x = 3" in store.files[str(dags / "a.py")].sources["a.py"]
    finally:
        processor.stop()


def test_a_removed_file_leaves_the_store(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    path = write(tmp_path / "a.py")
    assert store.news.get(timeout=10) == ["a.py"]
    path.unlink()
    assert store.news.get(timeout=10) == ["-a.py"]


def test_a_folder_that_appears_and_goes_brings_and_takes_its_files(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    write(elsewhere / "a.py")
    elsewhere.rename(tmp_path / "sub")
    assert store.news.get(timeout=10) == ["a.py"]
    (tmp_path / "sub").rename(elsewhere)
    assert store.news.get(timeout=10) == ["-a.py"]


def test_a_file_is_parsed_again_when_what_it_imports_changes(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    (tmp_path / "shared.py").write_text("x = 1\n")
    path = write(tmp_path / "a.py", uses="shared.py")
    assert store.news.get(timeout=10) == ["a.py"]
    (tmp_path / "shared.py").write_text("x = 2\n")
    assert store.news.get(timeout=10) == ["a.py"]
    assert store.files[str(path)].sources["shared.py"] == "x = 2\n"


def test_an_ignore_file_that_changes_takes_effect(
    tmp_path: Path, running: DagProcessor, store: RecordingStore
) -> None:
    write(tmp_path / "a.py")
    assert store.news.get(timeout=10) == ["a.py"]
    (tmp_path / ".airflowignore").write_text("a.py\n")
    assert store.news.get(timeout=10) == ["-a.py"]
    (tmp_path / ".airflowignore").unlink()
    assert store.news.get(timeout=10) == ["a.py"]


def test_a_change_during_a_parse_is_parsed_after_it(
    tmp_path: Path, processor: DagProcessor, parser: ReadingParser, store: RecordingStore
) -> None:
    path = write(tmp_path / "a.py")
    parser.is_holding = True
    processor.look_everywhere()
    write(path, text="x = 2")
    processor._inbox.put(frozenset({path}))
    settle(processor)
    assert parser.asked == ["a.py"]
    parser.is_holding = False
    parser.release()
    settle(processor)
    assert parser.asked == ["a.py", "a.py"]
    assert "x = 2" in store.files[str(path)].sources["a.py"]


def test_what_the_store_did_not_take_is_recorded_later(
    tmp_path: Path, processor: DagProcessor, store: RecordingStore
) -> None:
    write(tmp_path / "a.py")
    store.failures = 1
    processor.look_everywhere()
    with pytest.raises(SlipstreamError):
        processor.run_once(0)
    assert not processor.is_idle
    processor.run_once(0)
    assert store.names == ["a.py"]


def test_everything_can_be_parsed_again(
    tmp_path: Path, processor: DagProcessor, parser: ReadingParser
) -> None:
    write(tmp_path / "a.py")
    processor.look_everywhere()
    settle(processor)
    processor.reparse()
    settle(processor)
    assert parser.asked == ["a.py", "a.py"]
    processor.parse_again([tmp_path / "a.py", tmp_path / "unknown.py"])
    settle(processor)
    assert parser.asked == ["a.py", "a.py", "a.py"]
