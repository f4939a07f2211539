from __future__ import annotations

from collections import Counter
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests.services.test_dag_processor import ReadingParser, RecordingStore, settle, write

from slipstream.model.errors import SlipstreamError
from slipstream.services.dag_files import DagFolder
from slipstream.services.dag_processor import DagProcessor
from slipstream.services.dag_rounds import Rounds


class Rig:
    """A processor whose rounds are counted."""

    def __init__(self, folder: Path, number: int) -> None:
        self.over: SimpleQueue[bool] = SimpleQueue()
        self.store = RecordingStore()
        self.parser = ReadingParser()
        self.rounds = Rounds(number, self.over.put)
        self.processor = DagProcessor(
            self.store, self.parser, [DagFolder(folder)], on_recorded=self.rounds.recorded
        )


def test_each_file_is_loaded_so_many_times(tmp_path: Path) -> None:
    write(tmp_path / "a.py")
    write(tmp_path / "sub" / "b.py")
    rig = Rig(tmp_path, 3)
    rig.processor.start()
    rig.rounds.begin(rig.processor)
    assert rig.over.get(timeout=60)
    rig.processor.stop()
    assert Counter(rig.parser.asked) == {"a.py": 3, "sub/b.py": 3}
    assert rig.over.empty()


def test_a_folder_without_files_is_done_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 2)
    rig.processor.start()
    rig.rounds.begin(rig.processor)
    assert rig.over.get(timeout=60)
    rig.processor.stop()


def test_a_file_that_goes_while_it_is_loaded_is_not_waited_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.py")
    rig = Rig(tmp_path, 2)
    rig.parser.is_holding = True
    rig.processor.look_everywhere()
    rig.rounds.begin(rig.processor)
    settle(rig.processor)
    rig.processor.call(lambda: rig.processor._changed({path}))
    held = rig.parser._read(path, tmp_path)
    path.unlink()
    settle(rig.processor)
    assert rig.over.empty()
    rig.parser.held[0][2].set_result(held)
    settle(rig.processor)
    assert rig.over.get(timeout=60)


def test_that_no_file_could_be_looked_for_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, 2)

    def away() -> dict[str, str]:
        raise SlipstreamError("The store is away.")

    monkeypatch.setattr(rig.store, "known_files", away)
    rig.processor.start()
    rig.rounds.begin(rig.processor)
    assert not rig.over.get(timeout=60)
    rig.processor.stop()
