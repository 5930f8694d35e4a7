"""Records survive their writer, a full disk and a compaction that is killed; each is there once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adclick.records import background, compaction, writer
from adclick.records.background import Compactor
from adclick.records.compaction import compact
from adclick.records.reading import EVERY_DAY, Days, days_of, read_records
from adclick.records.segments import Segment, segments, spool_of
from adclick.records.writer import RecordLogWriter
from tests.records import by_column
from tests.servers import wait_until

DAYS = (datetime(2024, 1, 1, 23, 59, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))


def requests(root: Path, days: Days = EVERY_DAY) -> list[str]:
    """The ids in a log."""
    tables = read_records(str(root), ["_request"], days)
    return sorted(name for table in tables for name in table["_request"].to_pylist())


def append(log: RecordLogWriter, name: str, **row: Any) -> None:
    log.append({"_request": name}, by_column([{"site": "news", **row}]))


def line(name: str, at: datetime) -> bytes:
    content = [{"_request": name, "_time": int(at.timestamp() * 1e6)}, {"site": ["news"]}]
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def left_segment(root: Path, *names: str) -> None:
    """A segment of a dead process, with a record a day for each name."""
    segment = Segment.create(spool_of(str(root)))
    segment.write([line(f"{name}{day:%d}", day) for name in names for day in DAYS])
    segment.close()


def started(program: str, *words: str) -> subprocess.Popen[str]:
    """A Python process that writes to a log, and what it says."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True
    )


ENDLESS = """
import sys, time
from adclick.records.writer import RecordLogWriter
log = RecordLogWriter(sys.argv[1])
number = 0
while True:
    log.append({"_request": str(number)}, {"site": ["news"]})
    print(number, time.monotonic(), flush=True)
    number += 1
    time.sleep(0.001)
"""


def test_kill_minus_9_takes_less_than_the_last_second(tmp_path: Path) -> None:
    appended: list[tuple[int, float]] = []
    with started(ENDLESS, str(tmp_path)) as process:
        assert process.stdout is not None
        for said in process.stdout:
            number, at = said.split()
            appended.append((int(number), float(at)))
            if float(at) - appended[0][1] > 1.5 and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed = time.monotonic()
    must = {str(number) for number, at in appended if at < killed - 1.0}
    logged = requests(tmp_path)
    assert len(must) > 100
    assert must <= set(logged)
    assert len(set(logged)) == len(logged)
    assert compact(spool_of(str(tmp_path)), str(tmp_path)) == 1
    assert requests(tmp_path) == logged


def test_half_a_line_of_a_killed_process_is_no_record(tmp_path: Path) -> None:
    left_segment(tmp_path, "a")
    (path,) = segments(spool_of(str(tmp_path)))
    path.write_bytes(path.read_bytes()[:-5])
    assert requests(tmp_path) == ["a01"]
    compact(path.parent, str(tmp_path))
    assert requests(tmp_path) == ["a01"]


def test_the_next_writer_compacts_what_a_dead_one_left(tmp_path: Path) -> None:
    left_segment(tmp_path, "a")
    log = RecordLogWriter(tmp_path)
    append(log, "b")
    # it gives way to all else that runs
    wait_until(lambda: len(days_of(str(tmp_path))) == 2, "the compaction", 60.0)
    log.close()
    assert requests(tmp_path) == ["a01", "a02", "b"]
    assert not segments(spool_of(str(tmp_path)))


def test_a_compaction_that_falls_behind_is_given_processor_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compactor = Compactor(spool_of(str(tmp_path)), str(tmp_path))
    left_segment(tmp_path, "a")
    monkeypatch.setattr(background, "IDLE", ("sh", "-c", "sleep 99"))
    compactor.step()
    first = compactor._process
    assert first is not None
    compactor.step()
    assert compactor._process is first
    monkeypatch.setattr(background, "MOST_BEHIND", 10)
    compactor.step()
    assert first.poll() is not None
    wait_until(lambda: len(days_of(str(tmp_path))) == 2, "the compaction", 60.0)
    compactor.finish()


def test_a_living_writers_segment_is_left_alone(tmp_path: Path) -> None:
    segment = Segment.create(spool_of(str(tmp_path)))
    segment.write([line("a", DAYS[0])])
    assert compact(spool_of(str(tmp_path)), str(tmp_path)) == 0
    assert requests(tmp_path) == ["a"]
    segment.close()
    assert compact(spool_of(str(tmp_path)), str(tmp_path)) == 1


class Killed(BaseException):
    """Ends a compaction where it is, as a kill does."""


def _killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "point",
    [
        (compaction.pq, "write_table"),  # before a part
        (compaction, "_to_disk"),  # with a part written, under another name
        (compaction.Path, "unlink"),  # with all parts there, and the segment
    ],
    ids=["before", "during", "after"],
)
@pytest.mark.parametrize("passes", [0, 1])
def test_a_killed_compaction_loses_and_repeats_nothing(
    tmp_path: Path, point: tuple[Any, str], passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_segment(tmp_path, "a", "b")
    left_segment(tmp_path, "c")
    spool, everything = spool_of(str(tmp_path)), ["a01", "a02", "b01", "b02", "c01", "c02"]
    where, name = point
    original, calls = getattr(where, name), iter(range(passes))

    def dies(*words: Any, **options: Any) -> Any:
        return original(*words, **options) if next(calls, None) is not None else _killed()

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(where, name, dies)
        compact(spool, str(tmp_path))
    assert requests(tmp_path) == everything
    compact(spool, str(tmp_path))
    assert requests(tmp_path) == everything
    assert requests(tmp_path, Days(date(2024, 1, 2))) == ["a02", "b02", "c02"]
    assert not segments(spool)


def test_reading_while_all_is_compacted_sees_each_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TICK_SECONDS", 0.005)
    monkeypatch.setattr(writer, "SEGMENT_SECONDS", 0.02)
    monkeypatch.setattr(background.Compactor, "step", lambda self: compact(self._spool, self._root))
    log, names = RecordLogWriter(tmp_path), []

    def compacted() -> int:
        return len(list(tmp_path.glob("day=*/*.parquet")))

    deadline = time.monotonic() + 60
    while compacted() <= 10:
        assert time.monotonic() < deadline
        names.append(f"{len(names):06}")
        append(log, names[-1])
        if len(names) % 20 == 0:
            seen = requests(tmp_path)
            # what is not written yet is the last
            assert seen == names[: len(seen)]
    log.close()
    assert requests(tmp_path) == names


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from adclick.records import writer
log = writer.RecordLogWriter(sys.argv[1])
for number in range(4000):
    log.append({"_request": str(number)}, {"site": ["x" * 50]})
    if number % 1000 == 0:
        while log._waiting: pass
log.close()
print(log.dropped)
"""


def test_a_file_that_may_not_grow_costs_counted_records(tmp_path: Path) -> None:
    with started(LIMITED, str(tmp_path)) as process:
        said, _ = process.communicate(timeout=30)
    dropped = int(said)
    logged = requests(tmp_path)
    assert 0 < dropped < 4000
    assert len(logged) == len(set(logged)) == 4000 - dropped


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("needs root, to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_counted_records(small_disk: Path) -> None:
    filler = small_disk / "filler"
    log = RecordLogWriter(small_disk / "log")
    filler.write_bytes(b"x" * 400_000)
    for number in range(2_000):
        append(log, f"full{number}", site="x" * 100)
    wait_until(lambda: log.dropped > 0, "the first dropped record")
    wait_until(lambda: not log._waiting, "nothing waits")
    lost = log.dropped
    filler.unlink()
    append(log, "after")
    log.close()
    logged = requests(small_disk / "log")
    assert log.dropped == lost
    assert len(logged) == len(set(logged)) == 2_001 - lost
    assert "after" in logged


def test_a_disk_that_hangs_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 10)
    hangs, goes_on, write = threading.Event(), threading.Event(), Segment.write

    def slow(segment: Segment, lines: Sequence[bytes]) -> int:
        hangs.set()
        assert goes_on.wait(60)
        return write(segment, lines)

    monkeypatch.setattr(Segment, "write", slow)
    log = RecordLogWriter(tmp_path)
    append(log, "first")
    assert hangs.wait(60)
    for number in range(20):
        append(log, f"{number:02}")
    assert log.dropped == 11
    goes_on.set()
    log.close()
    assert requests(tmp_path) == [*(f"{number:02}" for number in range(9)), "first"]


def test_a_queue_that_is_full_costs_counted_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 10)
    log = RecordLogWriter(tmp_path)
    log.append({"_request": "a"}, {"site": ["news"] * 11})
    log.append({"_request": "b"}, {"site": ["news"] * 10})
    log.close()
    log.append({"_request": "c"}, {"site": ["news"]})
    assert (log.dropped, Counter(requests(tmp_path))) == (12, {"b": 10})


def test_a_disk_that_the_bucket_does_not_empty_is_not_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_segment(tmp_path, "a")
    monkeypatch.setattr(writer, "MOST_SPOOLED", 10)
    monkeypatch.setattr(background.Compactor, "step", lambda self: None)
    log = RecordLogWriter(tmp_path)
    append(log, "b")
    wait_until(lambda: log.dropped == 1, "the dropped record")
    assert requests(tmp_path) == ["a01", "a02"]


def test_a_bucket_out_of_reach_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bucket").write_text("no folder")
    log = RecordLogWriter(f"file://{tmp_path}/bucket", tmp_path / "spool")
    append(log, "a")
    log.close()
    assert "records are not in" in caplog.text
    (tmp_path / "bucket").unlink()
    words = [sys.executable, "-m", compaction.MODULE, str(tmp_path / "spool")]
    subprocess.run([*words, f"file://{tmp_path}/bucket"], check=True)
    assert requests(tmp_path / "bucket") == ["a"]


def test_values_of_all_kinds_are_kept(tmp_path: Path) -> None:
    log = RecordLogWriter(tmp_path)
    rows = [
        {"mixed": 7, "number": 1, "big": 2**70, "whole": 3},
        {"mixed": "é\u2028", "number": 1.5, "big": -1, "whole": None},
        {"late": True},
    ]
    log.append({"_request": "a"}, {**by_column(rows), "_score": [0.25, 0.5, 1.0]})
    log.close()
    names = ["mixed", "number", "big", "whole", "late", "_score", "none"]
    (table,) = read_records(str(tmp_path), names)
    assert table.to_pydict() == {
        "mixed": ["7", "é\u2028", None],
        "number": [1.0, 1.5, None],
        "big": [2.0**70, -1.0, None],
        "whole": [3, None, None],
        "late": [None, None, "True"],
        "_score": [0.25, 0.5, 1.0],
    }
